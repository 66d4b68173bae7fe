# %% [markdown]
# Every ten seconds a row in InfluxDB says `refuel`. Nobody looks at rows. The dispatchers' software, and whatever will
# be written after it, listens to Kafka. So the last arrow of the pipeline leads **back**: a *source connector* reads
# the downsampled rows and writes each as a record to a topic. A consumer of that topic sends the fuel truck.
#
# The practitioner's question: **how do I make sure that a truck comes, and that only one comes?**

# %% tags=["setup"]
import json
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from lab.connect.client import Connect
from lab.connect.configs import source_config
from lab.fleet.fleet import Fleet
from lab.influx import buckets
from lab.influx.api import Influx
from lab.learn import LearnerError, allow, exercise, where

connect = Connect(where.connect_url)
influx = Influx(where)

# %% [markdown]
# ## Topics, a bucket and helpers of this lesson
#
# `row` writes one downsampled row, as the task of lesson 09 would; `read()` gives all alarms that reached the topic
# `l10_alarms` since this cell ran; `send` writes one record.


# %% tags=["setup"]
def row(generator: str, alarm: str, fuel: float, seconds_ago: float) -> None:
    """Write one row to the bucket l10_rows, with a time so many seconds ago."""
    moment = int(time.time() - seconds_ago) * 1_000_000
    influx.write("l10_rows", [f'genData,generatorID={generator},region=emea alarm="{alarm}",fuel={fuel} {moment}'])


def send(topic: str, alarm: dict) -> None:
    """Write one record, keyed by its generator, and wait until Kafka has it."""
    producer = KafkaProducer(**where.kafka_python(), acks="all")
    producer.send(topic, json.dumps(alarm).encode(), key=alarm["generatorID"].encode()).get(timeout=10)
    producer.close()


def reader(topic: str) -> tuple[KafkaConsumer, list[TopicPartition]]:
    """A consumer without a group that has all partitions of a topic."""
    consumer = KafkaConsumer(**where.kafka_python())
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
    consumer.assign(partitions)
    return consumer, partitions


def read() -> list[dict]:
    """Every alarm in l10_alarms since this cell ran, as dictionaries."""
    consumer, partitions = reader("l10_alarms")
    ends, alarms = consumer.end_offsets(partitions), []
    for partition in partitions:
        consumer.seek(partition, begin[partition])
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        alarms += [json.loads(each.value) for batch in consumer.poll(timeout_ms=200).values() for each in batch]
    consumer.close()
    return alarms


def state(name: str) -> str:
    """RUNNING, STOPPED or FAILED: what a connector and its tasks agree on; STARTING while they do not."""
    try:
        status = connect.status(name)
    except LearnerError:  # just created: Connect has no word of it yet
        return "STARTING"
    states = {status.state, *(task.state for task in status.tasks)}
    return "FAILED" if "FAILED" in states else states.pop() if len(states) == 1 else "STARTING"


