# %% [markdown]
# At the end of 2022 The New Stack described a fleet of emergency fuel generators at the edge that report over MQTT into
# Kafka and a time series database. This course builds that idea from scratch. A generator is in a hospital's yard
# behind a mobile modem, and one question decides everything that follows:
#
# > *My device got an acknowledgement. What do I know now?*

# %% tags=["setup"]
from lab.learn import allow, exercise, where

# %% [markdown]
# MQTT names things by **topics**, levels joined by `/`, from the general to the particular. A generator publishes its
# readings to `emergency_generators/<its name>`, and `online` or `offline` to `emergency_generators/<its name>/status`.
#
# The client is `paho-mqtt`. `reading()` builds a payload as lesson 01 defined it, `device()` is a client that is
# connected, `leave()` disconnects it, and `arrivals()` waits at the far end, in Kafka. Run them; you need not read them all.

# %% tags=["setup"]
import json
import time
from contextlib import contextmanager

import paho.mqtt.client as mqtt
from kafka import KafkaConsumer, TopicPartition

from lab.faults.relay import Relay


def reading(generator, seq=0):
    """One reading as JSON text; the time is the device's own, in microseconds."""
    fields = {"generatorID": generator, "time": time.time_ns() // 1000, "seq": seq, "lat": 47.1, "lon": 8.5}
    return json.dumps(fields | {"temperature": 71.5, "power": 180.0, "load": 60.0, "fuel": 820.0})


def device(name, host=where.mqtt_host, port=where.mqtt_port):
    """A connected client; it reconnects automatically one second after it lost the connection."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name)
    client.reconnect_delay_set(1, 1)
    client.connect(host, port, keepalive=60)
    client.loop_start()
    for _ in range(500):
        if client.is_connected():
            return client
        time.sleep(0.01)
    raise TimeoutError("no CONNACK within 5 s")


def leave(client):
    """Say DISCONNECT and stop the client's thread."""
    client.disconnect()
    client.loop_stop()


def end_of(topic):
    """A Kafka consumer at the end of a topic."""
    consumer = KafkaConsumer(**where.kafka_python())
    consumer.assign([TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)])
    consumer.seek_to_end()
    for partition in consumer.assignment():
        consumer.position(partition)
    return consumer


def arrivals(consumer, key, wanted, seconds=8):
    """The records with this key, as soon as `wanted` are there or the time is over."""
    found, deadline = [], time.monotonic() + allow(seconds)
    while len(found) < wanted and time.monotonic() < deadline:
        for batch in consumer.poll(timeout_ms=100).values():
            found += [record for record in batch if record.key == key.encode()]
    return found


# %% [markdown]
# ## The smallest thing that works
#
# `connect` opens the connection, `loop_start` starts the thread that does the network's work, and
# `wait_for_publish` waits until the other side has acknowledged. `leave` says DISCONNECT and ends the thread.

# %%
kafka = end_of(where.names.readings)

client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="l02-demo")
client.connect(where.mqtt_host, where.mqtt_port)
client.loop_start()
sent = client.publish("emergency_generators/l02-demo", reading("l02-demo"), qos=1)
sent.wait_for_publish(timeout=10)
print("acknowledged:", sent.is_published())
leave(client)

for record in arrivals(kafka, "l02-demo", wanted=1):
    print("in Kafka:", record.topic, "with key", record.key.decode())

# %% [markdown]
# The proxy took the publish and wrote it to Kafka. Its **rule** turned the last level of the MQTT topic into the record's
# key. Now you: let the generator `l02-first` publish one `reading("l02-first")` at QoS 1 to the topic where readings
# belong, wait until it is acknowledged, and leave.

# %% tags=["exercise"] id="l02.publish"
ex1 = exercise("l02.publish")
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="l02-first")
### BEGIN SOLUTION
#: # TODO: connect to where.mqtt_host and where.mqtt_port, and start the loop
#: # TODO: publish reading("l02-first") at QoS 1 to the topic of this generator
#: # TODO: wait until it is acknowledged, then leave(client)
client.connect(where.mqtt_host, where.mqtt_port)
client.loop_start()
sent = client.publish("emergency_generators/l02-first", reading("l02-first"), qos=1)
sent.wait_for_publish(timeout=10)
leave(client)
### END SOLUTION

# %% tags=["check"]
ex1.check()

# %% [markdown]
# ## Three qualities of service
#
# The publisher chooses for each message how hard MQTT tries:
#
# - **QoS 0**, at most once: send it and forget it.
# - **QoS 1**, at least once: the receiver confirms; until then the sender keeps the message and sends it again after a
#   reconnect. Twice is possible.
# - **QoS 2**, exactly once between these two ends: the receiver says *I have it*; the sender answers *then forget its
#   number*; the receiver says *forgotten*. Only then may the number name another message.
#
# `on_log` shows what a client sends and receives. Here is QoS 0:


