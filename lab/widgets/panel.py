"""The base of every panel: synced traits fed with snapshots, and commands handed on.

A panel holds no loop and no service: give it a `snapshot` from anywhere, canned or live, and it draws. What
the learner does in it goes to `on_command(name, arguments)`, which must only enqueue, because JupyterLab calls
it beside a running cell. Beside the live view each display leaves a static snapshot, so that a saved notebook shows
something without its kernel.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any, ClassVar

import anywidget
import traitlets

from lab.widgets.cards import cards_of
from lab.widgets.files import script, styles
from lab.widgets.static_snapshot import snapshot_html

log = logging.getLogger(__name__)
Snapshot = dict[str, Any]
Command = Callable[[str, dict[str, Any]], None]
_numbers = itertools.count(1)


class Panel(anywidget.AnyWidget):
    """One panel: `heading` and `snapshot` go to the browser, commands come back.

    Subclasses name their `source`, the stem of their .js and .css files.
    """

    source: ClassVar[str] = ""
    heading = traitlets.Unicode().tag(sync=True)
    snapshot = traitlets.Dict().tag(sync=True)
    notice = traitlets.Dict().tag(sync=True)
    """The outcome of the last command: `level` (busy, done, trouble), `text`, `remedy`, `number`."""

    def __init_subclass__(cls, **options: Any) -> None:
        if "source" in vars(cls):  # traitlets makes subclasses of its own, which have theirs already
            cls._esm, cls._css = script(cls.source), styles(cls.source)
        super().__init_subclass__(**options)

    def __init__(self, snapshot: Snapshot | None = None, on_command: Command | None = None, **traits: Any) -> None:
        super().__init__(snapshot=snapshot or {"loading": True}, **traits)
        self.on_command = on_command
        self._kept: Any = None
        self.on_msg(self._received)

    def feed(self, snapshot: Snapshot) -> None:
        """Show a new snapshot; an equal one sends nothing."""
        if snapshot != self.snapshot:
            self.snapshot = snapshot

    def say(self, level: str, text: str, remedy: str = "") -> None:
        """Show the outcome of a command."""
        self.notice = {"level": level, "text": text, "remedy": remedy, "number": next(_numbers)}

    def stop(self) -> None:
        """Take no more commands, and say so."""
        self.on_command = _refuse(self)
        self.say("done", "Stopped: this picture stays as it is.", "Run the cell again for a live one.")

    def words(self) -> list[str]:
        """The panel as plain sentences; the text version and the static snapshot show them."""
        return [str(line) for line in self.snapshot.get("words", [])]

    def freeze(self) -> None:
        """Renew the static snapshot that the saved notebook keeps."""
        if self._kept is not None:
            self._kept.update(self._snapshot_data(), raw=True)

    def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if self.on_command is None or not isinstance(content, dict) or "command" not in content:
            return
        self.on_command(str(content["command"]), dict(content.get("arguments") or {}))

    def _snapshot_data(self) -> dict[str, str]:
        return {
            "text/html": snapshot_html(self.heading, cards_of(self.source, self.snapshot), self.words()),
            "text/plain": "\n".join([self.heading, *self.words()]),
        }

    def _ipython_display_(self) -> None:
        """Show the live view, and under it the static snapshot that hides while the view is alive."""
        from IPython.display import DisplayHandle, display

        live = super()._repr_mimebundle_()
        display(live[0] if isinstance(live, tuple) else live, raw=True)
        self._kept = DisplayHandle()
        self._kept.display(self._snapshot_data(), raw=True)


def _refuse(panel: Panel) -> Command:
    def answer(_command: str, _arguments: dict[str, Any]) -> None:
        panel.say("trouble", "This panel was stopped, so nothing was done.", "Run its cell again, then do it there.")

    return answer
