# %% [markdown]
# Until now the devices were ours, and so were the names and the addresses. Now it is your turn: you take a device,
# one of three simulated ones or your own, and build everything between it and an order that somebody acts on, with nothing but
# the tools that you would have at work: `paho-mqtt`, `kafka-python`, Connect's REST interface over `httpx`, `influxdb-client`, and files.
#
# The practitioner's question: **what do I need to know about a device, and what follows from it?**
#
# (The live map beside the notebook shows the pipeline of the other lessons. What you build here has names of its own, and is not in it.)

# %% tags=["setup"]
from lab.learn import allow, exercise, where

# %% [markdown]
# ## Where the services are
#
# This is the only cell that asks the lab. Elsewhere you write the addresses of your own services here.

# %% tags=["setup", "varies"]
KAFKA = where.kafka_bootstrap.split(",")
CONNECT = where.connect_url
INFLUX = where.influx()  # url, token and organisation
KAFKA, CONNECT, INFLUX["url"]

# %% [markdown]
# ## Choose a device
#
# | device | what is special |
# | --- | --- |
# | `devices.WEATHER` | other fields and units; `12` and `12.5` in the same field |
# | `devices.MACHINE` | whole numbers, one of them beyond what a float can count, and text that looks like a number |
# | `devices.HOME` | sensors behind a bridge, with a topic tree like that of zigbee2mqtt; the name is in the topic alone |
#
# All three are simulated. `sample()` gives a recorded minute, as pairs of MQTT topic and payload, and `live(seconds)` the same as it
# happens. For **your own device** give `chosen` an object of your own that has these two and a text `sheet`.

# %% tags=["setup"]
from lab.fleet import devices

chosen = devices.WEATHER
sample = chosen.sample()
print(chosen.sheet)

# %% tags=["varies"]
for topic, payload in (*sample[:4], *sample[-5:]):
    print(topic, payload.decode(), sep="   ")

# %% [markdown]
# Of the simulated devices the first message of each is odd, and so is the very last one. Devices are like that; your pipeline must live with it.
#
# Describe the device: everything that you build follows from these entries. The types are those that each field has in
# InfluxDB: `"float"`, `"integer"`, `"string"` or `"boolean"`. `precision` is the unit of the device's time: `"Seconds"`,
# `"Milliseconds"`, `"Microseconds"`, `"Nanoseconds"`, or `"ISO 8601"` when it is a text. The alarm is a triple: field, comparison, limit.

# %% tags=["exercise", "setup"] id="l12.device"
ex1 = exercise("l12.device")
device = {
    "name": "weather",  # a short name; all that you build is called l12_<name>_...
    ### BEGIN SOLUTION
    #: # TODO: fill in the entries, from the sheet and the messages
    #: "topic": None,  # topic of a reading, each level that varies in braces: "site/{room}/{sensor}"
    #: "id": None,  # which of these levels tells one device from another
    #: "time": None,  # the field with the device's own time
    #: "precision": None,
    #: "fields": {},  # every other field and its type: {"fuel": "float"}
    #: "units": {},  # and its unit: {"fuel": "litres"}; "none" where there is none
    #: "alarm": None,  # (field, "<" or "<=" or ">" or ">=" or "==", limit in the field's unit)
    #: "devices": None,  # how many devices the whole fleet has
    #: "every": None,  # seconds between two readings of one device
    "topic": "weather/{region}/{station}",
    "id": "station",
    "time": "observed",
    "precision": "Seconds",
    "fields": {"air_f": "float", "wind_kn": "float", "pressure_hpa": "float", "sky": "string"},
    "units": {"air_f": "degrees Fahrenheit", "wind_kn": "knots", "pressure_hpa": "hectopascals", "sky": "none"},
    "alarm": ("wind_kn", ">", 20 / 0.5144),
    "devices": 9_000,
    "every": 3.0,
    ### END SOLUTION
}

# %% tags=["check"]
ex1.check(device, sample)

