"""A line of the log is short, whatever a client sent."""

from __future__ import annotations

import json
import logging

from lab.proxy.logs import TEXT_MAX, JsonLines


def test_long_texts_are_cut_and_say_how_long_they_were() -> None:
    record = logging.makeLogRecord({"msg": "closed", "client": "x" * 65_535, "topic": "short", "reason": 128})
    line = JsonLines().format(record)
    found = json.loads(line)
    assert found["client"] == "x" * TEXT_MAX + "... (65535 characters)"
    assert (found["topic"], found["reason"]) == ("short", 128)
    assert len(line) < 500
