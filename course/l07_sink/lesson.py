# %% [markdown]
# The readings are safe in Kafka. Now they must get into InfluxDB, all of them, also after a crash, also when one of
# them is broken. You could write a consumer for that. **Kafka Connect** is a service that runs such consumers for you:
# you hand it a configuration, it does the reading, writing, restarting and remembering. What runs then is
# called a *connector*, and the one that writes to InfluxDB a *sink*.
#
# The practitioner's question of this lesson: **which of my records did not arrive, and why?**

# %% tags=["setup"]
import json
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from lab.connect.client import Connect
from lab.influx import buckets
from lab.influx.api import Influx
from lab.learn import LearnerError, allow, exercise, where

connect = Connect(where.connect_url)  # a thin client: each method is one request to Connect's REST interface
influx = Influx(where)

# %% [markdown]
# ## Topics, buckets and helpers of this lesson
#
# `send` writes readings to a topic, `count` says how many points a bucket holds, `state` how a connector is, and
# `wait_for` asks again and again until something is true. The readings carry device times of a June day in 2025, in **microseconds**.

# %% tags=["setup"]
NOON = 1_748_779_200_000_000  # 2025-06-01T12:00:00Z in microseconds


def reading(generator: str, second: int, fuel: object) -> dict:
    """A short reading: who, when (microseconds), and two values."""
    return {"generatorID": generator, "time": NOON + second * 1_000_000, "fuel": fuel, "load": 40.0}


def send(topic: str, readings: list[dict]) -> None:
    """Write readings to Kafka and wait until they are there."""
    producer = KafkaProducer(**where.kafka_python(), acks="all")
    for each in readings:
        producer.send(topic, json.dumps(each).encode(), key=each["generatorID"].encode())
    producer.close()


def count(bucket: str) -> int:
    """How many points of that day a bucket holds."""
    day = "range(start: 2025-06-01T00:00:00Z, stop: 2025-06-02T00:00:00Z)"
    only = 'filter(fn: (r) => r._field == "load")'
    rows = influx.query(f'from(bucket: "{bucket}") |> {day} |> {only} |> group() |> count()')
    return int(rows[0]["_value"]) if rows else 0


def state(name: str) -> str:
    """RUNNING, PAUSED or FAILED: what a connector and its tasks agree on; STARTING while they do not."""
    try:
        status = connect.status(name)
    except LearnerError:  # just created: Connect has no word of it yet
        return "STARTING"
    states = {status.state, *(task.state for task in status.tasks)}
    return "FAILED" if "FAILED" in states else states.pop() if len(states) == 1 and status.tasks else "STARTING"


