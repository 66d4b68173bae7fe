"""What a notebook imports: `from lab.learn import allow, exercise, where`.

Importing it in a notebook also makes the %%flux cell magic known and lets the kit's own errors show as two lines,
cause and remedy, instead of a traceback. The clients' own log lines are kept out of the notebook: they come at any
time and in any cell. To see them: `logging.getLogger("kafka").setLevel("INFO")`.
"""

from __future__ import annotations

import logging
import re
from types import TracebackType
from typing import Any

from IPython import get_ipython
from IPython.display import display

from lab.base import addresses, palette
from lab.base.addresses import Addresses
from lab.base.errors import LabError, LearnerError
from lab.base.pace import allow
from lab.checks.exercise_api import exercise
from lab.checks.view import Card
from lab.learn import flux_magic

__all__ = ["LearnerError", "allow", "exercise", "where"]

where: Addresses
"""Where the services answer: `where.mqtt_host`, `where.kafka_bootstrap`, `where.influx_url`, ..."""


def __getattr__(name: str) -> Addresses:
    if name == "where":
        return addresses.load()
    raise AttributeError(name)


def _show(shell: Any, kind: type[LabError], error: LabError, trace: TracebackType, tb_offset: object = None) -> None:
    display(Card(f"⚠ {error.cause}", (("Next step", error.remedy),), palette.TROUBLE, edge="solid"))


def _not_there(
    shell: Any, kind: type[NameError], error: NameError, trace: TracebackType, tb_offset: object = None
) -> None:
    """A check whose exercise has not run: no traceback. Any other unknown name is the learner's to read."""
    name = str(error.name)
    if not re.fullmatch(r"ex\d+", name):
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return
    lines = (
        (
            "Why",
            f"The exercise's cell, which begins with {name} = exercise(...), has not run since the kernel started.",
        ),
        ("Next step", f"Run the cells above this one (Run > Run All Above Selected Cell), that of {name} among them."),
    )
    display(Card(f"○ There is no {name} to check yet", lines))


def _explain(shell: Any, kind: type, error: Any, trace: TracebackType, tb_offset: object = None) -> None:
    explain = _not_there if isinstance(error, NameError) else _show
    explain(shell, kind, error, trace, tb_offset)


def _prepare() -> None:
    for name in ("kafka", "paho", "lab.widgets"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    shell = get_ipython()
    if shell is not None:
        flux_magic.load_ipython_extension(shell)
        shell.set_custom_exc((LabError, NameError), _explain)


_prepare()
