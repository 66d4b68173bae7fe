"""The threads behind the panels: they outlive trouble, tell it, recover, deliver only news, and stop."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from lab.base.addresses import Addresses
from lab.base.errors import LearnerError
from lab.faults import Fault
from lab.kafka.groups import places
from lab.widgets import poller as pump_module
from lab.widgets.panel import Panel
from lab.widgets.panels.fault_panel import ActiveFaults
from lab.widgets.panels.fault_panel import snapshot_of as faults_of
from lab.widgets.poller import Delivery, PolledSource, Poller, Sample
from lab.widgets.worker import Worker, carry_out
from tests.support.nowhere import nowhere
from tests.support.waiting import until


class Moody:
    """A source that fails while `trouble` is set."""

    service = "kafka"
    every = 0.1

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.opened: list[Addresses] = []
        self.closed = 0
        self.count = 0

    def open(self, addresses: Addresses) -> None:
        self.opened.append(addresses)

    def sample(self) -> dict[str, Any]:
        if self.trouble:
            raise self.trouble
        self.count += 1
        return {"count": self.count}

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump_module, "PAUSE_AFTER_TROUBLE", 0.02)
    monkeypatch.setattr(pump_module, "TICK", 0.02)


@pytest.mark.usefixtures("impatient")
def test_a_lost_source_keeps_its_last_value_tells_why_and_recovers_by_itself() -> None:
    source = Moody()
    polled = PolledSource(source, nowhere)
    until(lambda: polled.latest.value.get("count", 0) > 0)
    source.trouble = OSError("connection refused")
    until(lambda: polled.latest.down)
    assert polled.latest.value["count"] > 0
    assert "connection refused" in polled.latest.cause
    assert "./workshop logs kafka" in polled.latest.remedy
    source.trouble = None
    until(lambda: not polled.latest.down)
    polled.stop()
    until(lambda: source.closed == len(source.opened))


@pytest.mark.usefixtures("impatient")
def test_a_source_is_opened_anew_when_the_stack_moved() -> None:
    source, held = Moody(), [nowhere()]
    polled = PolledSource(source, lambda: held[0])
    until(lambda: polled.latest.at > 0)
    held[0], source.trouble = nowhere(mqtt_port=2), OSError("gone")
    until(lambda: len(source.opened) > 1)
    source.trouble = None
    until(lambda: not polled.latest.down)
    polled.stop()
    assert {one.mqtt_port for one in source.opened[1:]} == {2}


@pytest.mark.usefixtures("impatient")
def test_without_a_stack_the_remedy_is_the_stacks_own() -> None:
    def none() -> Addresses:
        raise LearnerError("The services are not running.", "Start them with ./workshop up.")

    polled = PolledSource(Moody(), none)
    until(lambda: polled.latest.down)
    polled.stop()
    assert polled.latest.remedy == "Start them with ./workshop up."


@pytest.mark.usefixtures("impatient")
def test_feeds_are_shared_by_key_and_a_delivery_that_fails_stops_no_other() -> None:
    poller, seen = Poller(nowhere), []
    first = poller.poll("k", Moody)
    assert poller.poll("k", Moody) is first

    def broken() -> dict[str, Any]:
        raise KeyError("nothing there")

    poller.attach("broken", Delivery(broken, lambda _snapshot: None, 0.0))
    poller.attach("good", Delivery(lambda: {"n": len(seen)}, seen.append, 0.0))
    until(lambda: len(seen) > 3)
    poller.stop()
    until(lambda: first.source.closed == 1)  # type: ignore[attr-defined]


class Speaker:
    """A panel that only remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, str]] = []

    def say(self, level: str, text: str, remedy: str = "") -> None:
        self.said.append((level, text, remedy))


def test_a_command_reports_its_end_and_trouble_has_a_remedy() -> None:
    speaker = Speaker()
    carry_out(speaker, "Cutting", lambda: "g1 is cut.")

    def refused() -> str:
        raise LearnerError("There is no g9.", "Choose g1.")

    def odd() -> str:
        raise ValueError("odd\nanswer")

    carry_out(speaker, "Cutting", refused)
    carry_out(speaker, "Cutting", odd)
    assert speaker.said[1] == ("done", "g1 is cut.", "")
    assert speaker.said[3] == ("trouble", "There is no g9.", "Choose g1.")
    assert speaker.said[5][1] == "Cutting failed: odd answer"
    assert speaker.said[5][2]


