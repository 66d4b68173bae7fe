"""Checks of lesson 02: what a publish over MQTT left behind in Kafka."""

from lab.checks import Attempt, NotYet, judge, require, whole

FIELDS = {"generatorID", "time", "seq", "lat", "lon", "temperature", "power", "load", "fuel"}
OUTAGE_READINGS = 20
OUTAGE_DELAY_MS = 1000
"""A reading taken in the outage is at least this old in Kafka: half a second of outage and one until the reconnect."""
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) + b"\xff\xd9"


def _published(attempt, qos):
    """How many publishes of this QoS the proxy has received since the attempt began."""
    now, before = attempt.proxy.now(), attempt.baseline.counters
    names = [name for name in now if name.startswith("mqtt_proxy_publishes_total") and f'qos="{qos}"' in name]
    return sum(now[name] - before.get(name, 0.0) for name in names)


@judge(
    "l02.publish",
    title="Publish one reading",
    goal="One reading of `l02-first`, acknowledged at QoS 1, is in the Kafka topic `emergency_generators` under the key `l02-first`.",
    hints=(
        "The demonstration above does nearly the same, for another generator. The topic decides where it goes.",
        "client.connect(...), client.loop_start(), client.publish(topic, payload, qos=1), then wait_for_publish on what it returns.",
        'Topic "emergency_generators/l02-first", payload reading("l02-first"); at the end leave(client).',
    ),
)
def publish(attempt: Attempt) -> str:
    records = attempt.kafka.records(attempt.names.readings, match=lambda record: record.key == "l02-first")
    if not records:
        raise _nothing_published(attempt)
    require(
        records[-1].fields.keys() >= FIELDS,
        seen="a record with the key l02-first whose value is not a whole reading",
        wanted="the JSON text that reading() builds, with all its fields",
        likely_cause="another payload was published, or the reading was wrapped in something",
        next_step='print reading("l02-first") and publish just that.',
    )
    require(
        _published(attempt, 1) >= 1,
        seen="the reading is in Kafka, but it was not published at QoS 1",
        wanted="a publish that the proxy acknowledges",
        likely_cause="publish() uses QoS 0 when it is not told otherwise, or another QoS was given",
        next_step="look at the arguments of publish().",
    )
    return "1 reading of l02-first, acknowledged at QoS 1 and in Kafka."


def _nothing_published(attempt):
    wanted = "one record with the key l02-first in emergency_generators"
    if attempt.kafka.records(
        attempt.names.status, at_least=0, within=0, match=lambda record: record.key == "l02-first"
    ):
        return NotYet(
            "a record of l02-first came to emergency_generators_status",
            wanted,
            "one level too many in the MQTT topic: /status is for online and offline",
            "compare your topic with the list of topics above.",
        )
    strayed = attempt.kafka.records(
        attempt.names.readings, at_least=0, within=0, match=lambda record: b'"l02-first"' in (record.value or b"")
    )
    if strayed:
        return NotYet(
            f"a reading of l02-first came under the key {strayed[-1].key}",
            wanted,
            "the last level of the MQTT topic becomes the key, and it names another generator",
            "look at the last level of your topic.",
        )
    if strays := attempt.kafka.strays():
        return NotYet(
            f"a message for the MQTT topic {strays[-1]}, which belongs to nothing: it is in the Kafka topic mqtt_strays",
            wanted,
            "a level of the MQTT topic is missing, misspelt or too many",
            "print the topic and compare it, level by level, with the demonstration's.",
        )
    if not attempt.proxy.grown("mqtt_proxy_connects_total"):
        return NotYet(
            "no client connected to the proxy since you ran the cell",
            wanted,
            "publish() without a connection only queues the message, or connect() never ran",
            "look at the order of connect, loop_start and publish.",
        )
    return NotYet(
        "a client connected, and no reading of l02-first followed",
        wanted,
        "publish() was not called, or the program left before the loop had sent it",
        "wait for what publish() returns before you disconnect.",
    )


@judge(
    "l02.packets",
    title="What does one message cost?",
    goal="`packets` says how many packets travel for one message at QoS 0, 1 and 2.",
    hints=(
        "Count the sentences of the conversation, in both directions, beginning with PUBLISH.",
        "QoS 1 is a message and one confirmation. QoS 2 is four sentences: the message and the three that the text quotes.",
        "packets = {0: 1, 1: ?, 2: ?}: QoS 1 has PUBLISH and PUBACK; QoS 2 has PUBLISH, PUBREC, PUBREL and PUBCOMP.",
    ),
    services=("proxy",),
)
def packets(attempt: Attempt, answer: object) -> str:
    require(
        isinstance(answer, dict) and set(answer) == {0, 1, 2},
        seen=f"packets is {answer!r}",
        wanted="a dictionary with the keys 0, 1 and 2",
        likely_cause="another kind of value was given",
        next_step="write {0: ..., 1: ..., 2: ...} with a number for each.",
    )
    given = {qos: whole(answer[qos], f"packets[{qos}]") for qos in (0, 1, 2)}
    require(
        given[0] == 1,
        seen=f"you expect {given[0]} for QoS 0",
        wanted="what the log of QoS 0 above shows",
        likely_cause="somebody answering, though QoS 0 means send and forget",
        next_step="count the lines of the log above.",
    )
    require(
        given[1] == 2,
        seen=f"you expect {given[1]} for QoS 1",
        wanted="the message and what confirms it",
        likely_cause="counting one direction only, or an answer to the answer",
        next_step="say aloud who speaks at QoS 1, and how often.",
    )
    require(
        given[2] == 4,
        seen=f"you expect {given[2]} for QoS 2",
        wanted="every sentence of the conversation at QoS 2",
        likely_cause="a confirmation of QoS 2 is itself confirmed, in both directions",
        next_step="count the message and the sentences in italics in the text above.",
    )
    return "1, 2 and 4 packets: certainty costs round trips."