# %% [markdown]
# From here on the name decides what everything is called:

# %% tags=["setup"]
PARTS = ("readings", "rest", "letters", "raw", "rows", "alarms", "orders", "sink", "source", "group")
names = {part: f"l12_{device['name']}_{part}" for part in PARTS}
names["readings"], names["sink"]

# %% [markdown]
# Each step below begins from scratch: running its cell again takes down what was built from that step on, in this lesson and for
# any device. Then run the cells after it again, too.
#
# ## A topic, and its partitions by arithmetic
#
# A [partition](../docs/glossary.md) is read by one consumer of a group, so a topic needs at least as many partitions as consumers that
# must work side by side. **One consumer of yours handles 1,100 readings per second.** After an outage it has to
# catch up while new readings keep coming, so plan for **twice** the rate of the whole fleet.
#
# Work out the number of partitions, and create the topic `names["readings"]` with it, with three replicas and the setting
# `min.insync.replicas` of `2`. In kafka-python a topic is a `NewTopic(name, num_partitions, replication_factor, topic_configs={...})`, and
# `KafkaAdminClient(bootstrap_servers=KAFKA)` has `create_topics([...])` and `close()`.

# %% tags=["setup"]
import math
from contextlib import closing

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

# %% [markdown]
# The cell first removes what an earlier attempt of this lesson has built.

# %% tags=["exercise", "setup"] id="l12.topic"
ex2 = exercise("l12.topic")
PER_CONSUMER = 1100  # readings per second
### BEGIN SOLUTION
#: # TODO: partitions = ..., from device["devices"], device["every"] and PER_CONSUMER
#: # TODO: create the topic
#: partitions = None
rate = device["devices"] / device["every"]
partitions = math.ceil(2 * rate / PER_CONSUMER)
with closing(KafkaAdminClient(bootstrap_servers=KAFKA)) as admin:
    admin.create_topics([NewTopic(names["readings"], partitions, 3, topic_configs={"min.insync.replicas": "2"})])
### END SOLUTION

# %% tags=["check"]
ex2.check(device)

# %% [markdown]
# Three more topics in the same way, small ones: for what the sink cannot take (a [dead-letter queue](../docs/glossary.md)), for alarms and for orders.

# %% tags=["setup"]
with closing(KafkaAdminClient(bootstrap_servers=KAFKA)) as admin:
    there = set(admin.list_topics())
    more = {names["letters"]: 1, names["alarms"]: 3, names["orders"]: 3}
    wanted = [NewTopic(name, count, 3) for name, count in more.items() if name not in there]
    if wanted:
        admin.create_topics(wanted, wait_for_metadata=True)

# %% [markdown]
# ## The proxy is one file
#
# `python -m lab.proxy --config proxy.toml` is the MQTT proxy of this course, and the same command runs it elsewhere. Its file begins with
# Kafka's address and a listener for MQTT; what follows are your **rules** (lesson 03). `start_proxy` writes the file and starts the program;
# `deliver` publishes messages with plain paho at [QoS 1](../docs/glossary.md).

# %% tags=["setup"]
import json
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import paho.mqtt.client as mqtt

workplace = Path(tempfile.mkdtemp(prefix="l12-"))
with socket.create_server(("127.0.0.1", 0)) as free:
    mqtt_port = free.getsockname()[1]
head = f"""[kafka]
bootstrap = "{",".join(KAFKA)}"

[[listener]]
host = "127.0.0.1"
port = {mqtt_port}
anonymous = true
"""
proxy = None


def start_proxy(rules):
    """End the proxy that runs, write the file, start a new one and wait until it listens."""
    if proxy:
        proxy.terminate()
        proxy.wait()
    config, log = workplace / "proxy.toml", workplace / "proxy.log"
    config.write_text(head + rules)
    with log.open("w") as output:
        started = subprocess.Popen([sys.executable, "-m", "lab.proxy", "--config", config], stderr=output)
    deadline = time.monotonic() + allow(30)
    while started.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", mqtt_port), timeout=1):
            return started
        time.sleep(0.1)
    print("The proxy did not start.", log.read_text()[-600:])
    return started


