"""SIGINT, SIGTERM and a closed terminal: ways to end early and in order.

`ended_by_signals` is for every verb: SIGTERM and SIGHUP raise, as Ctrl-C does, so that what a verb started is stopped
on the way out. `interruptible` is for work that has a result at any moment: it notes the signal and goes on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import monotonic
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STEP_S = 0.1
"""How soon a wait notices a signal. No threading.Event here: set by a signal handler, it can deadlock."""
Handler = Callable[[int, FrameType | None], None]


class Ended(BaseException):
    """SIGTERM or SIGHUP asked for the end. Not an Exception: nobody who handles errors takes it for one."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = exit_code(number)


def exit_code(number: int) -> int:
    """What shells expect of a program that a signal ended."""
    return 128 + number


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """The first SIGTERM or SIGHUP raises Ended in the main thread; later ones do not disturb the way out."""

    def end(number: int, _frame: FrameType | None) -> None:
        for other in before:  # a handler and not SIG_IGN, which whatever is started on the way out would inherit
            signal.signal(other, lambda _number, _frame: None)
        if number == signal.SIGHUP:
            _leave(watched)
        raise Ended(number)

    watched = [stream for stream in (0, 1, 2) if _ends_with_its_reader(stream)]
    with _handled((signal.SIGTERM, signal.SIGHUP), end) as before:
        yield


def _ends_with_its_reader(stream: int) -> bool:
    """Whether a stream is a terminal or a pipe. Asked while it is open: a closed terminal is none any more."""
    try:
        return os.isatty(stream) or stat.S_ISFIFO(os.fstat(stream).st_mode)
    except OSError:
        return False


def _leave(streams: Iterable[int]) -> None:
    """A closed terminal refuses every write: what is said on the way out goes nowhere instead."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in streams:
        os.dup2(nowhere, stream)
    os.close(nowhere)


class Interrupt:
    """Whether a person or the system asked for the end."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        return exit_code(self.signal or 0)

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond a signal."""
        end = monotonic() + seconds
        while not self and (left := end - monotonic()) > 0:
            time.sleep(min(STEP_S, left))


@contextlib.contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Note the first signal; a second one does what it did before. Outside the main thread nothing is noted."""
    interrupt = Interrupt()

    def note(number: int, _frame: FrameType | None) -> None:
        interrupt.signal = number
        _restore(before)

    with _handled(SIGNALS, note) as before:
        yield interrupt


@contextlib.contextmanager
def _handled(numbers: Sequence[int], handler: Handler) -> Iterator[dict[int, object]]:
    """Handle these signals; yields what handled them before. Only a main thread can.

    What is ignored stays ignored: under nohup a verb outlives its terminal.
    """
    before: dict[int, object] = {}
    if threading.current_thread() is threading.main_thread():
        before |= {number: at for number in numbers if (at := signal.getsignal(number)) is not signal.SIG_IGN}
    try:
        for number in before:
            signal.signal(number, handler)
        yield before
    finally:
        _restore(before)


def _restore(before: dict[int, object]) -> None:
    for number, at in before.items():
        signal.signal(number, at)  # type: ignore[arg-type]
