"""When a task of InfluxDB ran and runs next, from what its API says. Pure.

`latestCompleted` is the time for which the newest run was scheduled; the run itself begins `offset` later. A cron
expression is not worked out here: it is InfluxDB's to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lab.widgets.rates import say_age

UNITS = {
    "w": 604_800.0,
    "d": 86_400.0,
    "h": 3600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "ns": 1e-9,
}
"""Seconds of Flux's units of time; months and years have no fixed length."""
PART = re.compile(r"(\d+)(mo|ms|us|µs|ns|[ywdhms])")


def seconds_of(stamp: str) -> float | None:
    """Seconds since the epoch of an RFC 3339 time; None when it is none."""
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None


def period_of(duration: str) -> float | None:
    """Seconds of a Flux duration such as `10s`, `1h30m` or `1d`; None when it has no fixed length or is none."""
    parts = PART.findall(duration)
    if "".join(number + unit for number, unit in parts) != duration or any(unit not in UNITS for _, unit in parts):
        return None
    return sum(float(number) * UNITS[unit] for number, unit in parts) or None


def runs(task: Mapping[str, Any], now: float) -> str:
    """When an active task ran last and when it runs next, in words."""
    period, offset = period_of(task.get("every", "")), period_of(task.get("offset", "")) or 0.0
    last = seconds_of(task.get("latestCompleted", "")) if task.get("lastRunStatus") else None
    says = f"as its {'cron' if task.get('cron') else 'period'} says"
    if last is None:
        return f"no run yet, the first {f'within {say_age(period + offset)}' if period else says}"
    ran = f"ran {say_age(now - last - offset)} ago"
    if period is None:
        return f"{ran}, next {says}"
    due = last + period + offset - now
    return f"{ran}, next in {say_age(due)}" if round(due) > 0 else f"{ran}, the next run is due"
