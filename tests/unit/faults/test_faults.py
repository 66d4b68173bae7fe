"""What all faults share: active, undone once, undone when something fails."""

from __future__ import annotations

import pytest

from lab.base.errors import LearnerError
from lab.faults import CutDevices, Fault


class Noted(Fault):
    def __init__(self) -> None:
        super().__init__("note it")
        self.calls: list[str] = []

    def _inject(self) -> None:
        self.calls.append("inject")

    def _undo(self) -> None:
        self.calls.append("undo")


def test_a_fault_stands_within_its_block_and_is_undone_once() -> None:
    fault = Noted()
    with fault:
        assert fault.active
        fault.undo()
        assert not fault.active
    assert fault.calls == ["inject", "undo"]
    assert fault.seconds is not None


def test_a_fault_is_undone_when_the_block_fails() -> None:
    fault = Noted()
    with pytest.raises(ZeroDivisionError), fault:
        raise ZeroDivisionError
    assert fault.calls == ["inject", "undo"]


def test_an_active_fault_cannot_be_injected_again_but_an_undone_one_can() -> None:
    fault = Noted()
    fault.inject()
    with pytest.raises(LearnerError, match="is active already"):
        fault.inject()
    fault.undo()
    fault.inject().undo()
    assert fault.calls == ["inject", "undo"] * 2


def test_undo_without_inject_does_nothing() -> None:
    fault = Noted()
    fault.undo()
    assert fault.calls == []


def test_cut_devices_come_back() -> None:
    class Yard:
        calls: list[tuple[str, str]] = []  # noqa: RUF012

        def cut(self, name: str) -> None:
            self.calls.append(("cut", name))

        def restore(self, name: str) -> None:
            self.calls.append(("restore", name))

    yard = Yard()
    with CutDevices(yard, ["a", "b"]):
        assert yard.calls == [("cut", "a"), ("cut", "b")]
    assert yard.calls[2:] == [("restore", "a"), ("restore", "b")]
