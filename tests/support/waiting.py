"""Waiting on a condition with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable

from lab.base.pace import allow


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Return as soon as the condition holds; fail when it does not within so many seconds (more on a slow machine)."""
    deadline = time.monotonic() + allow(seconds)
    while not condition():
        assert time.monotonic() < deadline, f"the condition did not come true within {allow(seconds)} s"
        time.sleep(0.05)