@judge(
    "l02.outage",
    title="Survive an outage",
    goal="All 20 readings of `l02-outage` that were taken during the outage are in Kafka.",
    hints=(
        "Which QoS makes the client keep a message until it is confirmed?",
        "client.publish(topic, reading(...), qos=1) for each seq inside the block; wait_for_publish(timeout=10) on each after it.",
        "Collect what publish() returns in a list; behind the block, outside it: for message in sent: message.wait_for_publish(timeout=10).",
    ),
)
def outage(attempt: Attempt) -> str:
    records = attempt.kafka.records(
        attempt.names.readings, at_least=OUTAGE_READINGS, match=lambda record: record.key == "l02-outage"
    )
    wanted = "20 readings, seq 0 to 19"
    require(
        records,
        seen="none of the readings of l02-outage is in Kafka",
        wanted=wanted,
        likely_cause="QoS 0, which keeps nothing, or a client that left before it could send again",
        next_step="ask which QoS keeps a message until it is confirmed, and where your program waits for that.",
    )
    seqs = {record.fields.get("seq") for record in records if record.fields}
    require(
        not (len(records) >= OUTAGE_READINGS and len(seqs) == 1),
        seen=f"at least 20 records came, all with seq {min(map(str, seqs), default='?')}",
        wanted=wanted,
        likely_cause="every reading was built with the same number",
        next_step="give reading() the number of the loop as well.",
    )
    require(
        seqs >= set(range(OUTAGE_READINGS)),
        seen=f"{len(seqs & set(range(OUTAGE_READINGS)))} of the 20 readings are in Kafka",
        wanted=wanted,
        likely_cause="some were never published, or the client left before it had sent all of them again",
        next_step="count what you publish, and wait for every one of them.",
    )
    delays = [record.timestamp - record.fields.get("time", 0) / 1000 for record in records]
    require(
        min(delays, default=0) >= OUTAGE_DELAY_MS,
        seen="all 20 arrived, but at least one was taken when the network was back",
        wanted="readings taken while nothing passed",
        likely_cause="they were built and published after the block of the outage",
        next_step="look at the indentation of your publish().",
    )
    return "20 of 20 readings survived the outage."


@judge(
    "l02.keepalive",
    title="Choose a keep-alive",
    goal="`seconds` is the largest keep-alive with which a silent generator is given up within 60 seconds.",
    hints=(
        "The server waits longer than the keep-alive itself. How much longer?",
        "One and a half times the keep-alive must be at most 60 seconds.",
        "seconds = 60 / 1.5, as a whole number.",
    ),
    services=("proxy",),
)
def keepalive(attempt: Attempt, answer: object) -> str:
    given = whole(answer, "seconds")
    require(
        given > 0,
        seen=f"a keep-alive of {given}",
        wanted="a number above 0",
        likely_cause="0 switches keep-alive off: the server would wait for ever",
        next_step="give the promise in seconds.",
    )
    require(
        given * 1.5 <= 60,
        seen=f"with {given} seconds a silent generator is noticed after {given * 1.5:g} seconds",
        wanted="at most 60 seconds",
        likely_cause="the server does not give up at the first late ping",
        next_step="read again after how much silence the server gives a client up.",
    )
    require(
        given == 40,
        seen=f"{given} seconds keep the promise: noticed after {given * 1.5:g} seconds",
        wanted="the largest keep-alive that does",
        likely_cause="a shorter one pings more often than it has to",
        next_step="how far can you go up before the silence lasts longer than 60 seconds?",
    )
    return "40 seconds: given up after 60."