# %% tags=["setup"]
def packets_of(qos):
    """Publish once and list the packets about it, in both directions."""
    seen = []
    client = device("l02-packets")
    client.on_log = lambda client, data, level, text: seen.append(text.split("(")[0].strip())
    client.publish("lab/l02_packets/one", b"hello", qos=qos).wait_for_publish(timeout=10)
    client.on_log = None
    leave(client)
    return [text for text in seen if "PUB" in text]


# %%
packets_of(0)

# %% [markdown]
# Predict: how many packets travel for **one** message at each QoS, both directions together, when nothing goes wrong?
# Give a dictionary such as `{0: 1, 1: ..., 2: ...}`. We measure it right after.

# %% tags=["exercise"] id="l02.packets"
ex2 = exercise("l02.packets")
### BEGIN SOLUTION
#: # TODO: your prediction: {0: ..., 1: ..., 2: ...}
#: packets = None
packets = {0: 1, 1: 2, 2: 4}
### END SOLUTION

# %% tags=["check"]
ex2.check(packets)

# %%
for qos in (0, 1, 2):
    print(f"QoS {qos}:", ", ".join(packets_of(qos)))

# %% [markdown]
# What did each acknowledgement prove *here*? That depends on who sends it. This proxy keeps nothing; it answers when Kafka has:
#
# | QoS | your client says "published" when | what you know |
# | --- | --- | --- |
# | 0 | the bytes were given to your own operating system | nothing about the other side |
# | 1 | PUBACK came | the reading is in Kafka, on at least two brokers |
# | 2 | PUBREC and PUBCOMP came | the same, and this message was not written twice within the connection |
#
# ## When the network goes away
#
# A `Relay` is a piece of network that we can break. During the `outage` nothing passes, and both ends believe that they
# are connected, as with a modem in a tunnel. Then the connection breaks, and the device comes back.
#
# **Predict:** twenty readings at QoS 0 during an outage. How many will `paho` call published, and how many will Kafka have?

# %% tags=["setup"]
relay = Relay(where.mqtt_host, where.mqtt_port).start()


@contextmanager
def outage():
    """Nothing passes the relay inside the block; at its end the connection breaks and the network is back."""
    relay.black_hole = True
    yield
    time.sleep(0.5)
    relay.cut()
    relay.heal()


# %%
client = device("l02-hope", "127.0.0.1", relay.port)
with outage():
    sent = [client.publish("emergency_generators/l02-hope", reading("l02-hope", seq)) for seq in range(20)]
print("published, says paho:", sum(message.is_published() for message in sent), "of 20")
print("in Kafka:", len(arrivals(kafka, "l02-hope", wanted=20, seconds=2)), "of 20")
leave(client)

# %% [markdown]
# All of them published, none of them there. Now send twenty readings of `l02-outage`, `seq` 0 to 19, **during** the
# outage so that all of them arrive. Give the client the time it needs after the outage before it leaves.

# %% tags=["exercise"] id="l02.outage"
ex3 = exercise("l02.outage")
client = device("l02-outage", "127.0.0.1", relay.port)
### BEGIN SOLUTION
#: with outage():
#:     pass  # TODO: publish reading("l02-outage", seq) for seq 0 to 19; keep what publish() returns
#: # TODO: after the outage, wait for each of them
with outage():
    sent = [client.publish("emergency_generators/l02-outage", reading("l02-outage", seq), qos=1) for seq in range(20)]
for message in sent:
    message.wait_for_publish(timeout=10)
### END SOLUTION
leave(client)

# %% tags=["check"]
ex3.check()

# %% [markdown]
# At QoS 1 the client kept every message until its PUBACK, reconnected and sent them again. Had the first try reached Kafka
# and only the PUBACK been lost, Kafka would now hold such a reading twice. That is what *at least once* means, also for
# QoS 2 across a reconnect. The reading's own `time` is the cure: the same generator and time is the same reading.

# %% [markdown]
# ## Is it still alive?
#
# A generator that says nothing: is it fine, or gone? With **keep-alive** the client promises to send something at least
# every so many seconds (a PINGREQ if there is nothing else). After **one and a half times** that without a byte, the
# server gives the client up.
#
# The control room must know of a lost generator within **60 seconds**. Pings cost battery and money: what is the largest
# keep-alive, in whole seconds, that you can give it?

# %% tags=["exercise"] id="l02.keepalive"
ex4 = exercise("l02.keepalive")
### BEGIN SOLUTION
#: # TODO: the largest keep-alive in seconds
#: seconds = None
seconds = 40
### END SOLUTION

# %% tags=["check"]
ex4.check(seconds)

