"""The sink on real Kafka, Connect and influxd."""

from __future__ import annotations

import json
import time

import pytest
from confluent_kafka import Producer

from lab.addresses import Addresses
from lab.connect.client import Connect
from lab.connect.configs import sink_config, source_config
from lab.connect.trial import Trial
from lab.pace import allow

NOW_US = time.time_ns() // 1000
BATCH = 5000
PATIENCE_S = 240


def reading(i: int, **more: object) -> bytes:
    return json.dumps(
        {"measurement": "m", "tags": {"g": f"g{i % 10}"}, "time": NOW_US - i, "fuel": 1.5, **more}
    ).encode()


def test_seven_bad_records_of_five_kinds_and_no_other_reach_the_dead_letters(trial: Trial) -> None:
    """Five kinds, seven records: exactly they are refused, each with its reason, and the offset is past the batch."""
    kept = f"{trial.bucket}-kept"
    trial.make_bucket(kept, keep_s=3600)
    name = f"{trial.name}-sink"
    trial.connect.create_or_update(name, confluent_shape(trial, kept))
    bad = {
        700: (b"not json", "The payload is not JSON"),
        1400: (b'{"time": %d, "tags": {"g": "g1"}, "fuel": 1.5}' % NOW_US, "names no measurement"),
        2100: (reading(2100, fuel="full"), "field type conflict"),
        2800: (reading(2800, fuel=True), "field type conflict"),
        3500: (reading(3500, time=NOW_US - 7200 * 1_000_000), "retention"),
        4200: (reading(4200, tags={}), "no tag"),
        4900: (b"{]", "The payload is not JSON"),
    }
    trial.produce([("one", reading(-1))])
    trial.wait(lambda: trial.count("fuel", kept) == 1, "the first point is there", PATIENCE_S)
    trial.produce(("one", bad[i][0] if i in bad else reading(i)) for i in range(BATCH))
    trial.wait(lambda: trial.committed(name) == BATCH + 1, "the offset is past the batch", PATIENCE_S)
    letters = trial.consume(trial.dead_letters, lambda found: len(found) >= len(bad), PATIENCE_S)
    assert {letter.value() for letter in letters} == {value for value, _ in bad.values()}
    assert len(letters) == len(bad)
    for letter in letters:
        reason = dict(letter.headers() or [])["__connect.errors.exception.message"].decode()
        wanted = next(why for value, why in bad.values() if value == letter.value())
        assert wanted in reason, (letter.value(), reason)
    assert trial.count("fuel", kept) == BATCH - len(bad) + 1
    assert trial.connect.status(name).running


def test_thousands_of_a_wrong_type_reach_the_dead_letters_and_no_good_one_does(trial: Trial) -> None:
    """Two fields of a wrong type, and good records between them, in one batch."""
    sink = trial.sink(batch_linger_ms="1000")
    kinds: list[dict[str, object]] = [{"fuel": "full"}, {"fuel": 1.5}, {"power": True}]
    trial.produce([("g", own(0, {"fuel": 1.5, "power": 2.5}))])
    trial.wait(lambda: trial.count("power") == 1, "the first point is there", PATIENCE_S)
    trial.produce(("g", own(i, kinds[i % 3])) for i in range(1, 3001))
    trial.wait(lambda: trial.committed(sink) == 3001, "the offset is past all", PATIENCE_S)
    letters = trial.consume(trial.dead_letters, lambda found: len(found) >= 2000, PATIENCE_S)
    wrong = [own(i, kinds[i % 3]) for i in range(1, 3001) if i % 3 != 1]
    assert sorted(letter.value() for letter in letters) == sorted(wrong)
    for letter in letters:
        headers = dict(letter.headers() or [])
        wanted = '"fuel" on measurement "genData" is type string' if b"full" in letter.value() else '"power" on'
        assert wanted in headers["__connect.errors.exception.message"].decode()
        assert len(headers["__connect.errors.exception.stacktrace"]) < 1000, "no stack trace in every dead letter"
    assert trial.count("fuel") == 1001


def own(i: int, fields: dict[str, object]) -> bytes:
    return json.dumps({"generatorID": f"g{i % 50}", "time": NOW_US + i, **fields}).encode()


def confluent_shape(trial: Trial, bucket: str) -> dict[str, str]:
    """Measurement and tags come from the record itself."""
    config = sink_config(trial.addresses)
    for key in ("measurement.name.format", "tag.fields"):
        del config[key]
    return config | {
        "topics": trial.topic,
        "influxdb.bucket": bucket,
        "errors.deadletterqueue.topic.name": trial.dead_letters,
        "tags.required": "true",
        "batch.linger.ms": "1000",
    }


def test_without_tolerance_a_bad_record_fails_the_task_with_its_reason(trial: Trial) -> None:
    sink = trial.sink(errors_tolerance="none")
    trial.produce([("g", json.dumps({"generatorID": "g", "time": "soon", "fuel": 1.0}).encode())])
    trial.wait(lambda: trial.connect.status(sink).failed, "the task fails", PATIENCE_S)
    assert "'time' is not an ISO 8601 time" in trial.connect.status(sink).cause


def test_schemas_headers_tombstones_and_gzip(trial: Trial) -> None:
    """Records with schemas; the measurement from topic and header; a tombstone is passed over."""
    schema = {
        "type": "struct",
        "fields": [
            {"field": "time", "type": "int64"},
            {"field": "generatorID", "type": "string"},
            {"field": "fuel", "type": "double"},
            {"field": "note", "type": "string", "optional": True},
        ],
    }
    value = {"schema": schema, "payload": {"time": NOW_US, "generatorID": "g1", "fuel": 7.5, "note": None}}
    sink = trial.sink(
        value_converter="org.apache.kafka.connect.json.JsonConverter",
        value_converter_schemas_enable="true",
        measurement_name_format="${topic}-${header.site}",
        influxdb_gzip_enable="true",
    )
    producer = Producer(trial.addresses.librdkafka())
    producer.produce(trial.topic, json.dumps(value), key="g1", headers={"site": "north"})
    producer.produce(trial.topic, None, key="g1")
    assert producer.flush(allow(30)) == 0
    trial.wait(lambda: trial.committed(sink) == 2, "both records are committed", PATIENCE_S)
    flux = f'from(bucket: "{trial.bucket}") |> range(start: 0)'
    [found] = [record for table in trial.influx.query_api().query(flux) for record in table.records]
    assert found.get_measurement() == f"{trial.topic}-north"
    assert (found.get_field(), found.get_value(), found.values["generatorID"]) == ("fuel", 7.5, "g1")
    assert trial.connect.status(sink).running


@pytest.mark.parametrize(
    ("property_name", "wrong", "says"),
    [
        ("influxdb.token", "nonsense", "does not accept the token"),
        ("influxdb.bucket", "nowhere", "no such bucket"),
        ("influxdb.org.id", "nobody", "no such organisation"),
        ("influxdb.url", "http://127.0.0.1:1", "No InfluxDB answers"),
    ],
)
@pytest.mark.parametrize("kind", ["sink", "source"])
def test_validation_names_the_wrong_property(
    stack: Addresses, kind: str, property_name: str, wrong: str, says: str
) -> None:
    config = {"sink": sink_config, "source": source_config}[kind](stack) | {property_name: wrong}
    with Connect(stack.connect_url) as connect:
        [problem] = connect.validate(config).problems
    assert problem.property == property_name
    assert says in problem.message