def wait_for(condition, seconds: float = 30.0) -> bool:
    """Ask again and again until the condition is true; False when the time is over."""
    deadline = time.monotonic() + allow(seconds)
    while not (true := condition()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return bool(true)


for name in ("l07-plain", "l07-sink", "l07-strict"):
    connect.delete(name)
for bucket in ("l07_plain", "l07_raw", "l07_strict"):
    buckets.ensure(influx, bucket)
    buckets.empty(influx, bucket)
admin = KafkaAdminClient(**where.kafka_python())
topics = {"l07_readings", "l07_poisoned", "l07_letters"}
if there := sorted(topics & set(admin.list_topics())):
    admin.delete_topics(there)  # with them go the offsets that connectors of an earlier run have committed
one_partition = {"num_partitions": 1, "replication_factor": 3}
admin.create_topics(dict.fromkeys(sorted(topics), one_partition), wait_for_metadata=True)
admin.close()

# %% [markdown]
# ## Which connectors does it know?
#
# A connector is a plugin. This installation has two, the sink of this lesson and the source of lesson 10:

# %%
[(plugin.name, plugin.kind) for plugin in connect.plugins()]

# %% [markdown]
# ## Validate first
#
# A configuration is a dictionary of text. `BASE` holds what every sink of this lesson needs. `draft` adds the rest,
# and has mistakes in it. `validate` asks Connect what it thinks of a configuration, and starts nothing:

# %% tags=["setup"]
BASE = {
    "connector.class": "InfluxDB2Sink",
    "tasks.max": "1",
    "influxdb.url": where.influx_url,
    "influxdb.token": where.influx_token,
    "influxdb.org.id": where.influx_org,
    "measurement.name.format": "genData",  # the measurement that every point belongs to
    "event.time.fieldname": "time",  # the field that holds the device's time
}
draft = BASE | {
    "topics": "l07_readings",
    "influxdb.bucket": "l07_row",
    "write.precision": "Micros",
}
[problem.property for problem in connect.validate(draft).problems]

# %% [markdown]
# Fix it. `draft | {"key": "value"}` gives a copy with one value changed; `print(connect.validate(fixed))` shows the
# complaints in words. Ask until there is none: some things Connect can only try once the rest is in order, for
# example whether InfluxDB has that bucket. Our points go to `l07_raw`.

# %% tags=["exercise"] id="l07.validate"
ex1 = exercise("l07.validate")
### BEGIN SOLUTION
#: # TODO: a copy of draft that Connect has nothing against
#: fixed = None
fixed = draft | {"write.precision": "Microseconds", "influxdb.bucket": "l07_raw"}
print(connect.validate(fixed))
### END SOLUTION

# %% tags=["check"]
ex1.check(fixed)

# %% [markdown]
# ## Tags or fields?
#
# Three generators send ten readings each, all three at the same instants. A connector called `l07-plain` writes them to
# the bucket `l07_plain`. Its configuration is right in every point, and still something is missing: nothing says that
# `generatorID` is a **tag**. So it becomes an ordinary text field, next to `fuel` and `load`.

# %% tags=["setup"]
send("l07_readings", [reading(f"generator{n}", second, 500.0 + n) for second in range(10) for n in (1, 2, 3)])
plain = BASE | {"topics": "l07_readings", "influxdb.bucket": "l07_plain", "write.precision": "Microseconds"}
connect.create_or_update("l07-plain", plain)
arrived = wait_for(lambda: state("l07-plain") == "RUNNING" and count("l07_plain") == 10)
print("l07-plain is running:", arrived)

# %% [markdown]
# Thirty readings in Kafka. InfluxDB knows a point by its **measurement, tags and time**, and by nothing else. How many
# points are in `l07_plain`? Predict first; then `count("l07_plain")` tells.

# %% tags=["exercise"] id="l07.points"
ex2 = exercise("l07.points")
### BEGIN SOLUTION
#: # TODO: how many points are left of the thirty readings?
#: points = None
points = 10
### END SOLUTION

# %% tags=["check"]
ex2.check(points)

# %% [markdown]
# No error anywhere, and two thirds of the data are gone: at each instant the last writer won.

# %% [markdown]
# ## Create your own
#
# Now make it right. Create the connector **`l07-sink`**: topic `l07_readings`, bucket `l07_raw`, times in microseconds,
# and the field `generatorID` as a tag; the property for that is `tag.fields`. `connect.create_or_update(name, config)`
# creates it. It begins at the start of the topic, so the thirty readings come again.

# %% tags=["exercise"] id="l07.create"
ex3 = exercise("l07.create")
### BEGIN SOLUTION
#: # TODO: the configuration, based on BASE
#: # TODO: create the connector l07-sink
config = BASE | {
    "topics": "l07_readings",
    "influxdb.bucket": "l07_raw",
    "write.precision": "Microseconds",
    "tag.fields": "generatorID",
}
connect.create_or_update("l07-sink", config)
### END SOLUTION

# %% tags=["check"]
ex3.check()

# %% [markdown]
# ## A poison record
#
# Someone types a reading by hand and writes `"full"` where the litres should be. InfluxDB fixed the type of `fuel`
# with its first value, a float, and refuses text. Watch what one such record does to a connector, `l07-strict`:

# %% tags=["setup"]
strict = BASE | {
    "topics": "l07_poisoned",
    "influxdb.bucket": "l07_strict",
    "write.precision": "Microseconds",
    "tag.fields": "generatorID",
}
connect.create_or_update("l07-strict", strict)
send("l07_poisoned", [reading("generator1", 1, 500.0)])
wait_for(lambda: count("l07_strict"))
send("l07_poisoned", [reading("generator2", 2, "full")])
failed = wait_for(lambda: state("l07-strict") == "FAILED")
send("l07_poisoned", [reading("generator3", 3, 700.0)])
print("failed:", failed)

# %% [markdown]
# The task is dead. `generator3`, whose reading is perfectly good, waits behind the poison, and after a restart the task would
# fail at the same record again. The status names the cause:

# %% tags=["varies"]
print(connect.status("l07-strict").cause)

# %% [markdown]
# Connect can put such records aside instead, into a topic called the **dead-letter queue**, and go on:
#
# | property | meaning |
# | --- | --- |
# | `errors.tolerance` | `none`: stop at the first bad record; `all`: put it aside and go on |
# | `errors.deadletterqueue.topic.name` | the topic for what was put aside |
# | `errors.deadletterqueue.context.headers.enable` | `true`: say in headers where it came from and what was wrong |
#
# Change `l07-strict` so that it does that, with the topic **`l07_letters`** and the headers. A changed
# configuration restarts the task automatically. (`strict` holds the present configuration.)

# %% tags=["exercise", "setup"] id="l07.letters"
ex4 = exercise("l07.letters")
### BEGIN SOLUTION
#: # TODO: extend the configuration strict, and update the connector l07-strict
tolerant = strict | {
    "errors.tolerance": "all",
    "errors.deadletterqueue.topic.name": "l07_letters",
    "errors.deadletterqueue.context.headers.enable": "true",
}
connect.create_or_update("l07-strict", tolerant)
### END SOLUTION

# %% tags=["check"]
ex4.check()

# %% [markdown]
# ## Repair what was refused
#
# A dead-letter queue is of use only when somebody reads it. Each letter is the record just as it was, and its header
# `__connect.errors.exception.message` says what was wrong. `letters()` reads all of them:


# %% tags=["setup"]
def letters() -> list[tuple[dict, str]]:
    """Every letter of l07_letters: the record, and the reason it was refused."""
    consumer = KafkaConsumer(**where.kafka_python(), consumer_timeout_ms=1000)
    partition = TopicPartition("l07_letters", 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    read = list(consumer) if consumer.end_offsets([partition])[partition] else []
    consumer.close()
    reason = "__connect.errors.exception.message"
    return [(json.loads(each.value), dict(each.headers).get(reason, b"no reason given").decode()) for each in read]


# Once the connector puts letters aside, the newest is the poison.
there = wait_for(lambda: (found := letters()) and found[-1][0]["fuel"] == "full", seconds=8)

# %% [markdown]
# Look at the newest letter. The person at `generator2` meant a full tank, which is 1,000 litres: correct
# **that field and nothing else**, and send the record to the topic `l07_poisoned` again. Mind the type that InfluxDB expects.

# %% tags=["exercise"] id="l07.repair"
ex5 = exercise("l07.repair")
### BEGIN SOLUTION
#: # TODO: take the newest letter and read its reason
#: # TODO: send the corrected record to l07_poisoned
letter, reason = letters()[-1]
send("l07_poisoned", [letter | {"fuel": 1000.0}])
### END SOLUTION

# %% tags=["check"]
ex5.check()

# %% [markdown]
# ## Pause, and watch the lag
#
# InfluxDB needs an hour of maintenance. You **pause** the connector; Kafka keeps what comes in that time. How far a
# connector is behind is its *lag*: the end of the topic minus the offset it has committed. A sink commits only what
# InfluxDB has taken, a few seconds later. `lag("l07-plain")` computes it from Connect's own offsets:


# %% tags=["setup"]
def lag(name: str) -> int:
    """Records between the connector's committed offset and the end of the topic l07_readings."""
    partition = TopicPartition("l07_readings", 0)
    consumer = KafkaConsumer(**where.kafka_python())
    end = consumer.end_offsets([partition])[partition]
    consumer.close()
    return end - sum(offset.offset["kafka_offset"] for offset in connect.offsets(name))


print("all read and committed:", wait_for(lambda: lag("l07-plain") == 0))

# %% [markdown]
# Do the maintenance: `connect.pause` the connector `l07-plain`, and wait until its `state(...)` is `"PAUSED"`. Then send the
# 20 readings in `more` to `l07_readings`, keep the lag as `behind`, and resume.

# %% tags=["exercise"] id="l07.lag"
ex6 = exercise("l07.lag")
more = [reading("generator1", 100 + n, 400.0) for n in range(20)]
### BEGIN SOLUTION
#: # TODO: pause l07-plain and wait until it is paused
#: # TODO: send more, then measure the lag
#: behind = None
#: # TODO: resume l07-plain
connect.pause("l07-plain")
wait_for(lambda: state("l07-plain") == "PAUSED")
send("l07_readings", more)
behind = lag("l07-plain")
connect.resume("l07-plain")
### END SOLUTION

# %% tags=["check"]
ex6.check(behind)

# %% [markdown]
# ## The pipeline's own sink
#
# This is the connector that the rest of the course uses, without addresses and secrets. You know each line
# by now, apart from `tasks.max`: two tasks share the six partitions of `emergency_generators`.

# %%
from lab.connect.configs import sink_config

for key, value in sink_config(where).items():
    if key.partition(".")[0] in ("tasks", "topics", "measurement", "event", "write", "tag", "errors"):
        print(f"{key:48} {value}")

# %% [markdown]
# And two live views: of one of your connectors, whose buttons send the same requests as you did, and of your dead letters.

# %% tags=["varies"]
from lab import widgets

widgets.connector_panel("l07-strict")

# %% tags=["varies"]
widgets.dead_letter_view("l07_letters")

# %% tags=["cleanup"]
for name in ("l07-plain", "l07-sink", "l07-strict"):
    connect.delete(name)
connect.close()
influx.close()
widgets.stop()

# %% [markdown]
# ## Recap
#
# - Connect runs connectors from configurations; `validate` asks before anything starts.
# - What tells two points apart must be a **tag** or the time. A wrong choice loses data without any error.
# - The unit of the time field must be stated, and it must be the device's time, so that a repeated record overwrites itself.
# - One bad record stops a strict connector. A dead-letter queue keeps the rest flowing, and keeps the bad record with its reason.
# - Lag is the distance to the end. A paused connector loses nothing: Kafka waits.
