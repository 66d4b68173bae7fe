"""Records through sink, InfluxDB and source: what comes back is what was sent, or it was refused with a reason.

Names, types, texts and times at random, the odd ones often. Repeat a failure with the seed that its message names:
ROUNDTRIP_SEED=... ./workshop test services -k roundtrip.
"""

from __future__ import annotations

import json
import os
import random
import time
from typing import Any

import pytest
from confluent_kafka import Message

from bench.connect_trial import Trial
from lab.connect.configs import sink_config

PATIENCE_S = 240
NOW_NS = time.time_ns()
EPOCHS = (
    NOW_NS - 90 * 10**9,
    NOW_NS - 2 * 3600 * 10**9,
    946_684_800 * 10**9,
    0,
    -1_000_000_007,
    -8_520_336_000 * 10**9,
)
"""Around these times records lie: now, hours ago, 2000, 1970, before it, and 1700."""
NAMES = [
    "result",
    "table",
    "error",
    "reference",
    "time",
    "_time",
    "_value",
    "_field",
    "_measurement",
    "_start",
    "_stop",
]
NAMES += [
    "measurement",
    "tags",
    "fields",
    "name",
    "key",
    "value",
    "timestamp",
    "bucket",
    "group",
    "default",
    "datatype",
]
NAMES += ["_tagKey", "#datatype", "null", "true", "1", "a,b", "a=b", "a\\ b", "'q'", '"q"', "${x}", "$x", "r._value"]
TEXTS = [
    "",
    " ",
    "a",
    "p\nq",
    "p\r\nq",
    "p\rq",
    "\n",
    "\r",
    "a,b",
    'say "x"',
    "\\",
    "a\\",
    "\\n",
    "\\r\\n",
    "\t",
    "\x00",
    "\x7f",
    "\x85",
]
TEXTS += [
    "\u2028",
    "\u2029",
    "\x1c",
    "\ufeff",
    "\ud800",
    "💧",
    "é",
    "e\u0301",
    "\U0010ffff",
    ",,,",
    '""',
    "#",
    "${x}",
    "null",
    "a\u200bb",
]
NUMBERS: list[Any] = [
    0,
    1,
    -1,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    2**63,
    2**64 - 1,
    10**30,
    0.1,
    -0.0,
    1e300,
    5e-324,
    1.5,
    1e16,
]


class Maker:
    """Makes records of one seed; each has a time of its own, by which it is known."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._times: set[int] = set()

    def record(self) -> dict[str, Any]:
        made: dict[str, Any] = {"measurement": self._name(), "at": self._time(), "plain": 0.5}
        made["tags"] = {self._name(): self._tag() for _ in range(self._random.randrange(4))}
        for _ in range(1 + self._random.randrange(3)):
            name = self._name()
            if name not in ("measurement", "tags", "at"):
                made[name] = self._field()
        return made

    def _time(self) -> int:
        at = self._random.choice(EPOCHS) + self._random.randrange(20_000_000_000)
        while at in self._times:
            at += 1
        self._times.add(at)
        return at

    def _name(self) -> str:
        odd = self._random.random()
        if odd < 0.15:
            return self._random.choice(NAMES)
        return f"n{self._random.randrange(10**9)}" if odd < 0.85 else self._text()

    def _text(self) -> str:
        if self._random.random() < 0.4:
            return self._random.choice(TEXTS)
        return "".join(self._random.choice([*TEXTS, *"abc ,=\\\"'"]) for _ in range(self._random.randrange(6)))

    def _tag(self) -> Any:
        return self._random.choice([self._text(), self._text(), "plain", None, 7, True])

    def _field(self) -> Any:
        kinds: list[Any] = [self._text(), self._text(), self._random.choice(NUMBERS), self._random.random() * 1e6]
        kinds += [self._random.randrange(-(2**63), 2**63), self._random.random() < 0.5, None, [1], {"a": 1}]
        return self._random.choice(kinds)


def expected(record: dict[str, Any]) -> dict[str, Any]:
    """What docs/connectors.md promises of a record that is not refused."""
    value: dict[str, Any] = {"time": record["at"], "measurement": record["measurement"]}
    tags = {name: text(tag) for name, tag in record["tags"].items() if tag not in (None, "")}
    scalars = {name: field for name, field in record.items() if name not in ("at", "measurement", "tags")}
    fields = {
        name: field for name, field in scalars.items() if field is not None and not isinstance(field, list | dict)
    }
    aside = [(f"{name}_tag", tag, "_tag") for name, tag in tags.items() if name in value]
    value |= {name: tag for name, tag in tags.items() if name not in value}
    aside += [(f"{name}_field", field, "_field") for name, field in fields.items() if name in value]
    value |= {name: field for name, field in fields.items() if name not in value}
    for name, content, tail in aside:
        while name in value:
            name += tail  # noqa: PLW2901
        value[name] = content
    return value


def text(tag: Any) -> str:
    return json.dumps(tag) if isinstance(tag, bool | int) else str(tag)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Equal, with -0.0 apart from 0.0 and 1 apart from 1.0 and true."""
    return {name: repr(value) for name, value in one.items()} == {name: repr(value) for name, value in other.items()}


