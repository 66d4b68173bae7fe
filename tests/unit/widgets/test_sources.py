"""What the panels' sources ask and how they count: on clients that answer from memory, and on ports where nobody is."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import confluent_kafka
import httpx
import pytest
from confluent_kafka import KafkaException, TopicPartition

from lab.base.errors import LabError
from lab.base.settings import ROOT
from lab.faults import Poison
from lab.influx.api import InfluxError
from lab.influx.literal import quoted
from lab.kafka.client import silent
from lab.kafka.groups import lag
from lab.widgets import poller as pump_module
from lab.widgets.poller import PolledSource
from lab.widgets.sources import records
from lab.widgets.sources.http import Buckets
from lab.widgets.sources.kafka import SEARCH_EVERY_S, Group
from lab.widgets.sources.records import Statuses, _reading
from lab.widgets.sources.row_counter import SHARE, STRETCH_S, RowCounter
from tests.support.nowhere import nowhere
from tests.support.waiting import until

NOW = 1_900_000_000
LOOKING_S = 2.5
CLIENTS = {
    "cluster": "Cluster()",
    "group": "Group('g')",
    "producer": "Source()",
}
SCRIPT = """
import sys, time
from confluent_kafka import Producer
from lab.base.addresses import Addresses
from lab.kafka.client import silent
from lab.widgets.sources.kafka import Cluster, Group

class Source:
    def open(self, addresses):
        self.held = Producer(silent(addresses))

    def close(self):
        self.held.flush(0)

one = {client}
one.open(Addresses.model_validate_json(sys.argv[1]))
time.sleep({seconds})
one.close()
"""


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_a_client_without_a_broker_writes_nothing_into_the_cell_its_end_included(client: str) -> None:
    script = SCRIPT.format(client=CLIENTS[client], seconds=LOOKING_S)
    argv = [sys.executable, "-c", script, nowhere().model_dump_json()]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_poison_is_sent_by_a_silent_client(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def refuse(config: dict[str, Any]) -> None:
        seen.append(config)
        raise RuntimeError("far enough")

    monkeypatch.setattr(confluent_kafka, "Producer", refuse)
    with pytest.raises(RuntimeError, match="far enough"):
        Poison(nowhere()).inject()
    assert seen == [silent(nowhere(), acks="all")]


class Bucket:
    """Rows by their time, and what it costs to count them."""

    def __init__(self, *times: int) -> None:
        self.times = list(times)
        self.clock = 0.0
        self.cost_of_all = 0.0
        self.asked: list[tuple[int, int]] = []

    def rows(self, start: int, stop: int) -> int:
        self.asked.append((start, stop))
        self.clock += self.cost_of_all if start == 0 else 0.0
        return sum(start <= time < stop for time in self.times)

    def counter(self) -> RowCounter:
        return RowCounter(self.rows, lambda: self.clock)


def test_rows_that_come_late_with_old_times_are_counted() -> None:
    bucket = Bucket(*range(NOW - 500, NOW))
    counter = bucket.counter()
    assert counter.count(NOW) == 500
    bucket.times += range(NOW - 400, NOW - 300)  # a device that was cut sends what it kept
    bucket.clock += 2
    assert counter.count(NOW + 2) == 600


def test_rows_that_were_deleted_are_counted_no_more() -> None:
    bucket = Bucket(*range(NOW - 500, NOW))
    counter = bucket.counter()
    counter.count(NOW)
    bucket.times.clear()
    bucket.clock += 2
    assert counter.count(NOW + 2) == 0


def test_a_device_whose_clock_runs_ahead_is_counted() -> None:
    assert Bucket(NOW + 86_400).counter().count(NOW) == 1


def test_counting_everything_takes_a_small_part_of_the_time_however_many_rows_there_are() -> None:
    bucket, minutes = Bucket(), 30
    bucket.cost_of_all = 0.5
    counter = bucket.counter()
    for second in range(0, minutes * 60, 2):
        bucket.clock = max(bucket.clock, float(second))
        bucket.times += [NOW + second, NOW + second + 1]
        assert counter.count(NOW + second) == len(bucket.times)
    wholes = [start for start, _ in bucket.asked if start == 0]
    assert len(wholes) * bucket.cost_of_all <= SHARE * minutes * 60 + bucket.cost_of_all
    stretches = [NOW + 2 * n - start for n, (start, _) in enumerate(bucket.asked) if start]
    assert stretches
    assert max(NOW + minutes * 60 - start for start, _ in bucket.asked[-1:]) <= 2 * STRETCH_S + 2


@dataclass
class Server:
    """InfluxDB's answers from memory: rows per bucket, and the token it takes."""

    buckets: dict[str, int] = field(default_factory=dict)
    token: str = "first"
    queries: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] != f"Token {self.token}":
            return httpx.Response(401, json={"code": "unauthorized", "message": "unauthorized access"})
        if request.url.path.endswith("/tasks"):
            return httpx.Response(200, json={"tasks": []})
        return self._query(request.content.decode())

    def _query(self, body: str) -> httpx.Response:
        self.queries.append(body)
        found = [rows for bucket, rows in self.buckets.items() if f'"{bucket}"' in body]
        if not found:
            return httpx.Response(404, json={"code": "not found", "message": 'could not find bucket "x"'})
        whole = "start: 0," in body and "count()" in body
        return httpx.Response(
            200,
            headers={"content-type": "text/csv"},
            text=f",result,table,_value\n,_result,0,{found[0]}\n" if whole else "",
        )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    held, client = Server(), httpx.Client

    def make(**options: Any) -> httpx.Client:
        return client(transport=httpx.MockTransport(held), **options)

    monkeypatch.setattr(httpx, "Client", make)
    return held


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("first")
    return path


