"""Benchmarks: files of bench/, each with a `main(json: bool)`."""

from __future__ import annotations

import importlib.util

from lab.errors import LearnerError
from lab.settings import ROOT

FOLDER = ROOT / "bench"


def run(name: str, as_json: bool) -> int:
    """Run bench/NAME.py's `main`. Raises LearnerError naming what there is when there is no such file."""
    path = FOLDER / f"{name}.py"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.py") if not p.stem.startswith("_"))) or "none"
        raise LearnerError(f"There is no benchmark {name}.", f"Known: {known}.")
    spec = importlib.util.spec_from_file_location(f"bench_{name}", path)
    if spec is None or spec.loader is None:
        raise LearnerError(f"{path} cannot be loaded.", "Restore it: git checkout bench.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return int(module.main(json=as_json) or 0)
