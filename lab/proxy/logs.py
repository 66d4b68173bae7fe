"""Logs as one JSON object per line on standard error.

Only named facts are logged (client id, topic, reason, Kafka error name): never a payload, a password or a whole packet.
Long texts are cut: a client id or a topic may have 65,535 bytes, a line of a log should not.

Lines that a client can cause as often as it likes are limited: one per key and minute, with a count. The first is
written at once; what repeats within the minute is counted and written when the minute is over. Keys are bounded: where
clients invent names faster than minutes pass, the rest shares one line.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

TEXT_MAX = 200
"""Characters of one fact."""
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """One record as one line of JSON: time, level, logger, event, and the record's extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **{key: _cut(value) for key, value in vars(record).items() if key not in _STANDARD},
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > TEXT_MAX:
        return f"{value[:TEXT_MAX]}... ({len(value)} characters)"
    return value


def configure(level: str) -> None:
    """Send every log of this process to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


MINUTE = 60.0
KEYS_MAX = 1_000


@dataclass(slots=True)
class _Line:
    until: float
    event: str
    facts: dict[str, object]
    repeated: int = 0


class LogLimiter:
    """The lines of the last minute."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lines: dict[tuple[object, ...], _Line] = {}

    def warn(self, event: str, key: tuple[object, ...], **facts: object) -> None:
        """Log `event` with its facts, or count it when a line for the same key is younger than a minute."""
        line = self._lines.get((event, *key))
        if line is None and len(self._lines) >= KEYS_MAX:
            key, facts = ("others",), {"cause": "more clients and topics than are listed one by one"}
            line = self._lines.get((event, *key))
        if line is None:
            self._lines[event, *key] = _Line(self._now() + MINUTE, event, facts)
            log.warning(event, extra={**facts, "count": 1})
        else:
            line.facts = facts
            line.repeated += 1

    def flush(self) -> None:
        """Write the counts of minutes that are over, and forget keys that were quiet."""
        now = self._now()
        for key in [key for key, line in self._lines.items() if line.until <= now]:
            line = self._lines[key]
            if line.repeated:
                log.warning(line.event, extra={**line.facts, "count": line.repeated})
                line.until, line.repeated = now + MINUTE, 0
            else:
                del self._lines[key]
