"""Benchmarks: modules of bench/, each with a `main(json: bool) -> int`. The others there are their parts."""

from __future__ import annotations

import ast
import importlib
import re
import sys

from lab.base.errors import LearnerError
from lab.base.settings import ROOT
from lab.commands.console import out

NAMES = ("proxy", "proxy_idle", "connect", "widgets")


def run(name: str | None, as_json: bool) -> int:
    """Run the benchmark and return its exit code; without a name, list them.

    Raises LearnerError that names them when there is no such one.
    """
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    if name is None:
        for each in NAMES:
            out.print(f"{each:<12}{_purpose(each)}", soft_wrap=True)
        return 0
    if name not in NAMES:
        raise LearnerError(f"There is no benchmark {name}.", f"Known: {', '.join(NAMES)}.")
    return int(importlib.import_module(f"bench.{name}").main(json=as_json))


def _purpose(name: str) -> str:
    """What a benchmark's docstring begins with, without the command that runs it."""
    page = ast.get_docstring(ast.parse((ROOT / "bench" / f"{name}.py").read_text(encoding="utf-8"))) or ""
    first = re.sub(r"^`[^`]*`: |: `[^`]*`", "", page.partition("\n")[0]).partition(", ")[0].rstrip(".")
    return first[:1].upper() + first[1:]
