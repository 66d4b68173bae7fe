"""The checker on recorded histories: every way to break a promise is found, and a good round is good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.drill.check import Counts, History, Sample, Told, acknowledged_while_held, caught_up, check, first_ack

WHOLE = Counts(1000, 1000, 0, 0, 0, 0, 0, 0, 12, 0, 0)


def recorded(held: int = 0, raw_at_end: int = 1000) -> History:
    """100 a second; fault from 3 to 6 s, `held` acknowledged in that time, all hops looked at each second."""
    acked = [100, 200, 300, 300 + held, 300 + held, 300 + held, 700, 900, 1000, 1000]
    raw = [100, 200, 300, 300, 300, 300, 400, 700, 900, raw_at_end]
    samples = [Sample(n + 1.0, a, 0, a, r, n * 2) for n, (a, r) in enumerate(zip(acked, raw, strict=True))]
    return History("fault", 1, 100.0, 1, 3.0, 6.0, samples)


def test_a_whole_round_is_good_although_kafka_holds_copies() -> None:
    verdict = check(recorded(), WHOLE)
    assert (verdict.good, verdict.wrong, verdict.counts.lost) == (True, (), 0)
    assert (verdict.first_ack_s, verdict.caught_up_s) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("lost_kafka", "1 lost at Kafka"),
        ("lost_raw", "1 lost at kafka_raw"),
        ("lost_downsampled", "1 rows lost at kafka_downsampled"),
        ("lost_alarms", "1 alarms lost at generator_alarms"),
        ("refused", "1 refused by the sink"),
        ("late", "1 still not there"),
        ("duplicates_after", "1 twice after de-duplication"),
        ("inversions", "1 out of order"),
    ],
)
def test_a_single_reading_that_is_not_as_promised_breaks_the_round(field: str, said: str) -> None:
    verdict = check(recorded(), replace(WHOLE, **{field: 1}))
    assert (verdict.good, verdict.wrong) == (False, (said,))


def test_an_acknowledgement_while_none_may_be_given_breaks_the_round() -> None:
    samples = list(recorded().samples)
    samples[5] = samples[5]._replace(acknowledged=301)
    history = replace(recorded(), samples=samples, silent=True)
    assert acknowledged_while_held(history) == 1
    assert check(history, WHOLE).wrong == ("1 acknowledged while nothing may be",)
    assert check(replace(history, silent=False), WHOLE).good


def test_acknowledgements_on_their_way_when_the_fault_came_are_no_breach() -> None:
    assert check(replace(recorded(held=5), silent=True), WHOLE).good


def test_a_status_that_calls_a_dead_service_ready_breaks_the_round() -> None:
    verdict = check(replace(recorded(), told=[Told(4.0, ()), Told(5.0, ("kafka2",))]), WHOLE)
    assert verdict.wrong == ("status called kafka2 ready",)
    assert (verdict.status_wrong, verdict.status_looks) == (1, 2)


def test_a_round_in_which_nothing_came_back_is_not_good() -> None:
    stopped = replace(recorded(), samples=recorded().samples[:6])
    assert first_ack(stopped) is None
    assert caught_up(stopped) is None
    assert check(stopped, replace(WHOLE, acknowledged=0)).wrong == (
        "nothing was acknowledged",
        "kafka_raw did not catch up",
    )


def test_nobody_has_caught_up_while_devices_hold_back_readings() -> None:
    samples = [sample._replace(waiting=500) for sample in recorded().samples]
    assert caught_up(replace(recorded(), samples=samples)) is None
