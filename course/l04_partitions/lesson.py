# %% [markdown]
# The control room plots a generator's fuel. At 14:02 the tank was refilled, and yet the plot falls again to an old value:
# two readings changed places on the way. The question of this lesson:
#
# > *What keeps the readings of one generator in order, and what does that order cost?*

# %% tags=["setup"]
from lab.learn import allow, exercise, where

# %% tags=["setup"]
import json
import time
from collections import Counter

import plotly.graph_objects as go
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from lab import widgets


def make_topic(name, partitions):
    """Make a topic unless it is there."""
    admin = KafkaAdminClient(**where.kafka_python())
    if name not in admin.list_topics():
        admin.create_topics([NewTopic(name, num_partitions=partitions, replication_factor=3)], wait_for_metadata=True)
    admin.close()


def ends(topic):
    """Where each partition of a topic ends now."""
    consumer = KafkaConsumer(**where.kafka_python())
    found = consumer.end_offsets([TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)])
    consumer.close()
    return found


def read(topic, since):
    """The records of a topic since then, as one consumer of all partitions gets them."""
    until = ends(topic)
    consumer = KafkaConsumer(**where.kafka_python())
    consumer.assign(list(until))
    for partition in until:
        consumer.seek(partition, since.get(partition, 0))
    records, deadline = [], time.monotonic() + allow(10)
    while any(consumer.position(partition) < end for partition, end in until.items()) and time.monotonic() < deadline:
        for batch in consumer.poll(timeout_ms=100).values():
            records += batch
    consumer.close()
    return records


make_topic("l04_keyed", 6)
make_topic("l04_keyless", 6)
producer = KafkaProducer(**where.kafka_python(), value_serializer=lambda value: json.dumps(value).encode())

# %% [markdown]
# ## From key to partition
#
# A topic is cut into partitions, and only **within a partition** does Kafka keep the order of writing. The producer
# chooses: it hashes the key (murmur2) and takes the remainder by the number of partitions. The same key always gives the
# same partition, whichever client produces: our proxy, Java, kafka-python.

# %%
for number in range(1, 9):
    name = f"generator{number}"
    written = producer.send("l04_keyed", key=name.encode(), value={"generatorID": name, "seq": 0}).get(timeout=10)
    print(f"{name} -> partition {written.partition}")

# %% [markdown]
# Some share a partition, and that is fine: each is still in order.
#
# Four generators, `l04-a`, `l04-b`, `l04-c` and `l04-d`, report ten times each, in turns. Send each value to `l04_keyed`
# so that **each generator's readings stay in one partition**.

# %% tags=["exercise"] id="l04.keyed"
ex1 = exercise("l04.keyed")
values = [{"generatorID": f"l04-{letter}", "seq": seq} for seq in range(10) for letter in "abcd"]
### BEGIN SOLUTION
#: # TODO: producer.send("l04_keyed", key=..., value=...) for each value; keys are bytes; then producer.flush()
for value in values:
    producer.send("l04_keyed", key=value["generatorID"].encode(), value=value)
producer.flush()
### END SOLUTION

# %% tags=["check"]
ex1.check()

# %% [markdown]
# The live view shows which key lies where. Each row is a partition, read from left to right.

# %% tags=["varies"]
widgets.partition_view("l04_keyed")

# %% [markdown]
# ## How would you notice?
#
# To see disorder you need a measure. Write `inversions(pairs)`: it gets (generator, seq) pairs in the order in which they were
# read, and counts how often a generator's `seq` is **smaller than the one before of the same generator**. Readings of
# different generators may be mixed as they like, and a missing number is no inversion.

# %% tags=["exercise"] id="l04.inversions"
ex2 = exercise("l04.inversions")


def inversions(pairs):
    ### BEGIN SOLUTION
    #: pass  # TODO: remember each generator's last seq; count the steps back; return the count
    last, count = {}, 0
    for generator, seq in pairs:
        count += seq < last.get(generator, seq)
        last[generator] = seq
    return count
    ### END SOLUTION


# %% tags=["check"]
ex2.check(inversions)

# %% [markdown]
# **Predict:** one generator sends 200 readings without a key. Will one consumer that reads all six partitions get them
# in order? And with a key? Your function is the judge.

# %%
for topic, key in (("l04_keyless", None), ("l04_keyed", b"l04-order")):
    before = ends(topic)
    for seq in range(200):
        producer.send(topic, key=key, value={"generatorID": "l04-order", "seq": seq})
    producer.flush()
    records = [record for record in read(topic, before) if record.value and b"l04-order" in record.value]
    used = len({record.partition for record in records})
    back = inversions((value["generatorID"], value["seq"]) for value in (json.loads(r.value) for r in records))
    order = "inversions() does not count yet" if back is None else f"out of order: {back > 0}"
    print(f"{topic}: {len(records)} records in {used} partition{'s' * (used > 1)}, {order}")

