"""A round on real services: a fault that must lose nothing loses nothing, and one that is made to lose is found out."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from lab import provision
from lab.base.addresses import Addresses
from lab.base.interrupt import Interrupt
from lab.base.progress import quiet
from lab.connect.client import Connect, Offset
from lab.demo.restore import pipeline
from lab.drill import runner
from lab.drill.faults import BY_NAME, Drill, Site, Steps
from lab.drill.runner import EVERY_S, LOOKBACK_S, SOURCE_LOOKBACK_S, Settings, run_round
from lab.ledger import GroupReader
from tests.support.waiting import until

pytestmark = pytest.mark.thorough("fault drills, one of which is made to lose readings")


@pytest.fixture
def how(stack: Addresses) -> Iterator[Settings]:
    with pipeline(stack, EVERY_S, LOOKBACK_S, False, quiet):
        provision.source(stack, SOURCE_LOOKBACK_S)
        yield Settings(stack, rate=100.0, generators=10, interrupt=Interrupt())


def test_a_killed_proxy_loses_nothing(how: Settings) -> None:
    verdict, _ = run_round(BY_NAME["proxy-kill"], 1, how)
    assert verdict.wrong == ()
    assert verdict.counts.acknowledged > 500
    assert verdict.first_ack_s is not None


def test_offsets_that_are_committed_before_the_write_are_reported_as_a_loss(
    how: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = how.addresses.names

    def commit_early(site: Site) -> None:
        with Connect(site.addresses.connect_url) as connect, GroupReader(site.addresses, names.sink_group) as sink:
            connect.stop(names.sink)
            until(lambda: not connect.status(names.sink).tasks, 60)
            time.sleep(3.0)  # readings that Kafka has and the sink has not
            ends = sink.position(names.readings).ends
            passed = [
                Offset({"kafka_topic": names.readings, "kafka_partition": n}, {"kafka_offset": end})
                for n, end in ends.items()
            ]
            connect.alter_offsets(names.sink, passed)
            connect.resume(names.sink)

    monkeypatch.setattr(runner, "CATCH_UP_S", 5.0)
    monkeypatch.setattr(runner, "PATIENCE_S", 10.0)
    verdict, _ = run_round(Drill("commits-early", "", lambda site: Steps("", lambda: commit_early(site))), 1, how)
    assert not verdict.good
    assert verdict.counts.lost_kafka == 0
    assert verdict.counts.lost_raw > 100
    assert any("lost at kafka_raw" in said for said in verdict.wrong)