def deliver(messages, seconds=10):
    """Publish messages at QoS 1; returns how many were acknowledged within so many seconds."""
    taken = set()
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.on_publish = lambda client, data, mid, reason, properties: taken.add(mid)
    client.connect("127.0.0.1", mqtt_port)
    client.loop_start()
    sent = {client.publish(topic, payload, qos=1).mid for topic, payload in messages}
    began, told = time.monotonic(), False
    while sent - taken and time.monotonic() < began + allow(seconds):
        time.sleep(0.05)
        if not told and time.monotonic() > began + allow(3):
            print(f"{len(sent - taken)} messages are not acknowledged yet; waiting up to {allow(seconds):.0f} s")
            told = True
    client.disconnect()
    client.loop_stop()
    return len(taken)


# %% [markdown]
# Write two rules (the text begins with `[[rule]]` and needs no f-string; write the names out):
#
# - **readings**: the topics that you described go to the topic of readings, keyed by the device, and with a
#   [header](../docs/glossary.md) that is called like the device's level (`station`, for example) and holds the device;
# - **rest**: whatever else begins with the same first level (with `#` alone everything else, when that level is the device itself) goes to the topic
#   `l12_<name>_rest`. Without it the proxy would refuse those messages, and a device that speaks MQTT 3.1.1 would send the refused one again and again, for ever.

# %% tags=["exercise", "setup"] id="l12.rule"
ex3 = exercise("l12.rule")
### BEGIN SOLUTION
#: # TODO: two rules
#: rules = """
#: """
rules = """
[[rule]]
name = "readings"
mqtt = "weather/{region}/{station}"
topic = "l12_weather_readings"
key = "{station}"
headers = { station = "{station}" }

[[rule]]
name = "rest"
mqtt = "weather/#"
topic = "l12_weather_rest"
"""
### END SOLUTION
if "[[rule]]" in rules:
    proxy = start_proxy(rules)
if proxy and proxy.poll() is None:
    print(f"{deliver(sample)} of {len(sample)} messages acknowledged")

# %% tags=["check"]
ex3.check(device, sample)

# %% [markdown]
# ## A sink whose types hold
#
# InfluxDB gives a field the type of its first value and refuses every other type. Your device sends `12` and `12.5`, or a text at power-on. So the
# sink must be told. Connect takes a configuration, a dictionary of text, with `PUT /connectors/NAME/config`.

# %% tags=["setup"]
import httpx
from influxdb_client import InfluxDBClient, TaskCreateRequest

influx = InfluxDBClient(**INFLUX)
connect = httpx.Client(base_url=CONNECT, timeout=allow(30), trust_env=False)
CONNECTION = {
    "influxdb.url": INFLUX["url"],
    "influxdb.token": INFLUX["token"],
    "influxdb.org.id": INFLUX["org"],
}


def bucket(name):
    """Create a bucket unless it is there."""
    if influx.buckets_api().find_bucket_by_name(name) is None:
        influx.buckets_api().create_bucket(bucket_name=name)


def put(connector, config):
    """Hand Connect a configuration. While it shares out its work it answers 409: then ask again."""
    deadline = time.monotonic() + allow(20)
    while (answer := connect.put(f"/connectors/{connector}/config", json=config)).status_code == 409:
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    if answer.is_error:
        print(answer.json()["message"])