def opened(token: Path) -> Buckets:
    source = Buckets()
    source.open(nowhere(influx_token_file=token))
    return source


def test_a_bucket_that_is_deleted_is_absent_and_counted_anew_when_it_is_back(server: Server, token: Path) -> None:
    source = opened(token)
    assert source.sample()["counts"] == {"kafka_raw": None, "kafka_downsampled": None}
    server.buckets = {"kafka_raw": 7, "kafka_downsampled": 3}
    assert source.sample()["counts"] == {"kafka_raw": 7, "kafka_downsampled": 3}
    del server.buckets["kafka_raw"]
    assert source.sample()["counts"] == {"kafka_raw": None, "kafka_downsampled": 3}
    server.buckets["kafka_raw"] = 1
    assert source.sample()["counts"]["kafka_raw"] == 1
    source.close()


def test_another_404_is_no_missing_bucket(server: Server, token: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = opened(token)
    monkeypatch.setattr(server, "_query", lambda _body: httpx.Response(404, json={"message": "organization not found"}))
    with pytest.raises(InfluxError):
        source.sample()
    source.close()


def test_a_generators_name_stays_a_text_in_flux(server: Server, token: Path) -> None:
    server.buckets = {"kafka_raw": 1}
    source = opened(token)
    source.follow = 'g"1\\ ${x}'
    assert source.sample()["followed"] == source.follow
    assert any(quoted(source.follow) in query for query in server.queries)
    assert quoted('a"b\\c\n${d}') == '"a\\"b\\\\c\\n\\${d}"'
    source.close()


def test_a_new_token_in_the_same_file_is_taken_without_restarting_anything(
    server: Server, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "PAUSE_AFTER_TROUBLE", 0.02)
    source = Buckets()
    source.every = 0.02
    polled = PolledSource(source, lambda: nowhere(influx_token_file=token))
    until(lambda: polled.latest.at > 0)
    server.token = "second"
    until(lambda: polled.latest.down)
    token.write_text("second")
    until(lambda: not polled.latest.down, 10)
    polled.stop()


@dataclass
class Broker:
    """One consumer's answers: topics with the ends of their partitions, and what the group committed."""

    topics: dict[str, list[int]]
    committed_at: dict[tuple[str, int], int]
    asked: list[set[str]] = field(default_factory=list)
    down: bool = False

    def list_topics(self, timeout: float) -> Any:
        found = {
            name: SimpleNamespace(partitions={n: SimpleNamespace(leader=1) for n in range(len(ends))})
            for name, ends in self.topics.items()
        }
        return SimpleNamespace(topics=found)

    def committed(self, places: list[TopicPartition], timeout: float) -> list[Any]:
        self.asked.append({place.topic for place in places})
        return [self._answer(p, self.committed_at.get((p.topic, p.partition), -1001)) for p in places]

    def offsets_for_times(self, places: list[TopicPartition], timeout: float) -> list[Any]:
        if self.down:
            raise KafkaException("no leader")
        return [self._answer(p, self.topics[p.topic][p.partition]) for p in places]

    @staticmethod
    def _answer(place: TopicPartition, offset: int) -> Any:
        return SimpleNamespace(topic=place.topic, partition=place.partition, offset=offset, error=None)

    def close(self) -> None: ...


class Admin:
    """An admin client that knows one group."""

    def __init__(self, *members: Any) -> None:
        self.members = list(members)

    def list_groups(self, _name: str, timeout: float) -> list[Any]:
        return [SimpleNamespace(error=None, state="Stable", members=self.members)]


def group_of(broker: Broker, *members: Any) -> Group:
    group = Group("lesson")
    group._consumer, group._admin = broker, Admin(*members)
    return group


def test_the_lag_of_a_group_on_a_lessons_topic_is_found() -> None:
    broker = Broker({"l05_orders": [10, 20], "other": [5], "__consumer_offsets": [9]}, {("l05_orders", 0): 4})
    seen = group_of(broker).sample()
    assert lag(seen) == {"l05_orders/0": 6}
    assert seen["ends"] == {"l05_orders/0": 10, "l05_orders/1": 20}
    assert broker.asked == [{"l05_orders", "other"}]


def test_only_now_and_then_is_every_topic_asked() -> None:
    broker = Broker({"mine": [1], "other": [5]}, {("mine", 0): 1})
    group = group_of(broker)
    group.sample()
    group.sample()
    group._search_due -= SEARCH_EVERY_S
    broker.committed_at = {("other", 0): 2}
    assert lag(group.sample()) == {"other/0": 3}
    assert broker.asked == [{"mine", "other"}, {"mine"}, {"mine", "other"}]


def test_what_a_member_reads_is_asked_at_once_and_unknown_before_it_commits() -> None:
    assignment = b"\x00\x01\x00\x00\x00\x01\x00\x01t\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x01"
    broker = Broker({}, {})
    group = group_of(broker, SimpleNamespace(client_id="c", id="c-123456", assignment=assignment))
    assert lag(group.sample()) == {"t/0": None, "t/1": None}
    broker.topics = {"t": [8, 0]}
    assert lag(group.sample()) == {"t/0": None, "t/1": 0}


def test_without_a_leader_the_lag_is_unknown_and_the_group_is_not_lost() -> None:
    broker = Broker({"t": [3]}, {("t", 0): 1}, down=True)
    assert lag(group_of(broker).sample()) == {"t/0": None}


def test_a_token_that_is_missing_is_told_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(LabError) as trouble:
        opened(tmp_path / "none")
    assert trouble.value.remedy


@pytest.mark.parametrize("value", ["[" * 100_000, "[1]", "text", '"a"', '{"load": NaN}', '{"load": 1e999}', '{"a":{}}'])
def test_odd_records_have_no_fields(value: str) -> None:
    assert _reading(value) == {}


def test_only_numbers_and_short_texts_of_a_record_go_to_a_panel() -> None:
    assert _reading('{"load": 4.5, "id": "g1", "long": "' + "x" * 300 + '", "n": 3}') == {
        "load": 4.5,
        "id": "g1",
        "n": 3,
    }


class Topic:
    """A consumer of one topic whose records come in batches."""

    def __init__(self, *batches: list[tuple[str, str, int]]) -> None:
        self.batches = list(batches)

    def list_topics(self, topic: str, timeout: float) -> Any:
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions={0: None}, error=None)})

    def assign(self, _places: Any) -> None: ...

    def close(self) -> None: ...

    def consume(self, _most: int, timeout: float) -> list[Any]:
        return [self._message(*one) for one in (self.batches.pop(0) if self.batches else [])]

    @staticmethod
    def _message(key: str, value: str, at: int) -> Any:
        held = {"error": None, "key": key.encode(), "value": value.encode(), "timestamp": (1, at * 1000)}
        held |= {"partition": 0, "offset": at, "headers": None}
        return SimpleNamespace(**{name: lambda answer=answer: answer for name, answer in held.items()})


def test_a_status_that_is_read_once_more_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Topic([("g1", "online", 5), ("g1", "offline", 7)])
    second = Topic([("g1", "online", 5)], [("g1", "offline", 7)], [("g1", "online", 9)])
    consumers = [first, second]
    monkeypatch.setattr(records, "looker", lambda _addresses: consumers.pop(0))
    source = Statuses("status")
    seen = []
    for looks in (1, 3):
        source.open(nowhere())
        seen += [source.sample()["statuses"]["g1"]["said"] for _ in range(looks)]
        source.close()
    assert seen == ["offline", "offline", "offline", "online"]
