"""What is removed by prefix is gone with its memory, and nothing else is touched."""

from __future__ import annotations

from confluent_kafka import Producer
from confluent_kafka.cimpl import NewTopic

from lab.base.addresses import Addresses
from lab.base.pace import allow
from lab.influx import buckets, tasks
from lab.influx.api import Influx
from lab.kafka.client import admin, silent
from lab.kafka.topics import TopicReader
from lab.provision import clean

MINE, OTHER = "t_clean_", "t_kept_"
FLUX = 'option task = {name: "%s", every: 1h}\nfrom(bucket: "%s") |> range(start: -1h) |> yield()'


def names(addresses: Addresses) -> set[str]:
    with TopicReader(addresses) as reader:
        return {name for name in reader.names() if name.startswith((MINE, OTHER))}


def length(addresses: Addresses, topic: str) -> int:
    with TopicReader(addresses) as reader:
        return sum(end - first for first, end in reader.bounds(topic).values())


def test_topics_are_emptied_and_removed_by_their_prefix(stack: Addresses) -> None:
    made = [NewTopic(f"{MINE}a_orders", 2, 3), NewTopic(f"{MINE}a_raw", 1, 3), NewTopic(f"{OTHER}a_orders", 1, 3)]
    kafka = admin(stack)  # it must outlive its answers
    for answer in kafka.create_topics(made, operation_timeout=allow(20)).values():
        answer.result(allow(20))
    producer = Producer(silent(stack, acks="all"))
    for topic in made:
        producer.produce(topic.topic, b"1", key=b"k")
    assert producer.flush(allow(20)) == 0
    clean.records(stack, MINE, ("_orders",))
    assert [length(stack, topic.topic) for topic in made] == [0, 1, 1]
    clean.topics(stack, MINE)
    assert names(stack) == {f"{OTHER}a_orders"}
    clean.topics(stack, OTHER)


def test_buckets_and_tasks_go_and_a_new_bucket_takes_another_type(stack: Addresses) -> None:
    with Influx(stack) as influx:
        for name in (f"{MINE}raw", f"{MINE}rows", f"{OTHER}raw"):
            buckets.ensure(influx, name)
            influx.write(name, ["m,d=a x=1i 1000000"], "s")
            tasks.ensure(influx, name, FLUX % (name, name))
        clean.influx(stack, MINE, ("raw",))
        there = [bool(buckets.find(influx, name)) for name in (f"{MINE}raw", f"{MINE}rows", f"{OTHER}raw")]
        assert there == [False, True, True]
        assert [bool(tasks.find(influx, name)) for name in (f"{MINE}rows", f"{OTHER}raw")] == [False, True]
        buckets.ensure(influx, f"{MINE}raw")
        influx.write(f"{MINE}raw", ["m,d=a x=1.5 1000000"], "s")
        clean.influx(stack, MINE)
        clean.influx(stack, OTHER)
        assert not any(buckets.find(influx, name) for name in (f"{MINE}raw", f"{MINE}rows", f"{OTHER}raw"))


def test_nothing_to_remove_is_no_error(stack: Addresses) -> None:
    clean.connectors(stack, "t_nothing_")
    clean.influx(stack, "t_nothing_")
    clean.records(stack, "t_nothing_", ("",))
    clean.topics(stack, "t_nothing_")
    clean.groups(stack, "t_nothing_")
