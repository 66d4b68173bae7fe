"""The fault panel's active faults, the threads behind panels, and panels that were stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from lab.base.errors import LabError, ServiceError
from lab.base.pace import allow
from lab.faults import Fault
from lab.widgets import kernel_panels
from lab.widgets.panel import Panel
from lab.widgets.panels.fault_panel import ActiveFaults, undo_all
from lab.widgets.worker import Worker
from tests.support.waiting import until

DEADLINE_S = 10.0


class Stubborn(Fault):
    """A fault whose undo fails until it is told to let go."""

    def __init__(self, holds: bool = True) -> None:
        super().__init__("stubborn")
        self.holds = holds
        self.undone = 0

    def _inject(self) -> None: ...

    def _undo(self) -> None:
        if self.holds:
            raise ServiceError("supervisor", "The supervisor does not answer.", "Try again.")
        self.undone += 1


def test_a_fault_that_cannot_be_undone_stays_active_and_can_be_undone_later() -> None:
    active, fault = ActiveFaults(), Stubborn()
    active.inject("stop kafka2", lambda: fault)
    with pytest.raises(ServiceError):
        active.undo("stop kafka2")
    assert list(active.faults) == ["stop kafka2"]
    assert fault.active
    fault.holds = False
    active.undo("stop kafka2")
    assert (fault.undone, active.faults) == (1, {})


def test_undoing_everything_goes_on_past_one_that_fails_and_names_it() -> None:
    active, first, second = ActiveFaults(), Stubborn(), Stubborn(holds=False)
    active.inject("freeze kafka1", lambda: first)
    active.inject("slow network", lambda: second)
    with pytest.raises(LabError) as told:
        undo_all(active)
    assert second.undone == 1
    assert "Undone: slow network." in told.value.cause
    assert "freeze kafka1 (The supervisor does not answer.)" in told.value.cause
    first.holds = False
    assert undo_all(active) == "Undone: freeze kafka1."
    assert undo_all(active).startswith("No fault is active")


@pytest.mark.parametrize(
    ("later", "left"),
    [("restart", []), ("kill", ["stop kafka2"]), ("stop", ["stop kafka2"])],
)
def test_a_fault_that_another_one_ended_is_active_no_longer(later: str, left: list[str]) -> None:
    active, frozen = ActiveFaults(), Stubborn()
    active.inject("freeze kafka2", lambda: frozen)
    if later != "stop":
        active.inject("stop kafka2", Stubborn)
    active.inject("freeze kafka3", Stubborn)
    active.inject(f"{later} kafka2", Stubborn)
    assert sorted(active.faults) == sorted([*left, "freeze kafka3"])
    assert not frozen.active
    for fault, _since in active.faults.values():
        fault.discard()


class Listener:
    """A panel as the worker sees it, that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.done = threading.Event()

    def say(self, level: str, text: str, remedy: str = "") -> None:
        self.said.append((level, text))
        if level == "done":
            self.done.set()


class Other(Listener): ...


@pytest.fixture
def worker_and_gate() -> object:
    worker, gate = Worker(), threading.Event()
    yield worker, gate
    gate.set()
    worker.stop()


def hold(gate: threading.Event) -> Callable[[], str]:
    def action() -> str:
        gate.wait(allow(DEADLINE_S))
        return "held"

    return action


def test_a_service_that_hangs_holds_up_only_the_panel_that_asked_it(worker_and_gate: object) -> None:
    worker, gate = worker_and_gate
    stuck, free = Listener(), Other()
    worker.submit(stuck, "Pausing the sink", hold(gate))
    worker.submit(free, "Undoing", lambda: "undone")
    assert free.done.wait(allow(DEADLINE_S))
    assert not stuck.done.is_set()


def test_a_panel_has_one_thread_however_often_it_asks_and_none_after_the_end() -> None:
    def threads() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name == "widgets-worker"}

    before, worker, seen = threads(), Worker(), set()
    for _ in range(20):
        panel = Listener()
        worker.submit(panel, "Asking", lambda: "answered")
        assert panel.done.wait(allow(DEADLINE_S))
        seen |= threads() - before
    assert len(seen) == 1
    worker.stop()
    until(lambda: not seen & threads(), DEADLINE_S)


def test_a_command_that_waits_says_what_it_waits_for(worker_and_gate: object) -> None:
    worker, gate = worker_and_gate
    panel = Listener()
    begun = threading.Event()

    def first() -> str:
        begun.set()
        return hold(gate)()

    worker.submit(panel, "Stopping connect", first)
    assert begun.wait(allow(DEADLINE_S))
    worker.submit(panel, "Undo", lambda: "undone")
    assert panel.said[-1] == ("busy", "Undo: waits until this is done: Stopping connect")


class Plain(Panel):
    source = "fault_panel"


def test_a_stopped_panel_says_so_and_does_nothing_more() -> None:
    asked: list[str] = []
    held = kernel_panels.live()
    panel = held.panel("stopped one", lambda name: Plain(heading=name, on_command=lambda name, _a: asked.append(name)))
    kernel_panels.stop()
    assert panel.notice["text"].startswith("Stopped")
    assert "Run the cell again" in panel.notice["remedy"]
    panel._received(panel, {"command": "kill"}, [])
    assert asked == []
    assert panel.notice["level"] == "trouble"
    assert kernel_panels.live() is not held
    kernel_panels.stop()
