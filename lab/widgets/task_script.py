"""A task's script: the option line that the form's fields make, and the learner's Flux below it. Pure.

InfluxDB's own form does the same: name, schedule and offset become `option task`, put before the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.base.errors import LearnerError
from lab.influx.literal import quoted, unquoted

DURATION = re.compile(r"(\d+(ns|us|\u00b5s|\u03bcs|ms|s|m|h|d|w|mo|y))+", re.ASCII)
"""A Flux duration literal; Flux language specification, section Duration literals; there are two micro signs."""
STRING = r'"(?:[^"\\]|\\.)*"'
OPTION = re.compile(
    rf"^[ \t]*option\s+task\s*=\s*\{{(?P<fields>(?:{STRING}|[^}}\"])*)\}}[ \t]*\n{{0,2}}", re.MULTILINE | re.DOTALL
)
FIELD = re.compile(rf"(\w+)\s*:\s*({STRING}|[^,}}\s]+)", re.DOTALL)
NEVER_DEFINED = "workshop_check_only"
"""A name that no script defines; as a last line it keeps a script from being run."""
COMPILER = re.compile(r"error (?:in \S+ )?@(\d+):(\d+)-\d+:\d+: (.+?)(?=\n\s*error |\Z)", re.DOTALL)
"""How Flux tells a compile error: where it begins and ends, lines and columns from 1, and what it is."""
PLACE = re.compile(r" ?@\d+:\d+-\d+:\d+")
HEAD = re.compile(r"\A(?:\s*(?://[^\n]*)?\n|\s*(?:package|import)\b[^\n]*\n)*")
"""What must stay before any statement: the package clause and imports, blank lines and comments among them."""
BOM = "\ufeff"
"""What some editors put before a text to mark its encoding. Flux has no such sign."""


@dataclass(frozen=True)
class Schedule:
    """Name, and either `every` or `cron`, and an offset; durations as Flux writes them."""

    name: str
    every: str = ""
    cron: str = ""
    offset: str = ""

    @classmethod
    def from_form(cls, fields: Mapping[str, Any]) -> Schedule:
        """From the form's fields; `kind` says which of every and cron counts."""
        kind = fields.get("kind", "every")
        wanted = {key: str(fields.get(key, "")).strip() for key in ("name", "every", "cron", "offset")}
        wanted["cron" if kind == "every" else "every"] = ""
        return cls(**wanted)

    def check(self) -> None:
        """Raises LearnerError naming the field that is wrong."""
        if not self.name:
            raise LearnerError("The task has no name.", "Give it one: the lesson uses kafka_downsample.")
        if not self.every and not self.cron:
            raise LearnerError("The task has no schedule.", "Set how often it runs, such as 10s, or a cron line.")
        for label, value in (("Every", self.every), ("Offset", self.offset)):
            if value and not DURATION.fullmatch(value):
                raise LearnerError(f"{label} is {value}, which is no duration.", "Write it like 10s, 5m or 1h30m.")

    def option(self) -> str:
        """The option line."""
        when = f"every: {self.every}" if self.every else f"cron: {quoted(self.cron)}"
        late = f", offset: {self.offset}" if self.offset else ""
        return f"option task = {{name: {quoted(self.name)}, {when}{late}}}"


def script_of(schedule: Schedule, flux: str) -> tuple[str, tuple[int, int]]:
    """The whole script, and where lines were added: after which line of the editor, and how many.

    The package clause and imports stay first, because Flux wants them so. Raises LearnerError when the text holds an
    option of its own.
    """
    flux = flux.removeprefix(BOM)
    if OPTION.search(flux):
        raise LearnerError("The text has an option task of its own.", "Remove that line: the fields above make it.")
    found = HEAD.match(flux)
    head = found.group(0) if found and re.search(r"^\s*(package|import)\b", found.group(0), re.MULTILINE) else ""
    return f"{head}{schedule.option()}\n\n{flux[len(head) :]}", (head.count("\n"), 2)


def compiler_errors(reason: str) -> list[dict[str, Any]]:
    """The errors in what the compiler said, without the one that the check itself makes, in the order of lines."""
    found = [
        {"line": int(line), "column": int(column), "message": " ".join(message.split())}
        for line, column, message in COMPILER.findall(reason)
        if NEVER_DEFINED not in message
    ]
    if not found and NEVER_DEFINED not in reason:
        found = [placeless(" ".join(reason.split()))]
    return sorted(found, key=lambda error: (error["line"] or 0, error["column"]))


def placeless(message: str) -> dict[str, Any]:
    """An error that belongs to no line: `check_lines` and the form leave it without one."""
    return {"line": None, "column": 0, "message": message}


def check_lines(errors: Iterable[Mapping[str, Any]], added: tuple[int, int]) -> list[dict[str, Any]]:
    """The server's errors, each once, with their lines counted in the editor; line 0 is the schedule's own.

    A place within the message counts the script's lines, so it goes.
    """
    found = []
    for error in errors:
        told = {
            "line": editor_line(error.get("line"), added),
            "column": int(error.get("column") or 0),
            "message": PLACE.sub("", str(error.get("message", ""))),
        }
        if told not in found:
            found.append(told)
    return found


def editor_line(line: int | None, added: tuple[int, int]) -> int | None:
    """A line of the script as the editor counts it; 0 for the lines that `script_of` added, None for none."""
    after, count = added
    if not line or line <= after:
        return line or None
    return line - count if line > after + count else 0


def split_script(script: str) -> tuple[dict[str, str], str]:
    """A stored script as form fields and the editor's text: what `script_of` put together."""
    found = OPTION.search(script)
    if not found:
        return {}, script
    fields = {key: unquoted(value) for key, value in FIELD.findall(found.group("fields"))}
    fields["kind"] = "cron" if "cron" in fields else "every"
    return fields, script[: found.start()] + script[found.end() :]