def payload(record: dict[str, Any]) -> bytes:
    """ASCII, so that half of a surrogate pair can be written; strict JSON takes it as an escape."""
    return json.dumps(record).encode()


def check(trial: Trial, count: int) -> None:
    seed = int(os.environ.get("ROUNDTRIP_SEED", time.time_ns() % 10**9))
    maker = Maker(seed)
    sent = {record["at"]: record for record in (maker.record() for _ in range(count))}
    refused, read = through(trial, sent)
    for at, record in sent.items():
        repeat = f"ROUNDTRIP_SEED={seed} at {at}"
        if at in refused:
            assert refused[at].strip(), f"no reason given, {repeat}"
            assert at not in read, f"refused and handed over, {repeat}: {refused[at]}"
        else:
            assert at in read, f"lost without a word, {repeat}: {record}"
            assert same(read[at], expected(record)), f"changed, {repeat}: {expected(record)} became {read[at]}"
    assert len(read) > count / 4, f"too few of {count} came through: {len(read)}; {sorted(refused.values())[:50]}"


def through(trial: Trial, sent: dict[int, dict[str, Any]]) -> tuple[dict[int, str], dict[int, dict[str, Any]]]:
    """By time: the reasons of refused records, and the values of those that the source handed over."""
    config = sink_config(trial.addresses)
    own = {
        "topics": trial.topic,
        "influxdb.bucket": trial.bucket,
        "errors.deadletterqueue.topic.name": trial.dead_letters,
        "event.time.fieldname": "at",
        "write.precision": "Nanoseconds",
        "tag.fields": "",
        "field.types": "",
        "integers.as.floats": "false",
    }
    name = f"{trial.name}-sink"
    del config["measurement.name.format"]
    trial.connect.create_or_update(name, config | own)
    trial.produce((str(i % 50), payload(record)) for i, record in enumerate(sent.values()))
    trial.wait(lambda: trial.committed(name) >= len(sent), "every record is written or refused", PATIENCE_S)
    letters = trial.consume(
        trial.dead_letters, lambda found: len(found) >= trial.records(trial.dead_letters), PATIENCE_S
    )
    refused = {json.loads(letter.value())["at"]: reason(letter) for letter in letters}
    changes = {
        "measurement.fieldname": "measurement",
        "time.precision": "Nanoseconds",
        "start.time": "1690-01-01T00:00:00Z",
    }
    trial.source(key_tag="none", **{key.replace(".", "_"): value for key, value in changes.items()})
    rows = trial.consume(trial.out_topic, lambda found: len(found) >= len(sent) - len(refused), PATIENCE_S)
    values = [json.loads(row.value()) for row in rows]
    return refused, {value["time"]: value for value in values}


def reason(letter: Message) -> str:
    return dict(letter.headers() or [])["__connect.errors.exception.message"].decode()


def test_what_comes_back_is_what_was_sent_or_was_refused(trial: Trial) -> None:
    check(trial, 600)


@pytest.mark.thorough("thousands of round trips through the connectors")
@pytest.mark.timeout(1200)
def test_thousands_come_back_as_sent_or_were_refused(trial: Trial) -> None:
    check(trial, 20_000)
