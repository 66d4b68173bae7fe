# %% [markdown]
# Two simpler designs come to mind. *MQTT alone:* the generators publish, and every consumer subscribes at a
# broker. *Kafka alone:* every generator runs a Kafka client. Before we join the two, one question:
#
# > *What would each of them cost us?*

# %% tags=["setup"]
from lab.learn import allow, exercise, where

# %% tags=["setup"]
import json
import threading
import time

import paho.mqtt.client as mqtt
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from lab.learn.slow_network import SlowNetwork
from lab.faults import Freeze
from lab.learn.plain_broker import PlainBroker
from lab.learn.second_proxy import second_proxy


def reading(generator, seq=0):
    """One reading as JSON text."""
    fields = {"generatorID": generator, "time": time.time_ns() // 1000, "seq": seq, "lat": 47.1, "lon": 8.5}
    return json.dumps(fields | {"temperature": 71.5, "power": 180.0, "load": 60.0, "fuel": 820.0})


def device(name, host=where.mqtt_host, port=where.mqtt_port):
    """A connected MQTT client."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name)
    client.connect(host, port)
    client.loop_start()
    for _ in range(3000):
        if client.is_connected():
            return client
        time.sleep(0.01)
    raise TimeoutError("no CONNACK within 30 s")


def leave(client):
    """Say DISCONNECT and stop the client's thread."""
    client.disconnect()
    client.loop_stop()


def acknowledged(sent, seconds=10):
    """How many of these publishes are acknowledged within so many seconds."""
    deadline = time.monotonic() + allow(seconds)
    while time.monotonic() < deadline and not all(message.is_published() for message in sent):
        time.sleep(0.01)
    return sum(message.is_published() for message in sent)


def subscribe(client, pattern):
    """Subscribe at an MQTT broker; returns the list that fills with what is heard."""
    heard, granted = [], threading.Event()
    client.on_message = lambda client, data, message: heard.append(message)
    client.on_subscribe = lambda *arguments: granted.set()
    client.subscribe(pattern, qos=1)
    granted.wait(timeout=10)
    return heard


def wait_for(heard, wanted, seconds=10):
    """Wait until so many messages were heard or the time is over."""
    deadline = time.monotonic() + allow(seconds)
    while len(heard) < wanted and time.monotonic() < deadline:
        time.sleep(0.01)


# %% [markdown]
# ## MQTT alone: who was listening?
#
# `PlainBroker` is a real MQTT broker, [amqtt](https://pypi.org/project/amqtt/), in this notebook. First the good day: a
# subscriber is there, and every reading reaches it.

# %%
with PlainBroker() as broker:
    listener = device("l03-listener", broker.host, broker.port)
    heard = subscribe(listener, "emergency_generators/#")

    generator = device("l03-generator", broker.host, broker.port)
    sent = [generator.publish("emergency_generators/l03", reading("l03", seq), qos=1) for seq in range(10)]
    print("acknowledged:", acknowledged(sent))
    wait_for(heard, 10)
    print("heard:", len(heard))
    leave(generator)
    leave(listener)

# %% [markdown]
# Now the night: the subscriber is down for maintenance. Ten readings are published at QoS 1 with nobody listening, then a
# subscriber connects for the first time. Another ten are published with the **retain** flag, which asks a broker to keep
# the message for those who come later; then a second subscriber comes.
#
# Predict four numbers: how many of the first ten are acknowledged, how many the first latecomer hears, how many of the
# retained ten are acknowledged, and how many the second latecomer hears.

# %% tags=["exercise"] id="l03.nobody"
ex1 = exercise("l03.nobody")
### BEGIN SOLUTION
#: # TODO: your prediction: acknowledged, heard, acknowledged with retain, heard with retain
#: prediction = None
prediction = (10, 0, 10, 1)
### END SOLUTION

# %% tags=["check"]
ex1.check(prediction)

# %%
with PlainBroker() as broker:
    for retain in (False, True):
        generator = device("l03-generator", broker.host, broker.port)
        sent = [generator.publish("emergency_generators/l03", reading("l03", seq), 1, retain) for seq in range(10)]
        print("retain" if retain else "plain", "- acknowledged:", acknowledged(sent), end=", ")
        leave(generator)
        latecomer = device("l03-latecomer", broker.host, broker.port)
        heard = subscribe(latecomer, "emergency_generators/#")
        time.sleep(1)
        leave(latecomer)
        print("heard later:", [json.loads(message.payload)["seq"] for message in heard])

# %% [markdown]
# The PUBACK was honest: the *broker* had the reading. It passed it to everybody who was there, that is nobody, and
# forgot it. A retained message is the last value of a topic, not a history. Brokers can queue for a known subscriber
# that is away, up to a limit, in memory; they do not let a new reader read last night.
#
# Kafka is the other way round: it stores, and each consumer reads from any offset. Here generator `l03-night`
# publishes through the proxy, with nobody listening:

# %% tags=["setup"]
generator = device("l03-night")
sent = [generator.publish("emergency_generators/l03-night", reading("l03-night", seq), qos=1) for seq in range(10)]
print("acknowledged:", acknowledged(sent))
leave(generator)

# %% [markdown]
# You come late. Make a `KafkaConsumer` that reads the topic `emergency_generators` of this course **from the beginning**,
# and collect the `seq` of the readings whose key is `l03-night` in the list `late`. Iterating over the consumer ends
# when no record came for `consumer_timeout_ms`.

# %% tags=["exercise"] id="l03.late"
ex2 = exercise("l03.late")
### BEGIN SOLUTION
#: # TODO: a consumer of where.names.readings with **where.kafka_python(), consumer_timeout_ms=3000
#: #       and the auto_offset_reset that begins at the first record
#: # TODO: collect json.loads(record.value)["seq"] of the records whose key is b"l03-night"; close the consumer
#: late = None
consumer = KafkaConsumer(
    where.names.readings, **where.kafka_python(), auto_offset_reset="earliest", consumer_timeout_ms=3000
)
late = [json.loads(record.value)["seq"] for record in consumer if record.key == b"l03-night"]
consumer.close()
### END SOLUTION

# %% tags=["check"]
ex2.check(late)

# %% [markdown]
# ## Kafka alone: a client at the far end of a bad network
#
# So why not put a Kafka client on every generator? `SlowNetwork` is a long way: each piece of data takes 50 ms, as over
# a mobile modem or a satellite, and it counts. Let us send **one reading** each way. Guess first: how many connections,
# and how many round trips?

# %%
with SlowNetwork(delay_s=0.05) as far:
    generator = device("l03-far", "127.0.0.1", far.door(where.mqtt_host, where.mqtt_port))
    print("over MQTT:", acknowledged([generator.publish("emergency_generators/l03-far", reading("l03-far"), qos=1)]))
    over_mqtt = far.traffic
    leave(generator)

    far.reset()
    producer = KafkaProducer(**where.kafka_python(), proxy_url=far.url, acks="all")
    producer.send(where.names.readings, key=b"l03-far", value=reading("l03-far", 1).encode()).get(timeout=30)
    over_kafka = far.traffic
    producer.close()
    print("over Kafka: 1")
print("Kafka needs more connections:", over_kafka.connections > over_mqtt.connections)
print("and more than twice the round trips:", over_kafka.round_trips > 2 * over_mqtt.round_trips)
print("and more than five times the bytes:", over_kafka.bytes > 5 * over_mqtt.bytes)

# %% tags=["varies"]
for name, traffic in (("MQTT", over_mqtt), ("Kafka", over_kafka)):
    waiting = traffic.round_trips * 2 * 0.05
    print(
        f"{name}: {traffic.connections} connections, {traffic.round_trips} round trips, {traffic.bytes} bytes, {waiting:.1f} s of waiting"
    )

# %% [markdown]
# A Kafka client is made for a data centre. It asks any broker for the list of all brokers and the leaders of all
# partitions, and then talks to each leader itself: every generator would have to reach every broker by name, keep a
# connection to each, and fetch the list again when a leader moves. And each broker would hold a connection per generator.
#
# How many connections do the **brokers** hold, all three together, for 10,000 generators,
#
# 1. when every generator is a Kafka client that writes to partitions on all three brokers;
# 2. when they speak MQTT to a proxy, which has one Kafka producer that does the same?
#
# (Count one connection from a client to each broker.)

# %% tags=["exercise"] id="l03.fleet"
ex3 = exercise("l03.fleet")
### BEGIN SOLUTION
#: # TODO: the two numbers
#: direct = None
#: through_proxy = None
direct = 10_000 * 3
through_proxy = 3
### END SOLUTION

# %% tags=["check"]
ex3.check(direct, through_proxy)

# %% [markdown]
# ## Both: rules that join them
#
# The proxy speaks MQTT to the field and Kafka to the data centre, and keeps nothing itself. **Rules** say what
# becomes of an MQTT topic. The first that matches decides. These are the pipeline's own (`docs/proxy.md` has all settings):
#
# ```toml
# [[rule]]
# name = "readings"
# mqtt = "emergency_generators/{generatorID}"    # one level, captured
# topic = "emergency_generators"                 # the Kafka topic; made when it is missing ...
# partitions = 6                                 # ... with so many partitions
# key = "{generatorID}"                          # the record's key
# ```
#
# `second_proxy` runs a second proxy with rules of ours. See what a rule makes of a publish:


# %% tags=["setup"]
def through(rules, *publishes, seconds=8):
    """Publish (topic, payload) pairs at QoS 1 through a proxy with these rules; print what was acknowledged."""
    with second_proxy(where, rules) as port:
        for number, (topic, payload) in enumerate(publishes):
            client = device(f"l03-rules-{number}", "127.0.0.1", port)
            done = acknowledged([client.publish(topic, payload, qos=1)], seconds)
            print(f"{topic}: {'acknowledged' if done else 'not acknowledged'}")
            leave(client)


def newest(topic):
    """The newest record of a topic, whichever partition it is in."""
    consumer = KafkaConsumer(**where.kafka_python(), consumer_timeout_ms=5000)
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
    consumer.assign(partitions)
    ends = {partition: end for partition, end in consumer.end_offsets(partitions).items() if end}
    consumer.assign(list(ends))
    for partition, end in ends.items():
        consumer.seek(partition, end - 1)
    found = [next(consumer) for _ in ends]
    consumer.close()
    return max(found, key=lambda record: record.timestamp)


# %%
rules = """
[[rule]]
name = "pumps"
mqtt = "pumps/{hall}/{pump}"
topic = "l03_pumps"
key = "{pump}"
headers = { place = "hall {hall}" }
partitions = 3
"""
through(rules, ("pumps/4/pump9", "running"))
record = newest("l03_pumps")
print("key", record.key, "headers", record.headers, "value", record.value)

# %% [markdown]
# The key decides the partition, and with it the order (lesson 04). **Headers** carry what a reader may want to know
# without opening the payload.
#
# Fuel trucks publish to `trucks/<depot>/<truck>`. Write the rule that brings them to the Kafka topic `l03_trucks` with three
# partitions, keyed by the **truck**, with a header `depot` that holds the depot.

# %% tags=["exercise"] id="l03.rule"
ex4 = exercise("l03.rule")
### BEGIN SOLUTION
#: # TODO: the rule
#: rules = """
#: """
rules = """
[[rule]]
name = "trucks"
mqtt = "trucks/{depot}/{truck}"
topic = "l03_trucks"
key = "{truck}"
headers = { depot = "{depot}" }
partitions = 3
"""
### END SOLUTION
if "[[rule]]" in rules:
    through(rules, ("trucks/north/truck7", "loaded"), ("trucks/south/truck8", "empty"))

# %% tags=["check"]
ex4.check()

# %% [markdown]
# ## The first rule that matches
#
# A topic template may use captures too: `topic = "l03_site_{kind}"` makes one Kafka topic for each kind that ever
# turns up, on demand. A rule with `refuse = true` takes nothing: an MQTT 3.1.1 client hears no PUBACK, its connection ends.
#
# Sites publish to `sites/<site>/<kind>`. Give the two rules in the right order, so that
#
# - everything of kind `debug` is refused,
# - every other kind goes to `l03_site_<kind>`, keyed by the site, with two partitions.

# %% tags=["exercise"] id="l03.order"
ex5 = exercise("l03.order")
### BEGIN SOLUTION
#: # TODO: two rules
#: rules = """
#: """
rules = """
[[rule]]
name = "no debugging"
mqtt = "sites/{site}/debug"
refuse = true

[[rule]]
name = "sites"
mqtt = "sites/{site}/{kind}"
topic = "l03_site_{kind}"
key = "{site}"
partitions = 2
"""
### END SOLUTION
if "[[rule]]" in rules:
    through(
        rules, ("sites/harbour/fuel", "70"), ("sites/harbour/debug", "x=1"), ("sites/airport/smoke", "none"), seconds=4
    )

# %% tags=["check"]
ex5.check()

# %% [markdown]
# ## An acknowledgement that waits for Kafka
#
# A PUBACK of this proxy means: on at least two brokers. Let us see it wait. `Freeze` stops a broker as if its machine
# hung, and lets it go on at the end of the block:
#
# ```python
# with Freeze("kafka2"), Freeze("kafka3"):
#     ...   # two of three brokers hang
# ```
#
# Publish `reading("l03-wait")` at QoS 1 as generator `l03-wait` **while** two brokers are frozen. Put into `during` whether it
# is acknowledged within 1.5 seconds of the freeze (do not stay longer: the brokers would be declared dead), and into `after`
# whether it is acknowledged within 15 seconds after. `acknowledged([sent], seconds)` waits and counts.

# %% tags=["exercise"] id="l03.wait"
ex6 = exercise("l03.wait")
client = device("l03-wait")
### BEGIN SOLUTION
#: # TODO: publish while two brokers are frozen; during = ... inside the block, after = ... behind it
#: during, after = None, None
with Freeze("kafka2"), Freeze("kafka3"):
    sent = client.publish("emergency_generators/l03-wait", reading("l03-wait"), qos=1)
    during = acknowledged([sent], 1.5) == 1
after = acknowledged([sent], 15) == 1
### END SOLUTION
leave(client)

# %% tags=["check"]
ex6.check(during, after)

# %% [markdown]
# The proxy could have acknowledged at once. A power cut would then have made that acknowledgement wrong.
# No answer is the right answer here: the generator keeps the reading and will send it again.

# %% [markdown]
# ## Recap
#
# - A plain MQTT broker delivers to the subscribers that are connected. Its PUBACK does not mean that anybody will ever read it.
# - A Kafka client keeps connections to every broker and speaks many round trips: right in a data centre, costly at the
#   edge.
# - The proxy joins them: one small MQTT connection per device, a few Kafka connections for all of them.
# - Rules turn levels of the MQTT topic into topic, key and headers; the first that matches decides.
# - The proxy's PUBACK is Kafka's acknowledgement, passed on.
