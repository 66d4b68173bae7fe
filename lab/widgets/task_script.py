"""A task's script: the option line that the form's fields make, and the learner's Flux below it. Pure.

InfluxDB's own form does the same: name, schedule and offset become `option task`, put before the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.errors import LearnerError

DURATION = re.compile(r"^(\d+(ns|us|ms|s|m|h|d|w|mo|y))+$")
"""A Flux duration literal; Flux language specification, section Duration literals."""
OPTION = re.compile(r"^[ \t]*option[ \t]+task[ \t]*=[ \t]*\{(?P<fields>[^}]*)\}[ \t]*\n*", re.MULTILINE)
FIELD = re.compile(r"(\w+)\s*:\s*(\"(?:[^\"\\]|\\.)*\"|[^,}\s]+)")
NEVER_DEFINED = "workshop_check_only"
"""A name that no script defines; as a last line it keeps a script from being run."""
COMPILER = re.compile(r"error (?:in \S+ )?@(\d+):(\d+)-\d+:\d+: (.+?)(?=\n\s*error |\Z)", re.DOTALL)
"""How Flux tells a compile error: where it begins and ends, lines and columns from 1, and what it is."""
IMPORTS = re.compile(r"\A(?:\s*(?://[^\n]*)?\n|\s*import[^\n]*\n)*")
"""What must stay before any statement: imports, blank lines and comments among them."""


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
            if value and not DURATION.match(value):
                raise LearnerError(f"{label} is {value}, which is no duration.", "Write it like 10s, 5m or 1h30m.")

    def option(self) -> str:
        """The option line."""
        name = self.name.replace("\\", "\\\\").replace('"', '\\"')
        when = f"every: {self.every}" if self.every else f'cron: "{self.cron}"'
        late = f", offset: {self.offset}" if self.offset else ""
        return f'option task = {{name: "{name}", {when}{late}}}'


def script_of(schedule: Schedule, flux: str) -> tuple[str, tuple[int, int]]:
    """The whole script, and where lines were added: after which line of the editor, and how many.

    Imports stay first, because Flux wants them so. Raises LearnerError when the text holds an option of its own.
    """
    if OPTION.search(flux):
        raise LearnerError("The text has an option task of its own.", "Remove that line: the fields above make it.")
    found = IMPORTS.match(flux)
    head = found.group(0) if found and "import" in found.group(0) else ""
    return f"{head}{schedule.option()}\n\n{flux[len(head) :]}", (head.count("\n"), 2)


def compiler_errors(reason: str) -> list[dict[str, Any]]:
    """The errors in what the compiler said, without the one that the check itself makes, in the order of lines."""
    found = [
        {"line": int(line), "column": int(column), "message": " ".join(message.split())}
        for line, column, message in COMPILER.findall(reason)
        if NEVER_DEFINED not in message
    ]
    if not found and NEVER_DEFINED not in reason:
        found = [{"line": 0, "column": 0, "message": " ".join(reason.split())}]
    return sorted(found, key=lambda error: (error["line"], error["column"]))


def check_lines(errors: Iterable[Mapping[str, Any]], added: tuple[int, int]) -> list[dict[str, Any]]:
    """The server's errors with their lines counted in the editor; line 0 is the schedule's own."""
    after, count = added
    found = []
    for error in errors:
        line = int(error.get("line") or 0)
        within = line if line <= after else max(0, line - count)
        found.append(
            {"line": within, "column": int(error.get("column") or 0), "message": str(error.get("message", ""))}
        )
    return found


def split_script(script: str) -> tuple[dict[str, str], str]:
    """A stored script as form fields and the editor's text: what `script_of` put together."""
    found = OPTION.search(script)
    if not found:
        return {}, script
    fields = {key: value.strip('"') for key, value in FIELD.findall(found.group("fields"))}
    fields["kind"] = "cron" if "cron" in fields else "every"
    return fields, script[: found.start()] + script[found.end() :]
