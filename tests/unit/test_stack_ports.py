"""Choosing ports: the usual ones when free, others when not, and none twice."""

from __future__ import annotations

import pytest

from lab.errors import MachineError
from lab.stack.ports import MOVED_FROM, MOVED_TO, Ports, choose, moved


def test_free_ports_stay_where_they_are() -> None:
    assert choose(Ports(), lambda _: True) == Ports()


def test_a_taken_port_moves_out_of_the_way_of_outgoing_connections() -> None:
    chosen = choose(Ports(), lambda port: port != 1883)
    assert MOVED_FROM <= chosen.mqtt < MOVED_TO
    assert moved(chosen) == {"mqtt": (1883, chosen.mqtt)}


def test_every_port_taken_at_its_usual_place_gives_distinct_ones() -> None:
    usual = set(Ports().model_dump().values())
    chosen = choose(Ports(), lambda port: port not in usual)
    numbers = list(chosen.model_dump().values())
    assert len(set(numbers)) == len(numbers)
    assert not usual & set(numbers)


def test_two_services_that_ask_for_one_port_get_two() -> None:
    chosen = choose(Ports(connect=9000, influxd=9000), lambda _: True)
    assert chosen.connect != chosen.influxd


def test_no_port_at_all_names_the_one_that_was_wanted() -> None:
    with pytest.raises(MachineError, match="Port 1883 is taken"):
        choose(Ports(), lambda _: False)


def test_bootstrap_names_every_broker() -> None:
    assert Ports(kafka2=20000).bootstrap == "127.0.0.1:9092,127.0.0.1:20000,127.0.0.1:9094"
