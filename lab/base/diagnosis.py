"""What another program said, in one line: the line that tells the cause, not the last one.

A stack trace ends with frames, a usage text with a hint, a compiler with a count. `cause` reads the output of one
command, where the first error counts; `latest` the end of a log, where the last one does.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

LONGEST = 300
NOTHING = "no output"
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_IDLE = re.compile(
    r"(NOTE: )?Picked up |Error: Could not create the Java|Error: A fatal exception has occurred|\s*at .*[(:]"
    r"|\s*\.\.\. \d+ (more|common)|(See|see|Run|Try|For help|Usage|usage|For more)\b|\[notice\]|\[end of output\]"
    r"|\s*(hint|note|help|warning)\b|WARNING|DEPRECATION"
)
"""Lines that come with an error and do not say what it is."""
_JAVA = re.compile(
    r"\s*(?P<why>Caused by: )?(Exception in thread \"[^\"]*\" )?"
    r"(?P<what>([a-z_][\w$]*\.)+[A-Z][\w$]*(Exception|Error|Throwable)\b.*)"
)
_PYTHON = "Traceback (most recent call last):"
_MARK = re.compile(
    r"(^|[\s:\]])(fatal error|error|fatal|panic)(\[\w+\])?: ?\S|(lvl|level)=(error|fatal)|^\S+ +(ERROR|FATAL)\b"
    r"|^Error occurred|^\S+\.(go|rs|c|h):\d+(:\d+)?: |^go: (?!downloading|finding|extracting|added)",
    re.IGNORECASE,
)
_HEADS = re.compile(r"Error occurred during initialization of VM$")
"""Lines whose next line has the cause."""


def cause(output: str) -> str:
    """The first line of a command's output that tells what went wrong; `no output` when there is none."""
    return _short(next(_candidates(output), None), output)


def latest(output: str) -> str:
    """The same of a log: the last error there; '' for an empty log."""
    found = _short(next(reversed(list(_candidates(output))), None), output)
    return "" if found == NOTHING else found


def remedy(error: BaseException, otherwise: str) -> str:
    """What helps against an error of the operating system where its number says so, else `otherwise`."""
    known = {
        errno.ENOSPC: "Free some space on that disk",
        errno.EDQUOT: "Free some space: your quota is used up",
        errno.EACCES: "Fix its permissions",
        errno.EPERM: "Fix its owner or permissions",
        errno.EROFS: "Its disk is read-only: use another folder",
    }
    number = error.errno if isinstance(error, OSError) else None
    return f"{known[number]}, then run the command again." if number in known else otherwise


def _short(found: str | None, output: str) -> str:
    if found is None:
        lines = [line for line in _lines(output) if line.strip() and not _IDLE.match(line)]
        lines = lines or [line for line in _lines(output) if line.strip()]
        found = lines[-1] if lines else NOTHING
    return " ".join(found.split())[:LONGEST]


def _lines(output: str) -> list[str]:
    return _ANSI.sub("", output).splitlines()


def _candidates(output: str) -> Iterator[str]:
    """Every error of an output in order, a stack trace or traceback being one."""
    lines = _lines(output)
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.strip().endswith(_PYTHON):
            at, found = _python(lines, at)
            yield found
        elif java := _java(lines, at):
            yield java[1]
            at = java[0]
        elif _HEADS.match(line) and at + 1 < len(lines):
            yield f"{line}: {lines[at + 1]}"
        elif _MARK.search(line) and not _IDLE.match(line):
            trace = _JAVA.match(lines[at + 1]) if at + 1 < len(lines) else None
            if trace is None:
                yield line
            elif trace["why"]:  # a message of its own, with its cause below
                yield line
                at += 1
        at += 1


def _python(lines: list[str], at: int) -> tuple[int, str]:
    """The exception that a traceback ends with: the first line that is not indented."""
    margin = len(lines[at]) - len(lines[at].lstrip())
    for end in range(at + 1, len(lines)):
        text = lines[end]
        if text.strip() and len(text) - len(text.lstrip()) <= margin and not text.lstrip().startswith(("|", "+")):
            return end, text
    return len(lines) - 1, lines[-1]


def _java(lines: list[str], at: int) -> tuple[int, str] | None:
    """The innermost cause with a message of the trace that begins here, None when none does."""
    first = _JAVA.match(lines[at])
    if first is None:
        return None
    found, end = first["what"], at
    for end in range(at + 1, len(lines) + 1):
        if end == len(lines) or not re.match(r"\s+at |\s*\.\.\. \d+|Caused by: |\s+Suppressed: ", lines[end]):
            break
        inner = _JAVA.match(lines[end])
        if inner and inner["why"] and (":" in inner["what"] or ":" not in found):
            found = inner["what"]
    return end - 1, found