# %% [markdown]
# | property | decide |
# | --- | --- |
# | `connector.class` | `InfluxDB2Sink` |
# | `topics`, `influxdb.bucket` | from `names["readings"]` to `names["raw"]` |
# | `measurement.name.format` | what the points are about, for example the device's name |
# | `event.time.fieldname`, `write.precision` | the field with the device's time, and its unit (for a text: `Milliseconds`) |
# | `tag.headers` | headers that become [tags](../docs/glossary.md): your rule made one of the device |
# | `field.types` | the type of each field: `fuel:float,seq:integer` |
# | `value.converter` | `io.hybridiot.connect.influxdb2.StrictJsonConverter` takes one JSON object or refuses; Connect's own takes the first of several |
# | `errors.tolerance` = `all`, `errors.deadletterqueue.topic.name`, `errors.deadletterqueue.context.headers.enable` = `true` | what is no reading goes to `names["letters"]`, with the reason |
#
# `integers.as.floats` makes every whole number a float, which is right for some devices and wrong for a counter. A converter with a schema (Avro, JSON
# Schema) is the third way: then the types are agreed on before anything is sent.
#
# Create the sink `names["sink"]` with `put(name, config)`. `CONNECTION | {...}` adds to the connection.

# %% tags=["exercise", "setup"] id="l12.sink"
ex4 = exercise("l12.sink")
bucket(names["raw"])
### BEGIN SOLUTION
#: # TODO: sink = CONNECTION | {...}, then put it
#: sink = None
sink = CONNECTION | {
    "connector.class": "InfluxDB2Sink",
    "topics": names["readings"],
    "influxdb.bucket": names["raw"],
    "measurement.name.format": device["name"],
    "event.time.fieldname": device["time"],
    "write.precision": device["precision"],
    "tag.headers": device["id"],
    "field.types": ",".join(f"{field}:{kind}" for field, kind in device["fields"].items()),
    "value.converter": "io.hybridiot.connect.influxdb2.StrictJsonConverter",
    "errors.tolerance": "all",
    "errors.deadletterqueue.topic.name": names["letters"],
    "errors.deadletterqueue.context.headers.enable": "true",
}
put(names["sink"], sink)
### END SOLUTION

# %% tags=["check"]
ex4.check(device)

# %% [markdown]
# ## A task that says when
#
# Nobody looks at raw readings. Write a [task](../docs/glossary.md) for InfluxDB, in Flux: **every ten seconds**, for each device and each slot of ten
# seconds of the **last minute**, the last value of the alarm's field, written to the bucket `names["rows"]` at **its own time** with
#
# - the tag of the device,
# - a text field `alarm` that is `"alarm"` when your condition holds and `"ok"` when not,
# - the value itself, as a field of the same name as before.
#
# Call the task `l12_<name>_rows`. A frame to begin with: `filter` to the one field first, so that `last()` cannot mix two readings; `window(every: 10s)` cuts
# slots and leaves each row its time; `map(fn: (r) => ({r with alarm: if ... then ... else ...}))`; `to(bucket: ..., tagColumns: [...], fieldFn: (r) => ({alarm: r.alarm, ...}))`
# also needs the columns `_time` and `_measurement`, which are there. `influx.tasks_api().create_task(TaskCreateRequest(flux=..., org=..., status="active"))` makes
# the task. The end of the cell sends another minute of readings.

# %% tags=["exercise", "setup"] id="l12.task"
ex5 = exercise("l12.task")
bucket(names["rows"])
### BEGIN SOLUTION
#: # TODO: the Flux of the task, with option task = {name: ..., every: 10s, offset: 2s} as its first line
#: # TODO: create the task
#: flux = None
flux = """
option task = {name: "l12_weather_rows", every: 10s, offset: 2s}

from(bucket: "l12_weather_raw")
    |> range(start: -60s)
    |> filter(fn: (r) => r._field == "wind_kn")
    |> window(every: 10s)
    |> last()
    |> map(fn: (r) => ({r with alarm: if r._value > 20.0 / 0.5144 then "alarm" else "ok"}))
    |> to(bucket: "l12_weather_rows", tagColumns: ["station"], fieldFn: (r) => ({alarm: r.alarm, wind_kn: r._value}))
"""
influx.tasks_api().create_task(TaskCreateRequest(flux=flux, org=INFLUX["org"], status="active"))
### END SOLUTION
if proxy and proxy.poll() is None:
    print(f"{deliver(chosen.sample())} more messages acknowledged")

