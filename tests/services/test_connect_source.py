"""The source on real influxd, Connect and Kafka."""

from __future__ import annotations

import json
import time

import pytest
from confluent_kafka import Message
from influxdb_client.client.write_api import SYNCHRONOUS

from lab.connect.client import Offset
from lab.connect.trial import Trial
from lab.errors import LabError

PATIENCE_S = 240


def write(trial: Trial, rows: list[tuple[str, int]], measurement: str = "m") -> None:
    """Rows (series, microseconds), two fields each."""
    lines = [f"{measurement},id={series} fuel={at % 1000}.5,n={at % 7}i {at}" for series, at in rows]
    api = trial.influx.write_api(write_options=SYNCHRONOUS)
    api.write(bucket=trial.bucket, record=lines, write_precision="us")


def arrived(trial: Trial, count: int) -> list[tuple[str, int]]:
    """Rows in the out topic once there are `count`, or when time is over."""
    found = trial.consume(trial.out_topic, lambda messages: len(messages) >= count, PATIENCE_S)
    return [row(message) for message in found]


def row(message: Message) -> tuple[str, int]:
    value = json.loads(message.value())
    assert set(value) == {"time", "id", "fuel", "n"}, "a whole row"
    assert message.key().decode() == value["id"]
    return value["id"], value["time"]


def now_us() -> int:
    return time.time_ns() // 1000


def test_late_rows_equal_times_and_rewritten_rows_come_exactly_once(trial: Trial) -> None:
    begin = now_us()
    source = trial.source(key_tag="id", batch_size="7")
    expected = [(f"s{i}", begin - 1_000_000) for i in range(40)]  # more rows of one time than a batch has
    expected += [("slow", begin - 30_000_000 + i) for i in range(5)]
    write(trial, expected)
    assert sorted(arrived(trial, len(expected))) == sorted(expected)
    late = [("s1", begin - 1_500_000), ("slow", begin - 40_000_000), ("new", begin - 20_000_000)]
    write(trial, late + expected)  # the old rows again: they must not come again
    assert sorted(arrived(trial, len(expected + late))) == sorted(expected + late)
    last = [("end", now_us())]
    write(trial, last)
    assert sorted(arrived(trial, len(expected + late + last))) == sorted(expected + late + last)
    assert trial.connect.status(source).running


def test_an_orderly_restart_repeats_nothing_and_offsets_can_be_altered(trial: Trial) -> None:
    begin = now_us()
    first = [("a", begin - 5_000_000), ("b", begin - 4_000_000)]
    write(trial, first)
    source = trial.source(key_tag="id")
    assert sorted(arrived(trial, 2)) == sorted(first)
    trial.wait(lambda: trial.connect.offsets(source), "an offset is committed", PATIENCE_S)
    trial.connect.restart(source)
    more = [("c", begin - 3_000_000)]
    write(trial, more)
    assert sorted(arrived(trial, 3)) == sorted(first + more)
    stop(trial, source)
    [offset] = trial.connect.offsets(source)
    assert offset.partition == {"bucket": trial.bucket}
    with pytest.raises(LabError, match="ISO 8601"):
        trial.connect.alter_offsets(source, [Offset(offset.partition, {"time": "yesterday"})])
    trial.connect.alter_offsets(source, [Offset(offset.partition, {"time": "2020-01-01T00:00:00Z"})])
    trial.connect.resume(source)
    assert sorted(arrived(trial, 6)) == sorted(2 * (first + more))


def stop(trial: Trial, source: str) -> None:
    trial.connect.stop(source)
    trial.wait(lambda: trial.connect.status(source).state == "STOPPED", "the source stops", PATIENCE_S)
    trial.wait(lambda: not trial.connect.status(source).tasks, "its tasks end", PATIENCE_S)


def test_bulk_mode_hands_over_everything_at_every_poll(trial: Trial) -> None:
    rows = [("a", now_us() - 5_000_000 + i) for i in range(12)]
    write(trial, rows)
    trial.source(key_tag="id", mode="bulk", batch_size="5", poll_interval_ms="300")
    assert set(arrived(trial, 24)) == set(rows)


def test_measurements_are_chosen_and_a_query_of_ones_own_is_cut_at_its_limit(trial: Trial) -> None:
    begin = now_us() - 20_000_000
    wanted = [("a", begin + i) for i in range(30)]
    write(trial, wanted)
    write(trial, [("x", begin)], measurement="other")
    query = (
        'from(bucket: "$influxdb.bucket") |> range(start: $startTimestamp, stop: $endTimestamp)'
        ' |> filter(fn: (r) => r._measurement == "m") |> pivot(rowKey: ["_time"], columnKey: ["_field"],'
        ' valueColumn: "_value") |> group() |> sort(columns: ["_time"]) |> limit(n: $batch.size)'
    )
    trial.source(key_tag="id", query=query, batch_size="4", start_time="2026-01-01T00:00:00Z")
    assert sorted(arrived(trial, 30)) == wanted
    trial.source("chosen", key_tag="id", influxdb_measurement_whitelist="other")
    assert sorted(arrived(trial, 31)) == sorted([*wanted, ("x", begin)])
