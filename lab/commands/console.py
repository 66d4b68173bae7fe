"""What a person sees in the terminal: steps ticked off as they are done, tables, and errors in two lines.

Progress and errors go to standard error, so that `--json` leaves standard output to a program. A terminal that cannot
show a mark is shown another (`show_anything`).
"""

from __future__ import annotations

import codecs
import io
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from lab.base.errors import LabError
from lab.base.progress import NOTE
from lab.stack.service import ServiceStatus

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
COLOURS = {"ready": "green", "starting": "yellow", "building": "yellow", "stopped": "dim", "failed": "red"}


PLAIN = {"✓": "+", "✗": "x", "•": "-", "·": "-", "…": "...", "→": "->", "▶": ">", "✔": "+", "○": "o"}
"""What is written where the encoding of the output lacks a mark."""
SPINNER = range(0x2800, 0x2900)
"""The letters of the spinner."""


def show_anything() -> None:
    """Let standard output and error take any text, whatever PYTHONIOENCODING and the locale say."""
    codecs.register_error("lab-plain", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="lab-plain")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(PLAIN.get(letter, "*" if ord(letter) in SPINNER else "?") for letter in lacking), error.end


class Steps:
    """A report that ticks each step off when the next begins.

    A terminal sees the current step spin; a file gets one line per step, progress inside a step left out.
    """

    def __init__(self, console: Console = err) -> None:
        self.console = console
        self.step = ""
        self.began = 0.0
        self._status: Status | None = None

    def __call__(self, line: str) -> None:
        if line.startswith(NOTE):
            self.finish()
            self.console.print(escape(line.removeprefix(NOTE)), style="yellow", soft_wrap=True)
            return
        step = line.partition(": ")[0]
        if step != self.step:
            self.finish()
            self.step, self.began = step, time.monotonic()
        if self.console.is_terminal:
            self._spin(line)

    def _spin(self, line: str) -> None:
        if self._status is None:
            self._status = self.console.status(escape(line))
            self._status.start()
        self._status.update(escape(line))

    def finish(self, mark: str = "[green]✓[/]") -> None:
        """End the current step, if there is one, and print it with its seconds."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        if self.step:
            self.console.print(f"{mark} {escape(self.step)} [dim]{time.monotonic() - self.began:.1f} s[/]")
        self.step = ""


@contextmanager
def steps() -> Iterator[Steps]:
    """Steps that end with a tick, or with a cross when an exception passes."""
    shown = Steps()
    try:
        yield shown
    except BaseException:
        shown.finish("[red]✗[/]")
        raise
    shown.finish()


def show_error(error: LabError) -> None:
    """Cause and remedy, a line each."""
    err.print(f"[red]{escape(error.cause)}[/]", soft_wrap=True)
    err.print(escape(error.remedy), soft_wrap=True)


def status_table(rows: Sequence[ServiceStatus]) -> Table:
    """The services, one line each, and their memory together."""
    table = Table("service", "state", "address", "pid", "MB", "detail", box=None, pad_edge=False)
    for row in rows:
        colour = COLOURS[row.state]
        memory = f"{row.memory_mb:.0f}" if row.memory_mb else ""
        table.add_row(
            row.name, f"[{colour}]{row.state}[/]", row.address, str(row.pid or ""), memory, escape(row.detail)
        )
    return table