# %% tags=["check"]
ex5.check(device)

# %% [markdown]
# ## Back to Kafka
#
# Programs that act listen to Kafka. Create the source connector `names["source"]`: class `InfluxDB2Source`, from the bucket `names["rows"]`
# to the topic `names["alarms"]` (`topic.name.format`), keyed by the device (`key.tag`). A row is written field by field: `fields.required` names the
# fields without which it is not handed over yet. Use the same converter. `poll.interval.ms` says how often it looks.

# %% tags=["exercise", "setup"] id="l12.source"
ex6 = exercise("l12.source")
### BEGIN SOLUTION
#: # TODO: source = CONNECTION | {...}, then put it
#: source = None
source = CONNECTION | {
    "connector.class": "InfluxDB2Source",
    "influxdb.bucket": names["rows"],
    "topic.name.format": names["alarms"],
    "key.tag": device["id"],
    "fields.required": "alarm",
    "poll.interval.ms": "500",
    "value.converter": "io.hybridiot.connect.influxdb2.StrictJsonConverter",
}
put(names["source"], source)
### END SOLUTION

# %% tags=["check"]
ex6.check(device)

# %% [markdown]
# See what comes back. The task runs every ten seconds, so it may take a moment. `records` reads a whole topic, without a group:


# %% tags=["setup", "varies"]
def records(topic):
    """Every record of a topic, from the first on."""
    with closing(KafkaConsumer(bootstrap_servers=KAFKA)) as consumer:
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends, found = consumer.end_offsets(places), []
        while any(consumer.position(place) < ends[place] for place in places):
            found += [record for batch in consumer.poll(timeout_ms=200).values() for record in batch]
        return found


came, deadline = [], time.monotonic() + allow(40)
while source and time.monotonic() < deadline and sum(alarm.get("alarm") == "alarm" for alarm in came) < 2:
    time.sleep(1)
    came = [json.loads(record.value) for record in records(names["alarms"])]
    print(f"\r{len(came)} rows have come back", end="")

# %% [markdown]
# ## A consumer that survives a power cut
#
# Write `consume(order)`: it reads `names["alarms"]` as the consumer group `names["group"]`, from the first record on when the group is new, and calls
# `order(record.key, record.value)` for each record whose `alarm` is `"alarm"`. It ends when nothing has come for three seconds (`consumer_timeout_ms`).
#
# Below it is run twice. In the first run the power fails at the second alarm, in the middle of `order`. **No alarm may be lost by that**: say
# `commit()` at the right moment, and switch `enable_auto_commit` off. (`with closing(KafkaConsumer(...)) as consumer:` closes the consumer in any case; and call
# `consumer.partitions_for_topic(...)` before the loop: kafka-python may lose what it is given while it joins a group and does not know the partitions yet.)

# %% tags=["exercise"] id="l12.consumer"
ex7 = exercise("l12.consumer")


def consume(order):
    """Read the alarms and order for each that needs it."""
    ### BEGIN SOLUTION
    #: pass  # TODO: a KafkaConsumer with bootstrap_servers=KAFKA, a loop over its records, an order, a commit
    settings = {"bootstrap_servers": KAFKA, "group_id": names["group"], "auto_offset_reset": "earliest"}
    settings |= {"enable_auto_commit": False, "consumer_timeout_ms": 3000}
    with closing(KafkaConsumer(names["alarms"], **settings)) as consumer:
        consumer.partitions_for_topic(names["alarms"])
        for record in consumer:
            if json.loads(record.value)["alarm"] == "alarm":
                order(record.key, record.value)
            consumer.commit()
    ### END SOLUTION


def power_cut(key, value):
    """Order, and fail at the second."""
    ordered.append(key)
    if len(ordered) == 2:
        raise RuntimeError("the power failed")
    producer.send(names["orders"], key=key, value=value).get(timeout=allow(10))


