"""The source on real influxd, Connect and Kafka."""

from __future__ import annotations

import json
import time

import pytest
from confluent_kafka import Message
from influxdb_client.client.write_api import SYNCHRONOUS

from bench.connect_trial import Trial
from lab.base.errors import LabError
from lab.connect.client import Offset

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


HOUR_US = 3600 * 1_000_000


def lines(trial: Trial, *written: str, bucket: str = "") -> None:
    """Lines of line protocol, times in microseconds."""
    api = trial.influx.write_api(write_options=SYNCHRONOUS)
    api.write(bucket=bucket or trial.bucket, record=list(written), write_precision="us")


def values(trial: Trial, count: int) -> list[dict[str, object]]:
    """Rows in the out topic once there are `count`, or when time is over."""
    found = trial.consume(trial.out_topic, lambda messages: len(messages) >= count, PATIENCE_S)
    return [json.loads(message.value()) for message in found]


@pytest.mark.parametrize("hours", [1, 7 * 24])
def test_a_field_whose_type_changes_from_one_shard_group_to_the_next(trial: Trial, hours: int) -> None:
    """A query over both shows one type only. The rows after the change come, and later ones too, past a gap."""
    bucket = f"{trial.bucket}-sharded"
    trial.make_bucket(bucket, shard_s=hours * 3600)
    year_1 = 62_135_596_800 * 1_000_000  # shard groups count from the year 1
    change = (now_us() + year_1) // (hours * HOUR_US) * hours * HOUR_US - year_1
    before = [(change - i * 1_000_000, i + 0.5) for i in range(1, 6)]
    after = [(change + i * 1000, i) for i in range(5)]
    long_ago = change - 50 * hours * HOUR_US
    for at, value in before:
        lines(trial, f"m x={value} {at}", bucket=bucket)
    for at, number in after:
        lines(trial, f"m x={number}i {at}", bucket=bucket)
    lines(trial, f"m x=true {long_ago}", f"other y=1 {now_us()}", bucket=bucket)
    source = trial.source(influxdb_bucket=bucket, key_tag="none", lookback_ms="1000")
    wanted = {(long_ago, True), *before, *after}
    found = values(trial, len(wanted) + 1)
    assert {(row["time"], row["x"]) for row in found if "x" in row} == wanted
    live = now_us()
    lines(trial, f"m x=9i {live}", bucket=bucket)
    assert (live, 9) in {(row["time"], row.get("x")) for row in values(trial, len(wanted) + 2)}
    assert trial.connect.status(source).running


def test_names_of_flux_csv_connect_and_the_mapping_are_names_like_others(trial: Trial) -> None:
    at = now_us() - 5_000_000
    fields = ["result", "table", "measurement", "_value", "_time", "_start", "_field", "error", "reference", "name"]
    lines(
        trial,
        "result,table=a,result=b,measurement=c,x=d "
        + ",".join(f"{f}={i}i" for i, f in enumerate(fields))
        + f",x=9i {at}",
    )
    trial.source(measurement_fieldname="measurement", key_tag="result")
    [found] = values(trial, 1)
    taken = {"result", "table", "measurement"}
    wanted = {f"{name}_field" if name in taken else name: i for i, name in enumerate(fields)}
    tags = {"table": "a", "result": "b", "measurement_tag": "c", "x": "d", "x_field": 9}
    assert found == {"time": at, "measurement": "result", **tags, **wanted}


def test_texts_come_whole_and_topics_get_legal_names(trial: Trial) -> None:
    """Line breaks of both kinds, an empty text; a bucket and a measurement that no topic can be called after."""
    at = now_us() - 5_000_000
    texts = {"a": "p\nq", "b": "p\r\nq", "c": "p\rq", "d": "", "e": 'x,"y"\\n', "f": "\u2028\x85\x1c"}
    escaped = {name: text.replace("\\", "\\\\").replace('"', '\\"') for name, text in texts.items()}
    bucket = f"{trial.bucket} and/more"
    trial.make_bucket(bucket)
    written = ",".join(f'{name}="{text}"' for name, text in escaped.items())
    lines(trial, f"m/1 {written} {at}", bucket=bucket)
    config = {"influxdb_bucket": bucket, "topic_name_format": "${bucket}"}
    source = trial.source(
        key_tag="none", **config, topic_creation_default_partitions="6", topic_creation_default_replication_factor="3"
    )
    legal = bucket.replace(" ", "_").replace("/", "_")
    trial.wait(lambda: legal in trial.admin.list_topics(timeout=10).topics, "the topic is there", PATIENCE_S)
    [message] = trial.consume(legal, lambda found: len(found) >= 1, PATIENCE_S)
    assert json.loads(message.value()) == {"time": at, **texts}
    assert trial.connect.status(source).running


def test_hundreds_of_measurements_and_of_texts_with_line_breaks_are_read(trial: Trial) -> None:
    """A chain of 200 conditions is nested too deep for InfluxDB, and ended the source with a 400."""
    at, many = now_us() - 5_000_000, 600
    lines(trial, *(f'm{number},id=a f{number}="p\nq" {at}' for number in range(many)))
    names = ",".join(f"m{number}" for number in range(many))
    source = trial.source(key_tag="none", influxdb_measurement_whitelist=names, influxdb_measurement_blacklist="x")
    found = values(trial, many)
    assert {next(iter(set(value) - {"time", "id"})): "p\nq" for value in found} == {
        f"f{n}": "p\nq" for n in range(many)
    }
    assert {value[name] for value in found for name in value if name.startswith("f")} == {"p\nq"}
    assert trial.connect.status(source).running
