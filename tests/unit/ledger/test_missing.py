"""The judge tells late from lost: recorded histories in which a hop is behind, and such in which it has passed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.demo.view import verdict
from lab.fleet.journal import Acked, Sent
from lab.ledger import (
    ALARMS,
    DEAD_LETTERS,
    DOWNSAMPLED,
    KAFKA,
    LATE,
    LOST,
    RAW,
    WHOLE,
    AlarmRecord,
    Evidence,
    KafkaRecord,
    Late,
    Positions,
    judge,
    progress,
)

SECOND = 1_000_000
START = 1_790_000_000 * SECOND
BACKLOG = 300_000
"""Records of others before the first reading, in either partition."""
ALL_CONFIRMED = Positions(sink={0: BACKLOG + 20, 1: BACKLOG + 20}, task_until_us=START + 20 * SECOND)
NOTHING_CONFIRMED = Positions(sink={0: 0, 1: 0}, task_until_us=START + 20 * SECOND)


def key(name: str, second: int) -> tuple[str, int]:
    return name, START + second * SECOND


def whole() -> Evidence:
    """g1 (partition 0) and g2 (partition 1), a reading a second for two slots, each of 10 s, behind the backlog."""
    sent = [Sent(*key(name, second), second, 900.0) for second in range(20) for name in ("g1", "g2")]
    rows = {key(name, second): "ok" for name in ("g1", "g2") for second in (9, 19)}
    kafka = [KafkaRecord(s.generator, s.time, s.seq, int(s.generator == "g2"), BACKLOG + s.seq, 0) for s in sent]
    return Evidence(
        sent=sent,
        acked=[Acked(s.generator, s.time, s.seq, 4.0) for s in sent],
        kafka=kafka,
        raw={(s.generator, s.time): s.fuel for s in sent},
        downsampled=rows,
        alarms=[AlarmRecord(name, time, alarm, time // 1000 + 3000) for (name, time), alarm in rows.items()],
        every=10,
        positions=ALL_CONFIRMED,
    )


def behind(evidence: Evidence, sink: dict[int, int]) -> Evidence:
    """The history when the sink has confirmed no more than this: nothing beyond is anywhere further down."""
    at = {(r.generator, r.time) for r in evidence.kafka if r.offset < sink[r.partition]}
    positions = replace(evidence.positions or NOTHING_CONFIRMED, sink=sink)
    raw = {reading: fuel for reading, fuel in evidence.raw.items() if reading in at}
    rows = {reading: alarm for reading, alarm in evidence.downsampled.items() if reading in at}
    alarms = [alarm for alarm in evidence.alarms if alarm[:2] in at]
    return replace(evidence, raw=raw, downsampled=rows, alarms=alarms, positions=positions)


def without(evidence: Evidence, *keys: tuple[str, int], **hops: bool) -> Evidence:
    """The history without these keys in the hops named."""
    changes: dict[str, Any] = {}
    if hops.get("raw"):
        changes["raw"] = {reading: fuel for reading, fuel in evidence.raw.items() if reading not in keys}
    if hops.get("rows"):
        changes["downsampled"] = {row: alarm for row, alarm in evidence.downsampled.items() if row not in keys}
    if hops.get("alarms"):
        changes["alarms"] = [alarm for alarm in evidence.alarms if alarm[:2] not in keys]
    return replace(evidence, **changes)


def test_positions_alone_make_a_whole_history_neither_better_nor_worse() -> None:
    assert judge(whole()).exit_code == WHOLE
    assert judge(whole()).late == Late()
    assert judge(replace(whole(), positions=NOTHING_CONFIRMED)).exit_code == WHOLE


def test_readings_behind_a_backlog_are_late_with_everything_that_hangs_on_them() -> None:
    ledger = judge(behind(whole(), {0: 0, 1: 0}))
    assert (ledger.lost, ledger.raw_lost, ledger.refused) == (0, 0, 0)
    assert ledger.late == Late(kafka_raw=40, kafka_downsampled=4, generator_alarms=4, records_before=2 * (BACKLOG + 19))
    assert (ledger.exit_code, ledger.whole) == (LATE, False)


def test_the_records_before_are_counted_from_where_the_sink_is() -> None:
    ledger = judge(behind(whole(), {0: BACKLOG - 100, 1: BACKLOG + 20}))
    assert ledger.late == Late(kafka_raw=20, kafka_downsampled=2, generator_alarms=2, records_before=119)


def test_a_reading_that_the_sink_has_passed_is_lost_though_others_are_late() -> None:
    gone = key("g1", 3)
    ledger = judge(without(behind(whole(), {0: BACKLOG + 20, 1: BACKLOG}), gone, raw=True))
    assert (ledger.lost, ledger.raw_lost, ledger.exit_code) == (1, 1, LOST)
    assert (ledger.late.kafka_raw, ledger.late.records_before) == (20, 19)


def test_the_first_offset_not_confirmed_is_late_and_the_one_before_is_lost() -> None:
    missing = without(whole(), key("g1", 3), key("g1", 4), raw=True)
    ledger = judge(replace(missing, positions=replace(ALL_CONFIRMED, sink={0: BACKLOG + 4, 1: BACKLOG + 20})))
    assert (ledger.raw_lost, ledger.late.kafka_raw, ledger.late.records_before) == (1, 1, 0)


def test_a_redelivered_copy_that_the_sink_has_before_it_keeps_the_reading_late() -> None:
    history = without(whole(), key("g1", 3), raw=True)
    copy = KafkaRecord(*key("g1", 3), 3, 0, BACKLOG + 500, 0)
    assert judge(replace(history, kafka=[*history.kafka, copy])).late.kafka_raw == 1


def test_the_row_and_the_alarm_of_a_lost_reading_are_lost() -> None:
    ledger = judge(without(whole(), key("g1", 9), raw=True, rows=True, alarms=True))
    assert (ledger.lost, ledger.late.total) == (3, 0)


def test_an_acknowledged_reading_that_is_not_in_kafka_is_lost_however_far_the_sink_is() -> None:
    history = behind(whole(), {0: 0, 1: 0})
    ledger = judge(replace(history, kafka=history.kafka[1:]))
    assert (ledger.kafka_lost, ledger.raw_lost, ledger.lost) == (1, 1, 1)
    assert ledger.late.kafka_raw == 39


def test_a_reading_in_the_dead_letter_topic_is_refused_and_neither_late_nor_lost() -> None:
    history = without(whole(), key("g1", 9), raw=True, rows=True, alarms=True)
    rows = {**history.downsampled, key("g1", 8): "ok"}
    alarms = [*history.alarms, AlarmRecord(*key("g1", 8), "ok", 0)]
    ledger = judge(replace(history, downsampled=rows, alarms=alarms, refused=frozenset({key("g1", 9)})))
    assert (ledger.refused, ledger.lost, ledger.late.total, ledger.raw_lost) == (1, 0, 0, 0)
    assert (ledger.downsampled_expected, ledger.downsampled_missing, ledger.alarms_missing) == (4, 0, 0)
    assert (ledger.exit_code, ledger.whole) == (LOST, False)
    assert "REFUSED (dead-letter topic): 1." in verdict(ledger).plain


def test_a_refused_copy_of_a_reading_that_arrived_is_no_harm() -> None:
    assert judge(replace(whole(), refused=frozenset({key("g1", 9)}))).exit_code == WHOLE


def test_a_row_of_a_slot_that_the_task_has_not_run_for_is_late() -> None:
    history = without(whole(), key("g1", 19), rows=True, alarms=True)
    waiting = replace(history, positions=replace(ALL_CONFIRMED, task_until_us=START + 10 * SECOND))
    assert judge(waiting).late == Late(kafka_downsampled=1, generator_alarms=1)
    assert judge(history).lost == 2


def test_a_row_within_reach_of_the_next_run_is_late_only_while_there_is_waiting() -> None:
    history = without(whole(), key("g1", 9), rows=True, alarms=True)
    assert judge(replace(history, settled=False)).late.kafka_downsampled == 1
    assert judge(history).late.total == 0
    passed = replace(ALL_CONFIRMED, task_until_us=START + 70 * SECOND)
    assert judge(replace(history, settled=False, positions=passed)).lost == 2


def test_a_row_with_the_wrong_alarm_is_lost() -> None:
    history = whole()
    ledger = judge(replace(history, downsampled={**history.downsampled, key("g1", 9): "refuel"}))
    assert (ledger.lost, ledger.late.total) == (1, 0)


def test_an_alarm_that_the_source_has_not_reached_is_late_and_one_it_has_passed_is_lost() -> None:
    assert judge(without(whole(), key("g1", 19), key("g2", 19), alarms=True)).late == Late(generator_alarms=2)
    passed = judge(without(whole(), key("g1", 9), alarms=True))
    assert (passed.lost, passed.late.total) == (1, 0)


def test_a_source_that_does_not_run_has_lost_nothing_above_its_floor() -> None:
    history = without(whole(), key("g1", 9), alarms=True)
    stopped = replace(ALL_CONFIRMED, source_runs=False, source_floor_us=START)
    assert judge(replace(history, positions=stopped)).late == Late(generator_alarms=1)
    above = replace(stopped, source_floor_us=START + 15 * SECOND)
    assert judge(replace(history, positions=above)).lost == 1


@pytest.mark.parametrize(
    ("hop", "changes", "late"),
    [
        (KAFKA, {"kafka": (), "raw": {}, "downsampled": {}, "alarms": ()}, 40 + 4 + 4),
        (RAW, {"raw": {}, "downsampled": {}, "alarms": ()}, 40 + 4 + 4),
        (DEAD_LETTERS, {"raw": {}, "downsampled": {}, "alarms": ()}, 40 + 4 + 4),
        (DOWNSAMPLED, {"downsampled": {}, "alarms": ()}, 4 + 4),
        (ALARMS, {"alarms": ()}, 4),
    ],
)
def test_what_a_hop_lacks_that_could_not_be_read_is_not_called_lost(hop: str, changes: Any, late: int) -> None:
    ledger = judge(replace(whole(), **changes, unread={hop}))
    assert (ledger.lost, ledger.late.total, ledger.exit_code) == (0, late, LATE)


def test_both_lost_and_late_fail_as_lost_and_say_both() -> None:
    words = verdict(judge(without(behind(whole(), {0: BACKLOG + 20, 1: 0}), key("g1", 3), raw=True))).plain
    assert words.startswith("LOST: 1.")
    assert "LATE: 24" in words
    assert f"20 readings: still in Kafka, {BACKLOG + 19:,} records before the last" in words


def test_a_late_verdict_says_what_to_do_and_an_interrupted_one_what_happened() -> None:
    ledger = judge(behind(whole(), {0: 0, 1: 0}))
    assert "not lost" in verdict(ledger).plain
    assert "./workshop status" in verdict(ledger).plain
    assert verdict(ledger, interrupted=True).plain.startswith("Interrupted")


def test_progress_is_what_moves_for_this_run() -> None:
    def seen(evidence: Evidence) -> object:
        return progress(evidence, judge(evidence))

    start = behind(whole(), {0: 0, 1: 0})
    assert seen(start) == seen(behind(whole(), {0: 0, 1: 0}))
    assert seen(start) != seen(behind(whole(), {0: 1, 1: 0}))
    more = replace(NOTHING_CONFIRMED, dead_letters=7)
    assert seen(start) != seen(replace(start, positions=more))
    assert seen(start) != seen(replace(start, raw={key("g1", 3): 1.0}))
    assert seen(start) != seen(replace(start, refuels=1))


def test_what_comes_after_this_run_is_no_progress() -> None:
    def seen(positions: Positions) -> object:
        evidence = replace(whole(), positions=positions)
        return progress(evidence, judge(evidence))

    later = Positions(sink={0: 900_000, 1: 900_000}, dead_letters=5, task_until_us=START + 90 * SECOND)
    assert seen(ALL_CONFIRMED) == seen(later)