ordered = []
with closing(KafkaProducer(bootstrap_servers=KAFKA, acks="all")) as producer:
    with suppress(RuntimeError):
        consume(power_cut)
    print("first run over")
    consume(lambda key, value: producer.send(names["orders"], key=key, value=value).get(timeout=allow(10)))
    print("second run over")

# %% tags=["check"]
ex7.check(device)

# %% [markdown]
# ## Break it
#
# A fleet sends for eight seconds, and in the middle of it your proxy is killed. Nothing helps but the protocol: at QoS 1 the client keeps a message until it
# is acknowledged, and sends it again after it has connected again.
#
# Publish every message of `chosen.live(8)` at QoS 1 with `client`. **After the 20th, kill the proxy** (`proxy.kill()`, `proxy.wait()`) and start it again
# (`proxy = start_proxy(rules)`). Keep in `published` what was handed over, by message id: `published[client.publish(...).mid] = (topic, payload)`. `on_publish` tells
# the id of each acknowledged message; collect these in `taken`. (Do not ask `is_published()`: after a publish without a connection it raises.)

# %% tags=["exercise", "setup"] id="l12.break"
ex8 = exercise("l12.break")
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="l12-fleet")
client.reconnect_delay_set(1, 1)
published, taken = {}, set()
time.sleep(1)  # the readings of the minute before have earlier seconds than this run
began = int(time.time())
### BEGIN SOLUTION
#: # TODO: on_publish, connect to mqtt_port, loop_start, and a loop over chosen.live(8)
client.on_publish = lambda client, data, mid, reason, properties: taken.add(mid)
client.connect("127.0.0.1", mqtt_port)
client.loop_start()
for number, (topic, payload) in enumerate(chosen.live(8)):
    if number == 20:
        proxy.kill()
        proxy.wait()
        proxy = start_proxy(rules)
    published[client.publish(topic, payload, qos=1).mid] = (topic, payload)
### END SOLUTION
deadline = time.monotonic() + allow(15)
while published.keys() - taken and time.monotonic() < deadline:
    time.sleep(0.1)
client.disconnect()
client.loop_stop()
sent, acknowledged = [*published.values()], [published[mid] for mid in taken if mid in published]

# %% tags=["check"]
ex8.check(device, sent, acknowledged)

# %% [markdown]
# The slot in which the last readings lie has to close, the task has to run and the source to look: up to twenty seconds.

# %% tags=["setup", "varies"]
through = time.time() // 10 * 10 + 16
while published and (left := through - time.time()) > 0:
    print(f"\r{left:3.0f} s until the last slot is through", end="")
    time.sleep(min(left, 1))

# %% [markdown]
# ## Read the ledger
#
# A [ledger](../docs/glossary.md) counts **different readings**, because each hop delivers at least once and one of your devices sent a reading twice. Fill it in:
#
# | entry | count |
# | --- | --- |
# | `sent`, `acknowledged` | different readings in the two lists of the last exercise |
# | `kafka` | acknowledged readings that are in the topic of readings; `records(topic)` reads it, and each has `.key` and `.value` as bytes |
# | `raw` | points in `names["raw"]` with a time since `began`: count a field that every reading has |
# | `rows` | rows in `names["rows"]` since `began`: count the field `alarm` |
# | `alarms` | different records in `names["alarms"]` since `began`, by key and `time` (milliseconds) |
#
# `influx.query_api().query(flux)` gives tables with `.records`, and a record has `get_value()`. In Flux `range(start: {began})` begins at that second.

# %% tags=["exercise"] id="l12.ledger"
ex9 = exercise("l12.ledger")
ledger = {"sent": None, "acknowledged": None, "kafka": None, "raw": None, "rows": None, "alarms": None}


### BEGIN SOLUTION
#: # TODO: fill in the six numbers
def count(bucket, field):
    only = f'filter(fn: (r) => r._field == "{field}")'
    tables = influx.query_api().query(
        f'from(bucket: "{bucket}") |> range(start: {began}) |> {only} |> group() |> count()'
    )
    return tables[0].records[0].get_value() if tables else 0


