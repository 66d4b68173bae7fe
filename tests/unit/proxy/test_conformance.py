"""What the documents say of the proxy holds: every test named exists, and the diagrams are the tables'."""

from __future__ import annotations

import re

import pytest

from lab.base.settings import ROOT
from lab.proxy.core import session
from lab.proxy.core.packets import Kind
from lab.proxy.core.table import CONNECTION, QOS2, Exchange, Order, State, Step, mermaid

TESTS = "".join(file.read_text() for file in (ROOT / "tests").glob("*/proxy/**/test_*.py"))
ROWS = [line for line in (ROOT / "docs/proxy-conformance.md").read_text().splitlines() if line.startswith("| MQTT-")]


@pytest.mark.parametrize("row", ROWS)
def test_every_statement_names_tests_that_exist(row: str) -> None:
    names = re.findall(r"`(test_\w+)`", row)
    assert names, "no test is named"
    for name in names:
        assert re.search(rf"def {name}\(", TESTS), f"{name} does not exist"


def test_both_standards_are_covered() -> None:
    assert len(ROWS) > 100


def test_the_diagrams_are_drawn_from_the_tables() -> None:
    text = (ROOT / "docs/proxy.md").read_text()
    for table in (CONNECTION, QOS2):
        assert f"```mermaid\n{mermaid(table)}```" in text


def test_every_action_of_the_table_has_its_code() -> None:
    packets = {action for (_, given), (action, _) in CONNECTION.items() if isinstance(given, Kind)}
    assert packets == set(session.HANDLERS)


def test_every_state_takes_every_order() -> None:
    """The shell may say END or LOST at any time; ACCEPT and REFUSE once CONNECT has come, and late ones are ignored."""
    for state in State:
        for order in (Order.END, Order.LOST):
            assert (state, order) in CONNECTION
    for order in (Order.ACCEPT, Order.REFUSE):
        assert {state for state in State if (state, order) in CONNECTION} == {State.CHECKING, State.CLOSED}


def test_a_closed_connection_stays_closed_and_every_state_can_be_reached() -> None:
    assert {after for (state, _), (_, after) in CONNECTION.items() if state is State.CLOSED} == {State.CLOSED}
    assert {after for _, after in CONNECTION.values()} | {State.NEW} == set(State)


def test_qos_2_has_one_undefined_pair_per_phase() -> None:
    assert {(e, s) for e in Exchange for s in Step} - set(QOS2) == {
        (Exchange.FREE, Step.CONFIRMED),
        (Exchange.FREE, Step.REFUSED),
        (Exchange.PRODUCING, Step.PUBREL),
        (Exchange.RECEIVED, Step.CONFIRMED),
        (Exchange.RECEIVED, Step.REFUSED),
    }
