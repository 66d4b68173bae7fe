"""Ctrl-C, SIGTERM and a closed terminal end a demo early instead of ending it without a ledger."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from time import monotonic
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STEP_S = 0.1
"""How soon a wait notices a signal. No threading.Event here: set by a signal handler, it can deadlock."""


class Interrupt:
    """Whether a person or the system asked for the end."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """What shells expect of a program that a signal ended."""
        return 128 + (self.signal or 0)

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond a signal."""
        end = monotonic() + seconds
        while not self and (left := end - monotonic()) > 0:
            time.sleep(min(STEP_S, left))


@contextlib.contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Note the first signal; a second one does what it did before. Outside the main thread nothing is noted."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    # what is ignored stays ignored: a demo under nohup outlives its terminal
    before = {number: at for number in SIGNALS if (at := signal.getsignal(number)) is not signal.SIG_IGN}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, _frame: FrameType | None) -> None:
        interrupt.signal = number
        restore()

    try:
        for number in before:
            signal.signal(number, note)
        yield interrupt
    finally:
        restore()