readings = {(topic.split("/")[2].encode(), payload) for topic, payload in acknowledged}
alarms = [(record.key, json.loads(record.value)["time"]) for record in records(names["alarms"])]
ledger["sent"] = len(set(sent))
ledger["acknowledged"] = len(set(acknowledged))
ledger["kafka"] = len(readings & {(record.key, record.value) for record in records(names["readings"])})
ledger["raw"] = count(names["raw"], "pressure_hpa")
ledger["rows"] = count(names["rows"], "alarm")
ledger["alarms"] = len({(key, at) for key, at in alarms if at >= began * 1000})
### END SOLUTION

# %% tags=["check"]
ex9.check(device, sent, acknowledged, ledger)

# %% [markdown]
# ## Take it home
#
# What you built is five files, and they run wherever Kafka, Connect and InfluxDB run:
#
# | file | what it holds | use it elsewhere with |
# | --- | --- | --- |
# | `proxy.toml` | head and rules | `python -m lab.proxy --config proxy.toml` |
# | `topics.sh` | one line `kafka-topics.sh --create --topic ... --partitions ... --replication-factor ... --config ...` for the topic of readings | `sh topics.sh` |
# | `sink.json`, `source.json` | the two configurations | `curl -X PUT -H "Content-Type: application/json" -d @sink.json .../connectors/NAME/config` |
# | `task.flux` | the task | `influx task create -f task.flux` |
#
# Files like these are shared and kept in version control, so **no secret may be in them**: in place of the token write a reference, which Connect resolves when it
# starts the connector, such as `${file:/etc/connect/influx.properties:token}`. Name a folder outside the course, and put the five texts into `files`. A file that is there
# already is never overwritten.
#
# [Take it home](../docs/take-home.md) has what changes on the way: TLS, accounts, the plugin in your own Connect, and watching the lag.

# %% tags=["exercise"] id="l12.files"
ex10 = exercise("l12.files")
folder, files = None, {}
### BEGIN SOLUTION
#: # TODO: folder = Path.home() / "weather-pipeline", or another one
#: # TODO: files["proxy.toml"] = ..., files["topics.sh"] = ..., files["sink.json"] = json.dumps(..., indent=2), ...
folder = workplace / "weather-pipeline"
reference = {"influxdb.token": "${file:/etc/connect/influx.properties:token}"}
options = f"--partitions {partitions} --replication-factor 3 --config min.insync.replicas=2"
files["proxy.toml"] = head + rules
files["topics.sh"] = f'kafka-topics.sh --bootstrap-server "$KAFKA" --create --topic {names["readings"]} {options}\n'
files["sink.json"] = json.dumps(sink | reference, indent=2)
files["source.json"] = json.dumps(source | reference, indent=2)
files["task.flux"] = flux
### END SOLUTION
for name, text in files.items():
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (folder / name).open("x") as file:
            file.write(text)
    except FileExistsError:
        print(f"{name} is there already and stays as it is: choose another folder")

# %% tags=["check"]
ex10.check(device, sample, folder)

# %% tags=["cleanup"]
if proxy:
    proxy.terminate()
    proxy.wait()
for name in (names["sink"], names["source"]):
    connect.delete(f"/connectors/{name}")
for task in influx.tasks_api().find_tasks(name=names["rows"]):
    influx.tasks_api().delete_task(task.id)
connect.close()
influx.close()

# %% [markdown]
# ## Recap
#
# - A device is a topic, an id, a time with its unit, fields with types, an alarm and a rate. The rest follows.
# - The rate gives the partitions; the id gives key and tag; the time makes a repeated reading overwrite itself; the types keep one odd message from spoiling a field.
# - What is no reading belongs into a topic of its own, with its reason, and so does what you did not expect.
# - Commit after the work, and count what was acknowledged against what arrived.
# - Files without secrets are what you take home.