# %% [markdown]
# ## The last will
#
# When a server gives a client up, it can say so in the client's name: the **last will**, a message that the client
# leaves when it connects. It is published when the connection ends without DISCONNECT. See it in action, here with a
# connection that is cut:

# %%
status = end_of(where.names.status)
client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="l02-testament")
client.will_set("emergency_generators/l02-testament/status", "offline", qos=1)
client.connect("127.0.0.1", relay.port)
client.loop_start()
client.publish("emergency_generators/l02-testament/status", "online", qos=1).wait_for_publish(timeout=10)
relay.cut()
print([record.value.decode() for record in arrivals(status, "l02-testament", wanted=2)])
leave(client)

# %% [markdown]
# A cut connection is noticed at once. A silent one is not: there the keep-alive must end the waiting. `doomed_network` gives
# a port that leads to the proxy. When its block ends, nothing passes any more, and no DISCONNECT is sent.

# %% tags=["setup"]
doomed = []


@contextmanager
def doomed_network():
    """A port that leads to the proxy until the block ends; then it is silent for good."""
    while doomed:
        doomed.pop().stop()
    doomed.append(Relay(where.mqtt_host, where.mqtt_port).start())
    yield doomed[-1].port
    doomed[-1].black_hole = True


# %% [markdown]
# Let `l02-will`, inside the block below,
#
# - leave the will `offline` on its status topic, at QoS 1,
# - connect so that its silence is noticed after **3 seconds**,
# - publish `online` on the same topic, at QoS 1, and see it acknowledged.

# %% tags=["exercise"] id="l02.will"
ex5 = exercise("l02.will")
lost = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="l02-will")
with doomed_network() as port:
    ### BEGIN SOLUTION
    #: pass  # TODO: leave the will
    #: # TODO: connect to "127.0.0.1" and port, with the right keep-alive; start the loop
    #: # TODO: publish "online" and wait for its acknowledgement
    lost.will_set("emergency_generators/l02-will/status", "offline", qos=1)
    lost.connect("127.0.0.1", port, keepalive=2)
    lost.loop_start()
    lost.publish("emergency_generators/l02-will/status", "online", qos=1).wait_for_publish(timeout=10)
    ### END SOLUTION

# %% tags=["check"]
ex5.check()

# %% [markdown]
# The **fleet panel** does the same to generators in the field. Press *Cut* beside one of them: its connection ends without a DISCONNECT,
# the proxy publishes its will, and `offline` arrives. *Restore* brings it back. Then move a load, press the generator's name, and
# follow its reading from hop to hop.

# %% tags=["varies"]
from lab import widgets

widgets.fleet_panel()

# %% [markdown]
# ## Topics on demand, payloads of any shape
#
# You need not create MQTT topics: publish, and the topic exists. MQTT does not look into payloads either: text, JSON, a
# picture. The proxy carries both over to Kafka. One of its rules takes `lab/<name>/<key>`, makes the Kafka topic
# `lab_<name>` if need be, and uses `<key>` as the key:

# %%
client = device("l02-anything")
for payload in (b"plain text", b'["JSON", 1, null]', bytes([0, 255, 128]), b""):
    sent = client.publish("lab/l02_anything/sensor1", payload, qos=1)
    sent.wait_for_publish(timeout=10)
    print(f"{len(payload):2} bytes acknowledged: {sent.is_published()}")
leave(client)

# %% [markdown]
# `camera1` has taken a `photo`. Publish its bytes, unchanged and at QoS 1, so that they land in a Kafka topic that did not
# exist before: `lab_` followed by `name`, with the key `camera1`.

# %% tags=["exercise"] id="l02.shape"
ex6 = exercise("l02.shape")
photo = b"\xff\xd8\xff" + bytes(range(256)) + b"\xff\xd9"
name = f"l02_photos_{time.time_ns()}"
### BEGIN SOLUTION
#: # TODO: connect a device("camera1"), publish the photo, wait for the acknowledgement, and leave
client = device("camera1")
client.publish(f"lab/{name}/camera1", photo, qos=1).wait_for_publish(timeout=10)
leave(client)
### END SOLUTION

# %% tags=["check"]
ex6.check()

# %% tags=["cleanup"]
widgets.stop()
relay.stop()
while doomed:
    doomed.pop().stop()
leave(lost)

# %% [markdown]
# ## Recap
#
# - A topic is an address with levels. The proxy's rules turn it into a Kafka topic and a key.
# - "Published" at QoS 0 says nothing about the other side. At QoS 1 and 2, PUBACK and PUBREC of this proxy mean that
#   Kafka has it on at least two brokers.
# - At least once means: expect a reading twice, and make it harmless with the device's own time.
# - Keep-alive bounds the silence to one and a half times its seconds; the last will tells everybody.
# - Topics are created on demand, and a payload may be any bytes. Producers and consumers must agree on its format.
