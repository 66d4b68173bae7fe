# %% [markdown]
# At three in the morning the machine under `kafka2` loses its power supply. Two hundred generators go on sending. The question of
# this lesson:
#
# > *Which readings are safe at that moment, and how do I know it before the night comes?*

# %% tags=["setup"]
from lab.learn import allow, exercise, where

# %% tags=["setup"]
import time

import plotly.graph_objects as go
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic
from kafka.errors import KafkaError, NotEnoughReplicasError

from lab import faults, widgets


def make_topic(name, partitions=6, replicas=3, in_sync=2):
    """Make a topic unless it is there: copies of each partition, and how many must have a record before it counts."""
    admin = KafkaAdminClient(**where.kafka_python())
    if name not in admin.list_topics():
        topic = NewTopic(
            name,
            num_partitions=partitions,
            replication_factor=replicas,
            topic_configs={"min.insync.replicas": str(in_sync)},
        )
        admin.create_topics([topic], wait_for_metadata=True)
    admin.close()


def partitions_of(topic):
    """What the cluster says of each partition: leader_id, replica_nodes, isr_nodes, partition_index."""
    admin = KafkaAdminClient(**where.kafka_python())
    found = admin.describe_topics([topic])[0]["partitions"]
    admin.close()
    return sorted(found, key=lambda partition: partition["partition_index"])


def wait_for(condition, seconds=45):
    """True as soon as the condition is, False when the time is over; a cluster that is busy may refuse to answer."""
    deadline = time.monotonic() + allow(seconds)
    while time.monotonic() < deadline:
        try:
            if condition():
                return True
        except KafkaError:
            pass
        time.sleep(0.3)
    return False


def whole(topic):
    """Whether every partition has all its replicas in sync."""
    return all(len(p["isr_nodes"]) == len(p["replica_nodes"]) for p in partitions_of(topic))


def send(topic, count, **options):
    """Send numbered records one by one; how many were acknowledged, and the kinds of errors of the others."""
    # without idempotence: kafka-python waits for a producer id for ever when the brokers are busy with themselves
    times = {"request_timeout_ms": 5000, "delivery_timeout_ms": 20000}
    producer = KafkaProducer(**where.kafka_python(), enable_idempotence=False, **times, **options)
    futures = [
        producer.send(topic, key=str(number % 30).encode(), value=str(number).encode()) for number in range(count)
    ]
    acknowledged, errors = 0, set()
    for future in futures:
        try:
            future.get(timeout=30)
            acknowledged += 1
        except KafkaError as error:
            errors.add(type(error).__name__)
    producer.close()
    return acknowledged, sorted(errors)


make_topic("l06_night")
print("all replicas in sync:", wait_for(lambda: whole("l06_night")))

# %% [markdown]
# ## Leaders, replicas, ISR
#
# Each partition has three copies on three brokers. One is the **leader**: all writing goes through it. The others fetch from it.
# Those that have caught up are the **in-sync replicas**, ISR for short, and only one of them may become leader.

# %%
for p in partitions_of("l06_night")[:1]:
    print("partition 0: copies on", sorted(p["replica_nodes"]), "in sync", sorted(p["isr_nodes"]))

# %% [markdown]
# Before you take a broker down you want to know what hangs on it. Write `led_by(broker, topic)`: the numbers of the partitions
# that this broker leads at this moment, as a list. `partitions_of(topic)` asks the cluster.

# %% tags=["exercise"] id="l06.leaders"
ex1 = exercise("l06.leaders")


def led_by(broker, topic):
    ### BEGIN SOLUTION
    #: pass  # TODO: the partition_index of each partition whose leader_id is the broker
    return [p["partition_index"] for p in partitions_of(topic) if p["leader_id"] == broker]
    ### END SOLUTION


# %% tags=["check"]
ex1.check(led_by)

# %% [markdown]
# ## A topic that outlives a broker
#
# Two numbers decide about the night. The **replication factor** says how many copies there are. `min.insync.replicas` says how many of them
# must have a record before the leader acknowledges it to a producer with `acks=all`.
#
# Make the topic `l06_alerts` with three partitions, so that **one lost broker loses no acknowledged record and stops no writer**.

# %% tags=["exercise"] id="l06.topic"
ex2 = exercise("l06.topic")
admin = KafkaAdminClient(**where.kafka_python())
if "l06_alerts" in admin.list_topics():
    admin.delete_topics(["l06_alerts"])
    wait_for(lambda: "l06_alerts" not in admin.list_topics())
### BEGIN SOLUTION
#: # TODO: make_topic("l06_alerts", ...)
make_topic("l06_alerts", partitions=3, replicas=3, in_sync=2)
### END SOLUTION
admin.close()

# %% tags=["check"]
ex2.check()

