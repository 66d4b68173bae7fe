# %% [markdown]
# Monday, seven o'clock: the grid fails in three towns at once and every emergency generator starts. Readings arrive at
# **1,000 records per second**; the program that stores them manages **500**. Nothing is lost, Kafka keeps it all.
# But the control room looks at a fuel gauge that is older with every second. The question of this lesson:
#
# > *How far behind am I, how do I catch up, and what happens to the record I am processing when I crash?*

# %% tags=["setup"]
from lab.learn import allow, exercise, where

# %% tags=["setup"]
import threading
import time

import plotly.graph_objects as go
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import NewTopic

from lab import widgets


def make_topic(name, partitions):
    """Make a topic unless it is there."""
    admin = KafkaAdminClient(**where.kafka_python())
    if name not in admin.list_topics():
        admin.create_topics([NewTopic(name, num_partitions=partitions, replication_factor=3)], wait_for_metadata=True)
    admin.close()


def fill(topic, count):
    """Write `count` small records, in turns to every partition."""
    producer = KafkaProducer(**where.kafka_python(), linger_ms=20)
    partitions = len(producer.partitions_for(topic))
    for number in range(count):
        producer.send(topic, value=str(number).encode(), partition=number % partitions)
    producer.flush()
    producer.close()


def begin_at_end(group, topic):
    """Commit the end of every partition for a group, so that it begins with what comes now."""
    consumer = KafkaConsumer(group_id=group, enable_auto_commit=False, **where.kafka_python())
    ends = consumer.end_offsets([TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic)])
    consumer.commit({partition: OffsetAndMetadata(end, "", -1) for partition, end in ends.items()})
    consumer.close()


class Worker(threading.Thread):
    """One instance of a consumer group that needs `seconds` for each record, until it is stopped."""

    def __init__(self, group, topic, seconds=0.0):
        super().__init__(daemon=True)
        self.done, self.partitions, self._ending = 0, set(), threading.Event()
        self.seconds, self.group, self.topic = seconds, group, topic
        self.start()

    def run(self):
        consumer = KafkaConsumer(
            self.topic,
            group_id=self.group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_poll_records=50,
            **where.kafka_python(),
        )
        consumer.partitions_for_topic(self.topic)  # know them before joining, or the first share-out may be of nothing
        while not self._ending.is_set():
            batch = [record for found in consumer.poll(timeout_ms=200).values() for record in found]
            self.partitions = {pair.partition for pair in consumer.assignment()}
            time.sleep(len(batch) * self.seconds)  # the work
            if batch:
                consumer.commit()
                self.done += len(batch)
        consumer.close()

    def stop(self):
        self._ending.set()
        self.join(timeout=allow(15))


def wait_until(condition, seconds=20):
    """True as soon as the condition is, False when the time is over."""
    deadline = time.monotonic() + allow(seconds)
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return bool(condition())


make_topic("l05_rush", 6)
begin_at_end("l05-slow", "l05_rush")  # the slow group begins with what comes now
fill("l05_rush", 60)

# %% [markdown]
# ## Lag: how far behind
#
# A consumer group remembers one number per partition: the offset up to which it is done, its **committed offset**. The
# partition's end offset says how much there is. The difference is the **lag**, in records.
#
# Here is the Monday rush in small: 1,500 records come in, and one instance works at 500 per second, for one second.

# %%
begin_at_end("l05-slow", "l05_rush")
fill("l05_rush", 1500)
worker = Worker("l05-slow", "l05_rush", seconds=1 / 500)
wait_until(lambda: worker.done >= 500)
worker.stop()
print("records waiting: more than none and fewer than 1,500:", 0 < 1500 - worker.done < 1500)

# %% [markdown]
# Write `lag(group, topic)`: the number of records of the topic that the group has not committed, **over all partitions**.
# A consumer of that group that neither subscribes nor commits can be asked: `end_offsets(partitions)` and
# `committed(partition)`. A partition of which the group has committed nothing counts from 0.

# %% tags=["exercise"] id="l05.lag"
ex1 = exercise("l05.lag")


def lag(group, topic):
    ### BEGIN SOLUTION
    #: pass
    #: # TODO: make a KafkaConsumer(group_id=..., enable_auto_commit=False, **where.kafka_python())
    #: # TODO: return the sum of the ends minus the committed offsets; close the consumer
    consumer = KafkaConsumer(group_id=group, enable_auto_commit=False, **where.kafka_python())
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
    ends = consumer.end_offsets(partitions)
    total = sum(ends[partition] - (consumer.committed(partition) or 0) for partition in partitions)
    consumer.close()
    return total
    ### END SOLUTION


# %% tags=["check"]
ex1.check(lag)

# %% [markdown]
# ## How many instances?
#
# Waiting does not reduce a lag that grows. **Predict:** 1,000 records come in each second, an instance manages 500, and
# 9,000 records wait already. How many instances are needed at least, so that the backlog is gone **within 20 seconds**?