# %% [markdown]
# Nothing is lost without a key, and every partition is in order. The order *between* partitions is not kept
# anywhere, so nobody can give it back.

# %% [markdown]
# ## Devices that belong together
#
# In a hospital, `main` and `backup` share a transfer switch. *Main stopped* must not be read after *backup started*, though
# they are two devices. What must stay in order together needs **the same key**.
#
# Send the `events` to the topic `l04_sites` so that all events of one **site** are read in the order in which they happened.

# %% tags=["exercise"] id="l04.group"
ex3 = exercise("l04.group")
make_topic("l04_sites", 6)
events = [
    {"site": site, "generatorID": f"{site}-{device}", "event": event, "number": number}
    for number, (device, event) in enumerate(
        [("main", "stop"), ("backup", "start"), ("backup", "stop"), ("main", "start")]
    )
    for site in ("harbour", "airport", "hospital", "stadium")
]
### BEGIN SOLUTION
#: # TODO: send every event, with the key that keeps a site together; flush
for event in events:
    producer.send("l04_sites", key=event["site"].encode(), value=event)
producer.flush()
### END SOLUTION

# %% tags=["check"]
ex3.check()

# %% [markdown]
# ## A hot key
#
# One generator is on a test bench: 12 cylinders, each with a vibration sensor. All of it has one key. What does that do to
# the six partitions?

# %% tags=["setup"]
make_topic("l04_hot", 6)
samples = [
    {"generatorID": "l04-hot", "cylinder": f"c{number}", "seq": seq} for seq in range(50) for number in range(1, 13)
]

# %%
before = ends("l04_hot")
for sample in samples:
    producer.send("l04_hot", key=b"l04-hot", value=sample)
producer.flush()
load = Counter(record.partition for record in read("l04_hot", before))
print("samples per partition:", [load[number] for number in range(6)])

# %% [markdown]
# One partition has it all. One broker takes every write, one consumer does every read, and five partitions idle. More
# partitions would not help: one key is one partition. The chart says the same in one high bar.

# %% tags=["varies"]
figure = go.Figure(go.Bar(x=[f"partition {number}" for number in range(6)], y=[load[number] for number in range(6)]))
figure.update_layout(title="One key, six partitions", yaxis_title="samples", height=280, template="plotly_white")
figure

# %% [markdown]
# Ask what must stay in order. Two cylinders need not: only the samples of **one cylinder** must. Send the `samples`
# again to `l04_hot`, so that each cylinder's samples are in order in one partition and no partition holds more than
# 70 % of all.

# %% tags=["exercise"] id="l04.hot"
ex4 = exercise("l04.hot")
### BEGIN SOLUTION
#: # TODO: send every sample with a better key; flush
for sample in samples:
    producer.send("l04_hot", key=f"{sample['generatorID']}/{sample['cylinder']}".encode(), value=sample)
producer.flush()
### END SOLUTION

# %% tags=["check"]
ex4.check()

# %% [markdown]
# ## How many partitions?
#
# Within a consumer group a partition is read by **one** consumer at most, so partitions bound the number of consumers
# that can share the work. And they are hard to change: the remainder by another number is another partition. Watch the
# same keys when a topic of 6 partitions gets 8:

# %%
for partitions in (6, 8):
    make_topic(f"l04_of_{partitions}", partitions)
    names = [f"generator{number}" for number in range(1, 9)]
    sent = [producer.send(f"l04_of_{partitions}", key=name.encode(), value={}) for name in names]
    print(partitions, "partitions:", [written.get(timeout=10).partition for written in sent])

# %% [markdown]
# Six of eight moved. Their old readings lie in one partition, the new ones in another, and between partitions there is no order.
# So choose a number that is enough for years.
#
# The fleet will send **30,000 readings per second** in its busiest hour, and twice that in two years. One consumer manages
# **2,500 per second**. How many partitions does the topic need at least, so that it need never be changed in these two years?

# %% tags=["exercise"] id="l04.count"
ex5 = exercise("l04.count")
### BEGIN SOLUTION
#: # TODO: the smallest number of partitions
#: partitions = None
partitions = 30_000 * 2 // 2_500
### END SOLUTION

# %% tags=["check"]
ex5.check(partitions)

# %% tags=["cleanup"]
producer.close()
widgets.stop()

# %% [markdown]
# More is not free either: each partition is files, memory and an election on three brokers, and batches become smaller. Some
# tens per topic are usual; 24 also divides evenly over three brokers.

# %% [markdown]
# ## Recap
#
# - Order exists within a partition, and the key chooses the partition.
# - Without a key everything arrives, in no order that means anything.
# - The key is the answer to one question: *what must stay in order together?* Sometimes that is more than a device (a site),
#   sometimes less (a cylinder).
# - One hot key is one hot partition, whatever their number.
# - Partitions bound the consumers that share the work, and changing their number moves keys: choose ahead.