# %% [markdown]
# ## The night
#
# **Predict:** a producer with `acks="all"` sends 600 records to `l06_night`, and `kafka2` is killed while it sends. How many of the 600 are
# acknowledged in the end? `faults.Kill("kafka2")` is the power supply; the supervisor of this lab acts as the technician.
#
# Send the 600 records with `send(topic, count, ...)` **while the fault is active**, so that none is lost and none is refused. Keep
# the two results in `acknowledged` and `errors`.

# %% tags=["exercise"] id="l06.night"
ex3 = exercise("l06.night")
acknowledged, errors = None, None
### BEGIN SOLUTION
#: # TODO: with faults.Kill("kafka2"): send 600 records to l06_night, acknowledged by all in-sync replicas
with faults.Kill("kafka2"):
    acknowledged, errors = send("l06_night", 600, acks="all")
### END SOLUTION

# %% tags=["check"]
ex3.check(acknowledged)

# %% [markdown]
# The leaders moved to brokers that had every record; the producer noticed, asked who leads now and sent again what was not
# acknowledged. The live view shows who leads and who is in sync.

# %% tags=["varies"]
widgets.replica_view("l06_night")

# %%
print("all replicas in sync again:", wait_for(lambda: whole("l06_night")))

# %% [markdown]
# ## Refuse rather than lie
#
# A topic that must have **three** copies cannot keep its promise while a broker is away. What does the cluster say then? The topic
# `l06_strict` has `min.insync.replicas=3`, and `kafka3` is stopped.

# %% tags=["setup"]
make_topic("l06_strict", partitions=1, in_sync=3)

# %%
with faults.Stop("kafka3"):
    gone = wait_for(lambda: 3 not in partitions_of("l06_strict")[0]["isr_nodes"])
    strict = send("l06_strict", 10, acks="all")
    loose = send("l06_strict", 10, acks=1)
back = wait_for(lambda: whole("l06_strict"))
print("in-sync replicas shrank:", gone, "- and grew again:", back)
print("acks=all:", strict[0], "of 10 acknowledged")
print("acks=1:  ", loose[0], "of 10 acknowledged")

# %% [markdown]
# With `acks=1` the leader alone acknowledges, whatever the topic demands. Had that leader been lost before the
# others fetched, its acknowledgement would have been wrong. With `acks=all` the producer learns what really happened. The chart says the same: one bar of height 0 and one of height 10.

# %% tags=["varies"]
figure = go.Figure(go.Bar(x=["acks=all", "acks=1"], y=[strict[0], loose[0]]))
figure.update_layout(
    title="Acknowledged with one copy missing, three demanded", yaxis_title="of 10", height=260, template="plotly_white"
)
figure

# %% [markdown]
# Write `careful(producer, topic, value)` for a device that must not lie: it sends one value, returns `True` when it was acknowledged, and
# `False` when the cluster says that it has **not enough replicas**. Any other trouble may raise.

# %% tags=["exercise"] id="l06.careful"
ex4 = exercise("l06.careful")


def careful(producer, topic, value):
    ### BEGIN SOLUTION
    #: pass  # TODO: send, wait for the answer with get(timeout=30), tell the refusal from the yes
    try:
        producer.send(topic, value=value).get(timeout=30)
    except NotEnoughReplicasError:
        return False
    return True
    ### END SOLUTION


# %% tags=["check"]
ex4.check(careful)

# %% [markdown]
# ## Two brokers lost
#
# Three brokers are also three controllers, and they decide by majority. With two of them lost nobody may elect a leader: the last one cannot know
# whether it is alone or cut off. So it stops, and that is right.
#
# **Predict** for the readings topic (3 replicas, `min.insync.replicas=2`, `acks=all`): how many of its three brokers may be lost
# so that **writers go on**, and how many so that every **acknowledged record still exists** somewhere?

# %% tags=["exercise"] id="l06.predict"
ex5 = exercise("l06.predict")
### BEGIN SOLUTION
#: # TODO: two numbers of brokers
#: writers_go_on, records_exist = None, None
writers_go_on, records_exist = 1, 1
### END SOLUTION

# %% tags=["check"]
ex5.check(writers_go_on, records_exist)

# %% [markdown]
# An acknowledged record may be on two brokers only: two copies sufficed when it was acknowledged.
# If exactly those two brokers are lost, so is the record, though a third broker lives. To survive two losses you need more replicas and a larger `min.insync.replicas`.

# %% tags=["cleanup"]
for number in (1, 2, 3):
    faults.stack.control(f"kafka{number}").start()
widgets.stop()

# %% [markdown]
# ## Recap
#
# - A partition has one leader; the in-sync replicas are those that may follow it.
# - `acks=all` waits for the in-sync replicas, and `min.insync.replicas` says how many that must be.
# - One broker lost: leaders move, the producer sends again, nothing acknowledged is missing.
# - Too few in sync: the cluster refuses. That is a kept promise and no failure.
# - `acks=1` is faster and sometimes untrue.
