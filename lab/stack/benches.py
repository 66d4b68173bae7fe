"""Benchmarks: modules of bench/, each with a `main(json: bool) -> int`. The others there are their parts."""

from __future__ import annotations

import importlib
import sys

from lab.errors import LearnerError
from lab.settings import ROOT

NAMES = ("proxy", "proxy_idle", "connect", "widgets")


def run(name: str, as_json: bool) -> int:
    """Run the benchmark and return its exit code. Raises LearnerError that lists them when there is no such one."""
    if name not in NAMES:
        raise LearnerError(f"There is no benchmark {name}.", f"Known: {', '.join(NAMES)}.")
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    return int(importlib.import_module(f"bench.{name}").main(json=as_json))
