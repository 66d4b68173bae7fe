# %% [markdown]
# This course runs the real thing on your own machine: an MQTT proxy, three Kafka brokers, Kafka Connect and InfluxDB.
# Emergency generators send readings; the readings travel through all of these services; alarms come back and bring fuel.
#
# Every lesson works the same way: a little to read, something small that runs, then an exercise for you. Run a cell with
# **Shift+Enter**. The next cell begins every lesson. It prints nothing when all is well.

# %% tags=["setup"]
from lab.learn import exercise, where

# %% [markdown]
# ## The whole pipeline, live
#
# This is the pipeline as it is at this moment. Each box is a service, each arrow says how many records per second pass.
# Nothing passes yet: no generator is running. The map updates automatically while you work; come back to it.

# %% tags=["varies"]
from lab import widgets

widgets.pipeline_map()

# %% [markdown]
# ## Kafka
#
# `where` knows the address of every service. Let us ask Kafka for its topics, with the client of this whole course,
# `kafka-python`.

# %% tags=["setup"]
from kafka import KafkaConsumer

consumer = KafkaConsumer(bootstrap_servers=where.kafka_bootstrap)
sorted(topic for topic in consumer.topics() if topic in ("emergency_generators", "emergency_generators_status"))

# %% [markdown]
# A topic is cut into **partitions**. Each partition is one ordered log, and each can live on another broker: that is how
# Kafka grows. How many partitions has the topic `emergency_generators`? The consumer's `partitions_for_topic(name)` gives
# the set of their numbers.
#
# The first line of every exercise tells the lab that your attempt begins: leave it where it is. To try again, change your
# lines and run the cell again.

# %% tags=["exercise"] id="l00.partitions"
ex1 = exercise("l00.partitions")
### BEGIN SOLUTION
#: # TODO: ask the consumer, and put the number of partitions here instead of None
#: partitions = None
partitions = len(consumer.partitions_for_topic("emergency_generators"))
### END SOLUTION

# %% tags=["check"]
ex1.check(partitions)

# %% [markdown]
# A check does not judge your code. It asks the services what they saw since your attempt began, and answers with one of four
# verdicts: **passed**, **not yet** (with what it saw, what it wanted and where to look next), **not attempted**, or
# **problem in the lab**: then a service is down, and it is not your answer.

# %% [markdown]
# ## MQTT
#
# Generators speak MQTT, a small protocol for small devices. They publish to a *topic* such as
# `emergency_generators/generator7`; the proxy takes what they publish and writes it to Kafka. There is a second MQTT topic
# for each generator, with `/status` at its end, which says `online` or `offline`: `emergency_generators/generator7/status`.
#
# | MQTT topic, that a device publishes to | Kafka topic, that the proxy writes to | key |
# | --- | --- | --- |
# | `emergency_generators/generator7` | `emergency_generators` | `generator7` |
# | `emergency_generators/generator7/status` | `emergency_generators_status` | `generator7` |
#
# `publish.single` of paho-mqtt connects, publishes one message and disconnects:
# `publish.single("a/topic", "a message", qos=1, hostname=where.mqtt_host, port=where.mqtt_port)`.

# %% tags=["exercise"] id="l00.online"
ex2 = exercise("l00.online")
from paho.mqtt import publish

### BEGIN SOLUTION
#: # TODO: publish the message online for generator1
publish.single(
    "emergency_generators/generator1/status", "online", qos=1, hostname=where.mqtt_host, port=where.mqtt_port
)
### END SOLUTION

# %% tags=["check"]
ex2.check()

# %% [markdown]
# You were the device, the proxy was the bridge, and the check was a Kafka consumer: it read the record that your message
# became.
#
# ## Kafka Connect
#
# Connect moves records between Kafka and other systems, without a program of yours. You control it over HTTP. These are the
# two plugins that this course adds to it; lessons 07 and 10 put them to work.

# %%
import httpx

plugins = httpx.get(f"{where.connect_url}/connector-plugins", trust_env=False).json()
sorted(plugin["class"].split(".")[-1] for plugin in plugins if "InfluxDB2" in plugin["class"])

# %% [markdown]
# ## InfluxDB
#
# InfluxDB keeps time series. A **point** has a *measurement* (what is it about), *tags* (which one), *fields* (the values)
# and a time. Points live in **buckets**; the readings will live in `kafka_raw`. This exercise has a bucket of its own, `l00_hello`,
# which is empty again whenever you begin an attempt.

# %% tags=["setup"]
from influxdb_client import InfluxDBClient, Point
from influxdb_client.client.write_api import SYNCHRONOUS

influx = InfluxDBClient(**where.influx())
writer = influx.write_api(write_options=SYNCHRONOUS)

# %% [markdown]
# Write one point into `l00_hello`: measurement `hello`, tag `generatorID` with the value `generator1`, field `fuel` with
# the number 750.0. A point is built in steps, `Point("measurement").tag("name", "value").field("name", 1.0)`, and written
# with `writer.write(bucket, record=point)`. Without a time, InfluxDB takes its own.

# %% tags=["exercise"] id="l00.point"
ex3 = exercise("l00.point")
### BEGIN SOLUTION
#: # TODO: build the point and write it to the bucket l00_hello
point = Point("hello").tag("generatorID", "generator1").field("fuel", 750.0)
writer.write("l00_hello", record=point)
### END SOLUTION

# %% tags=["check"]
ex3.check()

# %% [markdown]
# To read it back we use Flux, InfluxDB's own language: a stream of tables that passes through one function after another.
# A cell that begins with `%%flux` runs it and shows the tables. Lesson 08 is all about it.

# %% magic="flux"
# from(bucket: "l00_hello")
#     |> range(start: -1h)
#     |> filter(fn: (r) => r._measurement == "hello" and r.generatorID == "generator1" and r._field == "fuel")
#     |> last()
#     |> keep(columns: ["_measurement", "_field", "_value", "generatorID"])

# %% tags=["cleanup"]
consumer.close()
influx.close()

# %% [markdown]
# ## Recap
#
# - Readings go from MQTT through Kafka and Connect to InfluxDB; alarms come back the same way.
# - `where` knows every address, `exercise(...)` begins an attempt, `check()` asks the services what it did.
# - `./workshop progress` in a terminal shows what you have solved; `./workshop status` shows what runs.
# - [The glossary](../docs/glossary.md) has every term of the course in one sentence.