def wait_for(condition, seconds: float = 30.0) -> bool:
    """Ask again and again until the condition is true; False when the time is over."""
    deadline = time.monotonic() + allow(seconds)
    while not (true := condition()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return bool(true)


admin = KafkaAdminClient(**where.kafka_python())
for topic in sorted({"l10_alarms", "l10_orders", "l10_trucks"} - set(admin.list_topics())):
    admin.create_topics({topic: {"num_partitions": 3, "replication_factor": 3}}, wait_for_metadata=True)
admin.close()
connect.delete("l10-source")
buckets.ensure(influx, "l10_rows")
buckets.empty(influx, "l10_rows")
at_end, partitions = reader("l10_alarms")
begin = at_end.end_offsets(partitions)
at_end.close()

# %% [markdown]
# ## Rows become records
#
# The source looks for new rows about once a second. It has to be told where from, where to, and **what the key is**:
# without a key the alarms of one generator are spread over all partitions, and their order is lost (lesson 04).
#
# `SOURCE` holds the connection, the unit of time and how often it looks. Add three properties and create the connector
# **`l10-source`**: it reads the bucket `l10_rows` (`influxdb.bucket`), writes to the topic `l10_alarms`
# (`topic.name.format`) and takes the tag `generatorID` as the key (`key.tag`).

# %% tags=["setup"]
SOURCE = {
    "connector.class": "InfluxDB2Source",
    "tasks.max": "1",
    "influxdb.url": where.influx_url,
    "influxdb.token": where.influx_token,
    "influxdb.org.id": where.influx_org,
    "time.precision": "Microseconds",
    "poll.interval.ms": "500",
    "lookback.ms": "60000",
    "fields.required": "alarm,fuel",  # a row is handed over once it has both
}

# %% [markdown]
# The exercise begins with four new rows: two alarms of `generator1`, one of `generator3`, and `generator2` is fine.

# %% tags=["exercise", "setup"] id="l10.source"
ex1 = exercise("l10.source")
row("generator1", "refuel", 480.0, seconds_ago=20)
row("generator1", "refuel", 470.0, seconds_ago=10)
row("generator2", "ok", 800.0, seconds_ago=10)
row("generator3", "refuel", 300.0, seconds_ago=10)
### BEGIN SOLUTION
#: # TODO: the configuration, based on SOURCE
#: # TODO: create the connector l10-source
config = SOURCE | {
    "influxdb.bucket": "l10_rows",
    "topic.name.format": "l10_alarms",
    "key.tag": "generatorID",
}
connect.create_or_update("l10-source", config)
### END SOLUTION

# %% tags=["check"]
ex1.check()

# %% [markdown]
# ## Rows that come late
#
# InfluxDB cannot say "this row is new"; a source can only ask for rows by their *time*. One that remembers the highest
# time it has seen overlooks every row that is written later with an earlier time. The task writes such rows all the
# time, because `last` keeps each generator's own time. So this source reads the last stretch again in each round, and
# skips what it has handed over. How long the stretch is, you decide: `lookback.ms`, here 60 seconds.
#
# The cell writes two rows now, one with a time of 30 seconds ago and one of 10 minutes ago. **How many of
# the two reach the topic?** Predict.

# %% tags=["exercise"] id="l10.late"
ex2 = exercise("l10.late")
wait_for(lambda: len(read()) >= 4, seconds=5)  # the rows of exercise 1 are through
row("generator4", "ok", 790.0, seconds_ago=30)
row("generator4", "ok", 880.0, seconds_ago=600)
### BEGIN SOLUTION
#: # TODO: how many of the two arrive?
#: arrive = None
arrive = 1
### END SOLUTION

# %% tags=["check"]
ex2.check(arrive)

# %% [markdown]
# A longer look-back finds rows that come later, and reads more in each round. Choose it from the lateness you expect:
# the pipeline's task never writes a row that is older than a minute.
#
# ## Everything may come twice
#
# The source writes records, and *then* remembers how far it is. When it dies in between, it starts again at the
# older position: nothing is missing, some records come twice. That is **at-least-once**. To see it we take its memory
# away: `stop`, `reset_offsets`, `resume`. It begins at the beginning.

# %% tags=["setup"]
if "l10-source" in connect.connectors():
    wait_for(lambda: len(read()) >= 4, seconds=10)
    connect.stop("l10-source")
    wait_for(lambda: state("l10-source") == "STOPPED")
    connect.reset_offsets("l10-source")
    connect.resume("l10-source")
    print("alarms came twice:", wait_for(lambda: sum(alarm["alarm"] == "refuel" for alarm in read()) >= 6))

# %% [markdown]
# `read()` gives all alarms since the lesson began, repeats included; each is a dictionary with `generatorID`, `time`,
# `alarm` and more. `generator1` asked for fuel at two different times, and both requests came twice.
#
# Write **one order per request** to the topic `l10_orders`: `send("l10_orders", alarm)` for each alarm `refuel`, but only
# once for the same request. What names a request? Remember what you have handled in a `set`.

# %% tags=["exercise"] id="l10.orders"
ex3 = exercise("l10.orders")
### BEGIN SOLUTION
#: # TODO: go through read(), skip what is no request and what you have handled, send the rest
handled = set()
for alarm in read():
    request = (alarm["generatorID"], alarm["time"])
    if alarm["alarm"] == "refuel" and request not in handled:
        handled.add(request)
        send("l10_orders", alarm)
### END SOLUTION

# %% tags=["check"]
ex3.check()

# %% [markdown]
# ## Close the loop
#
# Now the real thing, end to end: a generator publishes over MQTT, the proxy, Kafka, the sink, the task every ten seconds,
# and the pipeline's own source connector, which this cell makes, with the configuration of `lab.connect.configs`:

# %% tags=["setup"]
connect.create_or_update(where.names.source, source_config(where))
print("the source is running:", wait_for(lambda: state(where.names.source) == "RUNNING"))

# %% [markdown]
# `dispatch(fleet, handle)` listens to `generator_alarms` and hands each alarm of its fleet to your function,
# until the tank is full or two alarms were of no use. To be sure that your function copes, it hands **every alarm over twice**.


# %% tags=["setup"]
def dispatch(fleet: Fleet, handle, seconds: float = 100.0) -> None:
    """Hand each new alarm of this fleet to `handle`, twice, until the tank is full; after two alarms give up."""
    consumer, partitions = reader(where.names.alarms)
    for partition, end in consumer.end_offsets(partitions).items():
        consumer.seek(partition, end)
    deadline, heard = time.monotonic() + allow(seconds), set()
    while time.monotonic() < deadline and len(heard) < 2 and fleet.snapshot()[0].fuel < 900.0:
        for batch in consumer.poll(timeout_ms=300).values():
            for alarm in (json.loads(record.value) for record in batch):
                if alarm["generatorID"] in fleet.names and alarm.get("alarm"):
                    heard.add(alarm["time"])
                    handle(alarm, fleet)
                    handle(alarm, fleet)
    consumer.close()
    time.sleep(1.5)  # one more reading, with the new fuel level


# %% [markdown]
# Write `handle`. When the alarm is `refuel` **and is news**: fill the tank with `fleet.refuel(name)`, and announce it with
# `send("l10_trucks", alarm)`. An alarm is old news when its `time` is not later than the last refuelling,
# which `fleet.last_refuel_us(name)` gives, in microseconds as well.

# %% tags=["exercise"] id="l10.loop"
ex4 = exercise("l10.loop")


### BEGIN SOLUTION
#: # TODO: write the function handle(alarm, fleet)
#: handle = None
def handle(alarm, fleet):
    name = alarm["generatorID"]
    if alarm["alarm"] == "refuel" and alarm["time"] > fleet.last_refuel_us(name):
        fleet.refuel(name)
        send("l10_trucks", alarm)


### END SOLUTION


if handle:
    with Fleet(where, ["l10-generator"], interval=0.5, fuel={"l10-generator": 450.0}) as fleet:
        dispatch(fleet, handle)

# %% tags=["check"]
ex4.check()

# %% [markdown]
# The generator at the edge has fuel again, because it said so itself, a few seconds ago, through every box of the
# pipeline. And one truck came, although every alarm came twice.
#
# How often can you promise "exactly once" between systems that do not share a transaction? Never. But **at least once,
# and handling twice does no harm** is just as good: overwriting a point, skipping an old alarm. `lab/fleet/dispatcher.py`
# is the consumer that the demo uses; it commits its offsets only *after* the fuel was sent.
#
# The whole pipeline, live (start a fleet in the panel of lesson 01 to see it move):

# %% tags=["varies"]
from lab import widgets

widgets.pipeline_map()

# %% tags=["cleanup"]
connect.delete("l10-source")
connect.close()
influx.close()

# %% [markdown]
# ## Recap
#
# - A source connector turns rows into records: choose the bucket, the topic and the **key**.
# - Rows are found by time, so late rows need a look-back as long as they may be late.
# - Every hop is at least once. A request is named by generator *and* time, and is handled once.
# - An action that can tell old news from new may see everything twice.
