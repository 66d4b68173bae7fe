"""The inputs that fuzzing found interesting, replayed."""

from __future__ import annotations

import importlib.util

import pytest

from lab.base.settings import ROOT

FUZZ = ROOT / "tests" / "fuzz"
INPUTS = sorted(file for file in (FUZZ / "corpus").iterdir() if file.is_file())


@pytest.fixture(scope="module")
def harness() -> object:
    """The fuzzing harness, which is not on any path."""
    spec = importlib.util.spec_from_file_location("fuzz_proxy_session", FUZZ / "fuzz_proxy_session.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_input_is_survived(harness: object) -> None:
    assert len(INPUTS) > 50
    for file in INPUTS:
        harness.run(file.read_bytes())  # type: ignore[attr-defined]