def test_the_worker_keeps_order_and_returns_at_once() -> None:
    worker, speaker, order = Worker(), Speaker(), []
    gate = threading.Event()

    def slow() -> str:
        gate.wait()
        order.append("slow")
        return ""

    worker.submit(speaker, "first", slow)
    worker.submit(speaker, "second", lambda: order.append("quick") or "")
    assert not order
    gate.set()
    until(lambda: len(order) == 2)
    worker.stop()
    assert order == ["slow", "quick"]


class Plain(Panel):
    source = "pipeline_map"


def test_an_equal_snapshot_sends_nothing_and_commands_only_pass_through() -> None:
    received: list[tuple[str, dict[str, Any]]] = []
    panel = Plain(heading="P", on_command=lambda name, arguments: received.append((name, arguments)))
    changes: list[Any] = []
    panel.observe(changes.append, "snapshot")
    panel.feed({"words": ["one"]})
    panel.feed({"words": ["one"]})
    assert len(changes) == 1
    panel._received(panel, {"command": "cut", "arguments": {"id": "g1"}}, [])
    panel._received(panel, {"something": "else"}, [])
    assert received == [("cut", {"id": "g1"})]
    assert panel.words() == ["one"]


def test_the_static_snapshot_has_the_words_and_escapes_them() -> None:
    panel = Plain(heading="Map <1>", snapshot={"words": ["a < b"], "nodes": [{"title": "x & y", "lines": ["<b>"]}]})
    html = panel._snapshot_data()["text/html"]
    assert "Map &lt;1&gt;" in html
    assert "a &lt; b" in html
    assert "data:image/svg+xml;base64," in html
    assert panel._snapshot_data()["text/plain"] == "Map <1>\na < b"


class Trick(Fault):
    """A fault that only remembers."""

    def __init__(self) -> None:
        super().__init__("trick")
        self.done: list[str] = []

    def _inject(self) -> None:
        self.done.append("inject")

    def _undo(self) -> None:
        self.done.append("undo")


def test_a_lasting_fault_is_active_once_until_it_is_undone() -> None:
    active, trick = ActiveFaults(), Trick()
    active.inject("freeze kafka2", lambda: trick)
    with pytest.raises(LearnerError, match="is active already"):
        active.inject("freeze kafka2", Trick)
    shown = faults_of(Sample({"services": {"kafka2": {"state": "ready"}}}), active)
    assert shown["services"][0]["faults"] == ["freeze kafka2"]
    active.undo("freeze kafka2")
    active.undo("freeze kafka2")
    assert trick.done == ["inject", "undo"]
    assert [event["text"] for event in active.done] == ["freeze kafka2", "freeze kafka2 undone"]


def test_a_fault_that_is_over_at_once_leaves_nothing_to_undo() -> None:
    active, trick = ActiveFaults(), Trick()
    active.inject("kill kafka1", lambda: trick)
    assert active.faults == {}
    trick.undo()
    assert trick.done == ["inject"]


@pytest.mark.usefixtures("impatient")
def test_a_source_that_opens_halfway_is_closed_before_the_next_try() -> None:
    class Half(Moody):
        def open(self, addresses: Addresses) -> None:
            super().open(addresses)
            if len(self.opened) < 3:
                raise OSError("half open")

    source = Half()
    polled = PolledSource(source, nowhere)
    until(lambda: polled.latest.value.get("count", 0) > 0)
    polled.stop()
    assert (len(source.opened), source.closed) in {(3, 2), (3, 3)}


def test_an_assignment_is_read_as_consumers_write_it() -> None:
    data = b"\x00\x01" + b"\x00\x00\x00\x01" + b"\x00\x01t" + b"\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x05"
    assert places(data) == [("t", 0), ("t", 5)]
    assert places(b"") == []
    assert places(data[:-2]) == []