# %% tags=["exercise"] id="l05.instances"
ex2 = exercise("l05.instances")
### BEGIN SOLUTION
#: # TODO: the smallest number of instances
#: instances = None
instances = -(-(1_000 + 9_000 // 20) // 500)
### END SOLUTION

# %% tags=["check"]
ex2.check(instances)

# %% [markdown]
# ## Scale out
#
# To add an instance, start another consumer with **the same group id**. The group's coordinator takes partitions from those
# that have them and gives them to the newcomer: a **rebalance**. Nobody has to be told who reads what.
#
# Let a group named `l05-share` work on `l05_rush` with **three instances**, and leave them running. `Worker(group, topic)`
# starts one. Keep them in the list `team`.

# %% tags=["exercise"] id="l05.share"
ex3 = exercise("l05.share")
team = []
### BEGIN SOLUTION
#: # TODO: put three running workers of the group l05-share into team
team += [Worker("l05-share", "l05_rush") for _ in range(3)]
### END SOLUTION

# %% tags=["check"]
ex3.check()

# %% [markdown]
# Six partitions, three instances: two each. Now watch what one instance too many does: seven instances of one group, on six
# partitions. The **lag view** draws what the group has yet to do; an R on the time line marks each rebalance. Leave it in sight
# while the next cell runs.

# %% tags=["varies"]
widgets.lag_view("l05-crowd")

# %%
for member in team:
    member.stop()
crowd = [Worker("l05-crowd", "l05_rush") for _ in range(7)]
settled = wait_until(
    lambda: sum(len(member.partitions) for member in crowd) == 6 and sum(not m.partitions for m in crowd) == 1, 30
)
shares = sorted(len(member.partitions) for member in crowd)
print("partitions per instance:", shares)
for member in crowd:
    member.stop()

# %% [markdown]
# The seventh waits until one of the others crashes. That makes the group more available, but not faster: **the number of
# partitions bounds the number of instances that work**. The bars say the same: six of height one, one of height zero.

# %% tags=["varies"]
figure = go.Figure(go.Bar(x=[f"instance {n}" for n in range(1, 8)], y=shares[::-1]))
figure.update_layout(
    title="Seven instances, six partitions", yaxis_title="partitions", height=260, template="plotly_white"
)
figure

# %% tags=["setup"]
make_topic("l05_orders", 1)


class PowerCut(Exception):
    """The instance is gone."""


def new_shift():
    """Twenty new orders, and a handle() that notes what it did in the topic l05_delivered and fails once, at the twelfth."""
    make_topic("l05_delivered", 1)
    begin_at_end("l05-orders", "l05_orders")
    fill("l05_orders", 20)
    notes = KafkaProducer(**where.kafka_python())
    seen = []

    def handle(record):
        seen.append(record.value)
        if len(seen) == 12:
            raise PowerCut
        notes.send("l05_delivered", value=record.value).get(timeout=10)

    return handle


# %% [markdown]
# ## The record you are processing
#
# An instance takes a record, works on it and commits. If it crashes in between, the next instance begins at the committed
# offset. So the order of the last two steps decides: **commit first, and the record you are processing is lost; work first,
# and it is done twice.** kafka-python's own default commits every five seconds, whatever your program has finished.
#
# `handle(record)` is the work. It fails once, in the middle, as a power cut would. Write `consume()`: it reads the topic
# `l05_orders` with the group `l05-orders` and hands **every record to `handle` before it commits it**, until nothing has come for
# four seconds. It is called twice, because the first instance dies. No order may be lost.

# %% tags=["exercise"] id="l05.commit"
ex4 = exercise("l05.commit")
handle = new_shift()


def consume():
    consumer = KafkaConsumer(
        "l05_orders",
        group_id="l05-orders",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        consumer_timeout_ms=4000,
        **where.kafka_python(),
    )
    try:
        ### BEGIN SOLUTION
        #: pass  # TODO: for each record of the consumer: work, then commit, in the order that loses nothing
        for record in consumer:
            handle(record)
            consumer.commit()
        ### END SOLUTION
    finally:
        consumer.close(autocommit=False)


for _ in range(2):
    try:
        consume()
    except PowerCut:
        print("An instance died with a record in its hand. Another takes over.")

# %% tags=["check"]
ex4.check()

# %% [markdown]
# The twelfth order was begun twice and delivered once; had the power gone a moment later, between the note and the commit,
# it would have been delivered twice. That is **at least once**, and the reason why the readings carry generatorID and
# time: a consumer that sees one again can tell.

# %% [markdown]
# ## Going back
#
# Kafka keeps what is read. When a program had a bug, fix it, stop its instances, move the group's offsets back and start them:
# `consumer.commit({TopicPartition(...): OffsetAndMetadata(offset, "", -1)})`, where `""` stands for no note and `-1` for
# an epoch of the leader that you need not know.
#
# Move the group `l05-orders` back on `l05_orders` by **exactly 10 records**, so that the next instance repeats the last ten.

# %% tags=["exercise"] id="l05.replay"
ex5 = exercise("l05.replay")
fill("l05_orders", 20)
begin_at_end("l05-orders", "l05_orders")  # all orders are done: 0 behind
### BEGIN SOLUTION
#: # TODO: ask committed(partition) of a consumer of the group, commit ten less, close the consumer
consumer = KafkaConsumer(group_id="l05-orders", enable_auto_commit=False, **where.kafka_python())
orders = TopicPartition("l05_orders", 0)
consumer.commit({orders: OffsetAndMetadata(consumer.committed(orders) - 10, "", -1)})
consumer.close()
### END SOLUTION

# %% tags=["check"]
ex5.check()

# %% tags=["cleanup"]
for member in [*team, *crowd] if "crowd" in globals() else team if "team" in globals() else []:
    member.stop()
widgets.stop()

# %% [markdown]
# ## Recap
#
# - Lag is the end offset minus the committed offset. Watch whether it grows, not how large it is.
# - Same group id: the partitions are shared out, and a rebalance moves them when instances come and go.
# - More instances than partitions wait. Choose the partition count for the day of the rush.
# - Work, then commit: nothing is lost, some things are done twice. Make doing it twice harmless.
# - What is read is still there. Move the group's offsets to read it again.