@judge(
    "l02.will",
    title="A last will",
    goal="`l02-will` said `online` and fell silent, and within seconds its will says `offline` in `emergency_generators_status`.",
    hints=(
        "The will is part of the CONNECT packet, and silence is noticed after one and a half times the keep-alive.",
        'lost.will_set(topic, "offline", qos=1) before lost.connect("127.0.0.1", port, keepalive=...); then loop_start and publish.',
        'The topic is "emergency_generators/l02-will/status" for both, and 3 seconds are one and a half times 2.',
    ),
)
def will(attempt: Attempt) -> str:
    def of_will(record):
        return record.key == "l02-will"

    said = attempt.kafka.records(attempt.names.status, within=3, match=of_will)
    online = [record for record in said if record.value == b"online"]
    wanted = "online, then offline a few seconds later, both under the key l02-will"
    require(
        online,
        seen="l02-will never said online in emergency_generators_status"
        if not said
        else f"l02-will said only {said[-1].value!r}",
        wanted=wanted,
        likely_cause="the publish of online is missing, went to another topic, or was not waited for",
        next_step="publish online inside the block and wait for its acknowledgement.",
    )
    since = online[-1].offset
    offline = attempt.kafka.records(
        attempt.names.status,
        within=7,
        match=lambda record: of_will(record) and record.offset > since and record.value == b"offline",
    )
    if not offline:
        raise _still_online(attempt, wanted)
    return "online, and offline when it fell silent. For 3 seconds the keep-alive is 2."


def _still_online(attempt, wanted):
    strayed = attempt.kafka.records(
        attempt.names.readings, at_least=0, within=0, match=lambda record: record.key == "l02-will"
    )
    if strayed:
        return NotYet(
            "the will of l02-will came to emergency_generators, among the readings",
            wanted,
            "the will's topic is that of the readings",
            "give the will the same topic as online.",
        )
    if _left_a_will(attempt):
        return NotYet(
            "l02-will said online, and 7 seconds after it fell silent the proxy still waited for it",
            wanted,
            "the keep-alive allows a longer silence than 3 seconds",
            "which keep-alive, times one and a half, is 3?",
        )
    return NotYet(
        "l02-will said online, and its connection has no will that could be published",
        wanted,
        "the will was set after CONNECT had gone out, or the client said goodbye with DISCONNECT",
        "look at the order of your calls, and whether the client disconnects without being told to.",
    )


def _left_a_will(attempt):
    """Whether the silent connection has a will: a second client of the same name ends it, and then the will is published."""
    import paho.mqtt.client as mqtt

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="l02-will")
    client.connect(attempt.where.mqtt_host, attempt.where.mqtt_port)
    client.loop_start()
    try:
        return bool(
            attempt.kafka.records(
                attempt.names.status,
                within=3,
                match=lambda record: record.key == "l02-will" and record.value == b"offline",
            )
        )
    finally:
        client.disconnect()
        client.loop_stop()


@judge(
    "l02.shape",
    title="A new topic for a photo",
    goal="The photo's bytes, unchanged, are under the key `camera1` in a Kafka topic that this publish brought into being.",
    hints=(
        "Three levels: lab, then the name of the topic, then the key.",
        'device("camera1") gives a connected client; publish takes bytes as they are.',
        'client.publish(f"lab/{name}/camera1", photo, qos=1).wait_for_publish(timeout=10), then leave(client).',
    ),
)
def shape(attempt: Attempt) -> str:
    prefix = f"{attempt.names.namespace}lab_l02_photos_"
    made = attempt.wait(
        lambda: [name for name in attempt.kafka.new_topics() if name.startswith(prefix)],
        bool,
        within=4,
        words="Waiting for the new topic",
    )
    wanted = "a new topic lab_l02_photos_... with the photo in it"
    if not made:
        swapped = attempt.kafka.records(f"{attempt.names.namespace}lab_camera1", at_least=0, within=0)
        require(
            not swapped,
            seen="a record came to the topic lab_camera1",
            wanted=wanted,
            likely_cause="the key is where the topic's name belongs",
            next_step="read again what each level of lab/<name>/<key> means.",
        )
        strays = attempt.kafka.strays()
        raise NotYet(
            f"no new topic lab_l02_photos_..., but a message for the MQTT topic {strays[-1]}, which belongs to nothing"
            if strays
            else "no new topic lab_l02_photos_...",
            wanted,
            "a level of the MQTT topic is missing or too many"
            if strays
            else "nothing was published, or it went to a topic that was there before",
            "print the MQTT topic that you publish to and count its levels.",
        )
    records = attempt.kafka.records(made[-1])
    require(
        records,
        seen=f"the topic {prefix}... is new and empty",
        wanted=wanted,
        likely_cause="the program left before the publish was acknowledged",
        next_step="wait for what publish() returns.",
    )
    record = records[-1]
    require(
        record.key == "camera1",
        seen=f"a record with the key {record.key}",
        wanted="the key camera1",
        likely_cause="the last level of the MQTT topic becomes the key",
        next_step="look at the last level of your topic.",
    )
    value = record.value or b""
    require(
        value == PHOTO,
        seen=f"{len(value)} bytes arrived that are not the photo's {len(PHOTO)}",
        wanted="the photo's bytes, unchanged",
        likely_cause="it was turned into text, or wrapped, on the way into publish()",
        next_step="give publish() the photo itself.",
    )
    return f"{len(PHOTO)} bytes, unchanged, in a topic made on demand."
