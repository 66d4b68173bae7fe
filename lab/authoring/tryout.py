"""One try of one answer: a fresh IPython shell in this process, as close to a notebook as a kernel is.

Setup cells before the exercise run first, then its cell with the tried code, its check, the cleanup cells and the
attempt's own undo. What a cell raises is kept, not raised: a learner's cell may fail and still have had its effect.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from lab.base.pace import allow
from lab.checks.exercise_api import ExerciseApi
from lab.checks.outcome import Verdict
from lab.course.source import Cell
from lab.learn import flux_magic

TRY_SECONDS = 120
"""A try that takes longer is cut off: no answer of the course needs so long."""


@dataclass(frozen=True)
class Try:
    """What one try came to; `verdict` is None when the check never spoke, `error` is what a cell raised."""

    verdict: Verdict | None
    seconds: float
    error: str = ""


def try_answer(cells: tuple[Cell, ...], exercise_id: str, code: str, undo: str = "", within: int = TRY_SECONDS) -> Try:
    """Run `code` as the cell of an exercise and check it; what takes longer than `within` seconds is cut off."""
    index = next(i for i, cell in enumerate(cells) if cell.exercise == exercise_id)
    before = [cell.solution for cell in cells[:index] if cell.has("setup")]
    check = next(cell.solution for cell in cells[index:] if cell.has("check"))
    after = [cell.solution for cell in cells if cell.has("cleanup")]
    began = time.monotonic()
    with _shell() as shell, capture_output(), _cut_off(int(allow(within))):
        errors = [_run(shell, text) for text in before]
        errors += [_run(shell, text) for text in (code, check)]
        verdict = _verdict(shell, exercise_id)
        for text in (*after, undo):
            _run(shell, text)
    return Try(verdict, time.monotonic() - began, "; ".join(filter(None, errors)))


@contextmanager
def _shell() -> Iterator[InteractiveShell]:
    os.environ["LAB_PRACTICE"] = "1"
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    if shell.history_manager is not None:
        shell.history_manager.enabled = False
    flux_magic.load_ipython_extension(shell)
    try:
        yield shell
    finally:
        shell.reset(new_session=False)
        InteractiveShell.clear_instance()


@contextmanager
def _cut_off(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"cut off after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _run(shell: InteractiveShell, text: str) -> str:
    result: Any = shell.run_cell(text, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    return f"{type(error).__name__}: {error}" if error else ""


def _verdict(shell: InteractiveShell, exercise_id: str) -> Verdict | None:
    handles = (value for value in shell.user_ns.values() if isinstance(value, ExerciseApi))
    return next((handle.verdict for handle in handles if handle.id == exercise_id), None)
