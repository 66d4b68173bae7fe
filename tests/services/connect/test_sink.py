"""The sink on real Kafka, Connect and influxd."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from confluent_kafka import Producer

from bench.connect_trial import Trial
from lab.base.addresses import Addresses
from lab.base.errors import LearnerError
from lab.base.pace import allow
from lab.connect.client import Connect
from lab.connect.configs import sink_config, source_config

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
    sink = trial.sink(batch_linger_ms="1000", field_types="")
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
    for key in ("measurement.name.format", "tag.fields", "field.types"):
        del config[key]
    return config | {
        "topics": trial.topic,
        "influxdb.bucket": bucket,
        "errors.deadletterqueue.topic.name": trial.dead_letters,
        "tags.required": "true",
        "batch.linger.ms": "1000",
    }


def test_a_record_that_ended_the_task_is_still_there_when_it_is_tolerated(trial: Trial) -> None:
    """InfluxDB refuses it amid a batch: no offset moves past it, and the next configuration puts it aside."""
    sink = trial.sink(errors_tolerance="none", batch_linger_ms="500")
    trial.produce([("g", own(0, {"fuel": 1.5}))])
    trial.wait(lambda: trial.committed(sink) == 1, "the first point is written and committed", PATIENCE_S)
    trial.produce([("g", own(1, {"fuel": "full"})), ("g", own(2, {"fuel": 2.5}))])
    trial.wait(lambda: trial.connect.status(sink).failed, "the task fails", PATIENCE_S)
    assert trial.committed(sink) == 1
    trial.sink(batch_linger_ms="500")
    trial.wait(lambda: trial.committed(sink) == 3, "the offset is past all", PATIENCE_S)
    letters = trial.consume(trial.dead_letters, bool, PATIENCE_S)
    assert {letter.value() for letter in letters} == {own(1, {"fuel": "full"})}
    assert trial.count("fuel") == 2


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


def test_the_offset_passes_what_a_converter_or_transformation_drops(trial: Trial) -> None:
    """Once lag was never zero again, and each restart sent the same records to the dead letters once more."""
    sink = trial.sink(
        transforms="drop",
        transforms_drop_type="org.apache.kafka.connect.transforms.Filter",
        transforms_drop_predicate="tombstone",
        predicates="tombstone",
        predicates_tombstone_type="org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
    )
    trial.produce([("g", own(0, {"fuel": 1.5})), ("g", b"not json"), ("g", b"not json either")])
    trial.wait(lambda: trial.committed(sink) == 3, "the offset passes what the converter refused", PATIENCE_S)
    producer = Producer(trial.addresses.librdkafka())
    producer.produce(trial.topic, None, key="g")
    assert producer.flush(30) == 0
    trial.wait(lambda: trial.committed(sink) == 4, "the offset passes what the transformation dropped", PATIENCE_S)
    trial.connect.restart(sink)
    trial.produce([("g", own(1, {"fuel": 1.5}))])
    trial.wait(lambda: trial.committed(sink) == 5, "the sink goes on", PATIENCE_S)
    assert trial.records(trial.dead_letters) == 2


def test_numbers_and_texts_that_cannot_be_kept_are_refused_and_never_changed(trial: Trial) -> None:
    sink = trial.sink(field_types="", integers_as_floats="false")
    good = {"big": 2**63 - 1, "small": -(2**63), "odd": 2**53 + 1, "tenth": 0.1}
    odd = [2**64 - 1, 2**63, 10**19]
    bad = [own(i, {f"x{i}": number}) for i, number in enumerate(odd, 1)]
    bad += [own(8, {"a": 1}) + own(9, {"b": 2}), own(10, {"c": 1}) + b"\x00", own(11, {"d": 1}) + b" more"]
    bad += [own(12, {}).replace(b"}", b',"e":1,"e":2}'), own(14, {"f": 1}).replace(b'"f"', b'"f\xff"')]
    trial.produce([("g", own(0, good)), *(("g", value) for value in bad)])
    trial.wait(lambda: trial.committed(sink) == len(bad) + 1, "all are written or refused", PATIENCE_S)
    letters = trial.consume(trial.dead_letters, lambda found: len(found) >= len(bad), PATIENCE_S)
    assert sorted(letter.value() for letter in letters) == sorted(value for value in bad)
    flux = f'from(bucket: "{trial.bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)'
    rows = [record for table in trial.influx.query_api().query(flux) for record in table.records]
    assert {row.get_field(): row.get_value() for row in rows} == good


class Pretender(BaseHTTPRequestHandler):
    """Refuses the sink's validation as InfluxDB would, and answers every write in another way."""

    answers: ClassVar[dict[str, tuple[int, dict[str, str], bytes]]] = {
        "page": (200, {"Content-Type": "text/html"}, b"<html>Welcome</html>"),
        "login": (302, {"Location": "/login"}, b""),
        "tls": (400, {}, b"Client sent an HTTP request to an HTTPS server.\n"),
        "proxy": (404, {"Content-Type": "text/html"}, b"<html>Not Found</html>"),
    }
    answer: ClassVar[str] = "page"
    validates: ClassVar[bool] = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, content = self.answers[self.answer]
        if self.validates and b"validation" in body:
            said = {"code": "invalid", "message": f"unable to parse '{body.decode()}': missing fields"}
            status, headers, content = 400, {"Content-Type": "application/json"}, json.dumps(said).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def pretender() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pretender)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_answer_that_is_not_influxdbs_is_no_confirmation(trial: Trial, pretender: str) -> None:
    """The task fails and names the address; nothing is committed, and nothing reaches the dead letters."""
    trial.produce([("g", own(i, {"fuel": 1.5})) for i in range(100)])
    for answer in Pretender.answers:
        Pretender.answer, Pretender.validates = answer, True
        sink = trial.sink(influxdb_url=pretender)
        trial.wait(partial(failed, trial, sink), f"the task fails on {answer}", PATIENCE_S)
        assert "TLS" in trial.connect.status(sink).cause or "not InfluxDB 2" in trial.connect.status(sink).cause
        assert trial.committed(sink) == 0
        trial.connect.delete(sink)
    assert trial.records(trial.dead_letters) == 0
    sink = trial.sink()
    trial.wait(lambda: trial.committed(sink) == 100, "the right address takes all", PATIENCE_S)
    assert trial.count("fuel") == 100


def failed(trial: Trial, name: str) -> bool:
    """Right after its creation Connect may not know the connector yet."""
    try:
        return trial.connect.status(name).failed
    except LearnerError:
        return False


def test_validation_proves_that_influxdb_answers(stack: Addresses, pretender: str) -> None:
    Pretender.validates = False
    with Connect(stack.connect_url) as connect:
        for answer in Pretender.answers:
            Pretender.answer = answer
            for config in (sink_config(stack), source_config(stack)):
                [problem] = connect.validate(config | {"influxdb.url": pretender}).problems
                assert problem.property == "influxdb.url"
        [problem] = connect.validate(sink_config(stack) | {"influxdb.token": stack.influx_token + "\u200b"}).problems
        assert problem.property == "influxdb.token"
        assert "U+200B" in problem.message
