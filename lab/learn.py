"""What a notebook imports: `from lab.learn import exercise, where`.

Importing it in a notebook also makes the %%flux cell magic known and lets the kit's own errors show as two lines,
cause and remedy, instead of a traceback. The clients' own log lines are kept out of the notebook: they come at any
time and in any cell. To see them: `logging.getLogger("kafka").setLevel("INFO")`.
"""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

from IPython import get_ipython
from IPython.display import display

from lab import addresses, magic
from lab.addresses import Addresses
from lab.checks.handle import exercise
from lab.checks.view import Card
from lab.errors import LabError

__all__ = ["exercise", "where"]

where: Addresses
"""Where the services answer: `where.mqtt_host`, `where.kafka_bootstrap`, `where.influx_url`, ..."""


def __getattr__(name: str) -> Addresses:
    if name == "where":
        return addresses.load()
    raise AttributeError(name)


def _show(shell: Any, kind: type[LabError], error: LabError, trace: TracebackType, tb_offset: object = None) -> None:
    display(Card(f"⚠ {error.cause}", (("Next step", error.remedy),), "#CC79A7"))


def _prepare() -> None:
    for name in ("kafka", "paho", "lab.widgets"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    shell = get_ipython()
    if shell is not None:
        magic.load_ipython_extension(shell)
        shell.set_custom_exc((LabError,), _show)


_prepare()
