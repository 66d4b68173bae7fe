"""How verdicts, exercises, hints and solutions look: HTML in JupyterLab, the same words as plain text.

Every outcome has an icon, a word, a solid edge and a colour of its own; what is no outcome has a dotted grey edge.
Text keeps the notebook's own colour, so that light and dark themes both work. Nothing here judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from lab.base import palette
from lab.checks.outcome import Outcome, Verdict

_LOOK = {
    Outcome.PASSED: ("✔", "Passed", palette.PASSED),
    Outcome.NOT_YET: ("✗", "Not yet", palette.NOT_YET),
    Outcome.NOT_ATTEMPTED: ("○", "Not attempted", palette.NEUTRAL),
    Outcome.TROUBLE: ("⚠", "Problem in the lab", palette.TROUBLE),
}


@dataclass(frozen=True)
class Card:
    """A box with a heading, labelled lines and perhaps code; displays itself in a notebook and as text."""

    heading: str
    lines: tuple[tuple[str, str], ...]
    colour: str = palette.NEUTRAL
    code: str = ""
    edge: str = "dotted"
    """The line at the left: solid for an outcome, dotted for all else."""

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}

    def __repr__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The card as plain text."""
        body = [f"  {label}: {words}" if label else f"  {words}" for label, words in self.lines]
        code = [f"    {line}" for line in self.code.splitlines()]
        return "\n".join([self.heading, *body, *code])

    @property
    def html(self) -> str:
        """The card as HTML that says the same."""
        body = "".join(_line(label, words) for label, words in self.lines)
        code = f"<pre style='margin:.4em 0 0'>{escape(self.code)}</pre>" if self.code else ""
        return (
            f"<div role='status' style='border-left:.4em {self.edge} {self.colour};padding:.4em .8em;margin:.2em 0'>"
            f"<strong>{escape(self.heading)}</strong>{body}{code}</div>"
        )


def _line(label: str, words: str) -> str:
    name = f"<em>{escape(label)}:</em> " if label else ""
    return f"<div>{name}{escape(words)}</div>"


def begun(exercise_id: str, title: str) -> Card:
    """What an exercise's cell shows when its attempt begins."""
    return Card(f"▶ Exercise {exercise_id}: {title}", (("", "A new attempt begins here."),))


def verdict(exercise_id: str, judged: Verdict) -> Card:
    """A verdict: what was seen, what was wanted, the likely cause and the next step."""
    icon, word, colour = _LOOK[judged.outcome]
    labelled = (
        ("Seen" if judged.wanted else "", judged.seen),
        ("Wanted", judged.wanted),
        ("Likely cause", judged.likely_cause),
        ("Next step", judged.next_step),
    )
    lines = tuple((label, words) for label, words in labelled if words)
    return Card(f"{icon} {word}: {exercise_id}", lines, colour, edge="solid")


def hint(exercise_id: str, number: int, words: str, last: bool) -> Card:
    """One hint of three."""
    more = "That was the last hint; solution() shows the whole answer." if last else "hint() again gives the next one."
    return Card(f"→ Hint {number} of 3: {exercise_id}", (("", words), ("", more)))


def solution(exercise_id: str, code: str) -> Card:
    """The reference answer."""
    return Card(f"→ Solution: {exercise_id}", (("", "One right answer; yours may differ."),), code=code)


def progress(words: str) -> Card:
    """The line that a running check shows."""
    return Card(f"… {words}", ())
