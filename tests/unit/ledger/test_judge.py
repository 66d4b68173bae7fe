"""The judge on recorded histories: a whole one, and each way of losing, doubling and disordering."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.demo.view import ledger_table, verdict
from lab.fleet.journal import Acked, Sent
from lab.ledger import AlarmRecord, Evidence, KafkaRecord, judge
from lab.ledger.latency import summary

SECOND = 1_000_000
START = 1_790_000_000 * SECOND


def history() -> Evidence:
    """Two generators, a reading a second for 20 s from a slot's start; g1 falls below 500 litres in the second slot."""
    sent = [
        Sent(name, START + second * SECOND + offset, second, 510.0 - second if name == "g1" else 900.0)
        for second in range(20)
        for offset, name in enumerate(("g1", "g2"))
    ]
    kafka = [KafkaRecord(s.generator, s.time, s.seq, int(s.generator == "g2"), s.seq, s.time // 1000 + 5) for s in sent]
    rows = {(s.generator, s.time): "ok" for s in sent if s.seq in (9, 19)} | {("g1", START + 19 * SECOND): "refuel"}
    return Evidence(
        sent=sent,
        acked=[Acked(s.generator, s.time, s.seq, 4.0) for s in sent],
        kafka=kafka,
        raw={(s.generator, s.time): s.fuel for s in sent},
        downsampled=rows,
        alarms=[AlarmRecord(name, time, alarm, time // 1000 + 3000) for (name, time), alarm in rows.items()],
        every=10,
        seconds=20.0,
        refuels=1,
    )


def test_a_whole_history_is_whole() -> None:
    ledger = judge(history())
    assert ledger.whole
    assert (ledger.published, ledger.acknowledged, ledger.in_kafka, ledger.in_raw) == (40, 40, 40, 40)
    assert (ledger.downsampled_expected, ledger.downsampled_missing) == (4, 0)
    assert (ledger.alarms_expected, ledger.alarms_missing, ledger.refuel_alarms) == (4, 0, 1)
    assert (ledger.lost, ledger.raw_lost, ledger.duplicates_in_kafka, ledger.order_inversions) == (0, 0, 0, 0)
    assert ledger.rates["acknowledged"] == 2.0
    assert ledger.latency_ms["mqtt_ack"] == {"p50": 4.0, "p99": 4.0, "max": 4.0}
    assert ledger.latency_ms["device_to_alarm"]["max"] == 3000.0


def test_the_json_has_every_key_of_the_design() -> None:
    keys = judge(history()).to_dict().keys()
    assert keys >= {
        "published", "acknowledged", "in_kafka", "in_raw", "raw_lost", "downsampled_expected", "downsampled_missing",
        "alarms_expected", "alarms_missing", "duplicates_in_kafka", "order_inversions", "lost", "late", "refused",
        "faults", "rates", "latency_ms", "boot_s",
    }  # fmt: skip


def test_an_acknowledged_reading_missing_from_kafka_is_lost() -> None:
    whole = history()
    ledger = judge(replace(whole, kafka=whole.kafka[1:]))
    assert (ledger.lost, ledger.kafka_lost, ledger.raw_lost, ledger.whole) == (1, 1, 0, False)


def test_an_acknowledged_reading_missing_from_the_raw_bucket_is_lost() -> None:
    whole = history()
    gone = ("g2", START + 3 * SECOND + 1)
    ledger = judge(replace(whole, raw={key: fuel for key, fuel in whole.raw.items() if key != gone}))
    assert (ledger.lost, ledger.raw_lost, ledger.kafka_lost) == (1, 1, 0)


def test_a_reading_missing_from_both_counts_once() -> None:
    whole = history()
    gone = ("g2", START + 3 * SECOND + 1)
    raw = {key: fuel for key, fuel in whole.raw.items() if key != gone}
    kafka = [record for record in whole.kafka if record[:2] != gone]
    assert judge(replace(whole, raw=raw, kafka=kafka)).lost == 1


def test_an_unacknowledged_reading_may_be_missing_everywhere() -> None:
    whole = history()
    gone = ("g2", START + 3 * SECOND + 1)
    ledger = judge(
        replace(
            whole,
            acked=[acked for acked in whole.acked if acked[:2] != gone],
            kafka=[record for record in whole.kafka if record[:2] != gone],
            raw={key: fuel for key, fuel in whole.raw.items() if key != gone},
        )
    )
    assert ledger.whole
    assert (ledger.published, ledger.acknowledged, ledger.in_kafka) == (40, 39, 39)


def test_deleting_the_last_raw_reading_of_a_slot_does_not_lower_what_is_expected() -> None:
    whole = history()
    last = ("g1", START + 9 * SECOND)
    ledger = judge(
        replace(
            whole,
            raw={key: fuel for key, fuel in whole.raw.items() if key != last},
            downsampled={key: alarm for key, alarm in whole.downsampled.items() if key != last},
            alarms=[alarm for alarm in whole.alarms if alarm[:2] != last],
        )
    )
    assert (ledger.downsampled_expected, ledger.raw_lost, ledger.downsampled_missing) == (4, 1, 1)
    assert (ledger.alarms_missing, ledger.lost) == (1, 3)


@pytest.mark.parametrize("wrong", [{}, {("g1", START + 19 * SECOND): "ok"}])
def test_a_row_that_is_missing_or_has_the_wrong_alarm_is_lost(wrong: dict[tuple[str, int], str]) -> None:
    whole = history()
    rows = {key: alarm for key, alarm in whole.downsampled.items() if key != ("g1", START + 19 * SECOND)} | wrong
    ledger = judge(replace(whole, downsampled=rows))
    assert (ledger.downsampled_missing, ledger.lost) == (1, 1)


def test_a_missing_alarm_record_is_lost() -> None:
    whole = history()
    ledger = judge(replace(whole, alarms=whole.alarms[:-1]))
    assert (ledger.alarms_missing, ledger.lost) == (1, 1)


def test_a_row_of_an_earlier_run_of_the_task_is_no_harm() -> None:
    whole = history()
    early = {("g1", START + 7 * SECOND): "ok"}
    assert judge(replace(whole, downsampled={**whole.downsampled, **early})).whole


def test_a_redelivery_is_a_duplicate_and_no_inversion() -> None:
    whole = history()
    again = [record._replace(offset=record.offset + 100) for record in whole.kafka if record.seq in (4, 5, 6)]
    ledger = judge(replace(whole, kafka=[*whole.kafka, *again]))
    assert (ledger.duplicates_in_kafka, ledger.order_inversions, ledger.lost) == (6, 0, 0)
    assert ledger.whole


def test_a_swap_is_an_inversion_and_breaks_the_promise() -> None:
    whole = history()
    swap = {5: 6, 6: 5}
    kafka = [
        record._replace(offset=swap.get(record.seq, record.seq)) if record.generator == "g1" else record
        for record in whole.kafka
    ]
    ledger = judge(replace(whole, kafka=kafka))
    assert (ledger.order_inversions, ledger.lost, ledger.whole) == (1, 0, False)


def test_a_generator_in_two_partitions_has_no_order() -> None:
    whole = history()
    kafka = [record._replace(partition=2) if record.seq >= 18 else record for record in whole.kafka]
    assert judge(replace(whole, kafka=kafka)).order_inversions == 4


def test_strangers_in_topics_and_buckets_do_not_count() -> None:
    whole = history()
    stranger = KafkaRecord("g9", START, 0, 0, 999, 0)
    ledger = judge(
        replace(
            whole,
            kafka=[*whole.kafka, stranger],
            raw={**whole.raw, ("g9", START): 1.0},
            alarms=[*whole.alarms, AlarmRecord("g9", START, "refuel", 0)],
        )
    )
    assert ledger.whole
    assert (ledger.in_kafka, ledger.in_raw, ledger.downsampled_expected, ledger.refuel_alarms) == (40, 40, 4, 1)


def test_an_unacknowledged_reading_that_arrived_counts_for_what_the_task_owes() -> None:
    whole = history()
    last = ("g1", START + 19 * SECOND)
    ledger = judge(replace(whole, acked=[acked for acked in whole.acked if acked[:2] != last]))
    assert ledger.downsampled_expected == 4
    assert ledger.whole


def test_nothing_acknowledged_is_no_success() -> None:
    assert not judge(replace(history(), acked=[], raw={}, kafka=[], downsampled={}, alarms=[])).whole


def test_percentiles_are_ranks_of_what_was_measured() -> None:
    assert summary([float(value) for value in range(1, 101)]) == {"p50": 50.0, "p99": 99.0, "max": 100.0}
    assert summary([7.0]) == {"p50": 7.0, "p99": 7.0, "max": 7.0}
    assert summary([]) == {"p50": None, "p99": None, "max": None}


def test_the_verdict_is_in_words() -> None:
    whole = history()
    broken = judge(replace(whole, kafka=whole.kafka[1:], faults=({"fault": "kill kafka2", "at_s": 1.0},)))
    assert "Nothing lost" in verdict(judge(whole)).plain
    assert "LOST: 1" in verdict(broken).plain
    assert ledger_table(broken).row_count == ledger_table(judge(whole)).row_count + 1
    assert "Nothing was acknowledged" in verdict(judge(replace(whole, acked=[]))).plain
