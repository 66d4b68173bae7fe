"""Choosing ports: the usual ones when free, others when not, and none twice."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from lab.base.errors import MachineError
from lab.base.free_port import free_port
from lab.base.pace import allow
from lab.stack import answers
from lab.stack.ports import HOST, MOVED_FROM, MOVED_TO, Ports, choose, is_free, is_held, moved, reserve


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


def apart() -> Ports:
    """Ports that no stack of this machine uses."""
    return Ports(**{name: free_port() for name in Ports().model_dump()})


def test_two_stacks_that_start_together_do_not_choose_the_same_ports() -> None:
    wanted = apart()
    with reserve(wanted) as first:
        assert first.ports == wanted
        with reserve(wanted) as second:
            assert not set(first.ports.model_dump().values()) & set(second.ports.model_dump().values())
    with reserve(wanted) as again:
        assert again.ports == wanted, "left when their stack has ended"


def test_a_port_stays_with_its_stack_while_whoever_was_given_it_lives() -> None:
    """Though nothing listens at it: a broker of the stack may be down."""
    wanted = apart()
    waits = (sys.executable, "-c", "import sys; sys.stdin.read()")
    with reserve(wanted) as reserved:
        holder = subprocess.Popen(waits, stdin=subprocess.PIPE, pass_fds=[held.fileno() for held in reserved.holders])
    with holder:
        assert is_free(wanted.kafka2)
        assert is_held(wanted.kafka2)
        with reserve(wanted) as other:
            assert not set(wanted.model_dump().values()) & set(other.ports.model_dump().values())
    assert not is_held(wanted.kafka2)


def test_a_choice_that_fails_holds_nothing() -> None:
    wanted = apart()
    with pytest.raises(MachineError, match="is taken"):
        reserve(wanted, lambda port: port in (wanted.mqtt, wanted.proxy_http))
    assert not is_held(wanted.mqtt)


def test_only_the_process_that_listens_is_the_one_that_answers() -> None:
    """A service whose port another program has taken is not ready because something answers there."""
    port = free_port()
    assert answers.stranger(os.getpid(), port) == "it does not listen yet"
    code = f"import socket, sys; s = socket.create_server(('{HOST}', {port})); print(flush=True); sys.stdin.read()"
    with subprocess.Popen((sys.executable, "-c", code), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert answers.stranger(other.pid, port) is None
        assert answers.stranger(os.getpid(), port) is None, "a child of ours, as a worker of the proxy is"
        assert answers.stranger(os.getppid(), port + 1) is not None
        with socket.create_server((HOST, 0)) as mine:
            taken = mine.getsockname()[1]
            assert answers.stranger(other.pid, taken) == f"another program answers at {HOST}:{taken}"
        other.communicate(timeout=allow(20))
    assert answers.stranger(other.pid, port) == "it has just ended"
