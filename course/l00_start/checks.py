"""Checks of lesson 00: one effect in each service."""

from lab.checks import Attempt, NotYet, judge, require, whole
from lab.influx import buckets
from lab.influx.api import Influx

BUCKET = "l00_hello"


@judge(
    "l00.partitions",
    title="How many partitions?",
    goal="`partitions` holds the number of partitions of the topic `emergency_generators`, as Kafka itself says.",
    hints=(
        "The consumer of the cell above is already connected; ask it about one topic.",
        'consumer.partitions_for_topic("emergency_generators") gives a set such as {0, 1, 2}; len() counts it.',
        'partitions = len(consumer.partitions_for_topic("..."))  with the topic\'s name between the quotes.',
    ),
    services=("kafka",),
)
def partitions(attempt: Attempt, answer: object) -> str:
    given = whole(answer, "partitions")
    real = len(attempt.kafka.topic(attempt.names.readings))
    require(
        given == real,
        seen=f"you say {given}",
        wanted=f"the number that Kafka gives for {attempt.names.readings}",
        likely_cause=_cause(given, real),
        next_step="print what partitions_for_topic returns for this topic, and count it.",
    )
    return f"{real} partitions, and Kafka says the same."


def _cause(given: int, real: int) -> str:
    if given == 3:
        return "you counted the brokers; a broker holds several partitions."
    if given == real - 1:
        return "partitions are numbered from 0, so the highest number is one less than their count."
    return "that may be the count of another topic."


@judge(
    "l00.online",
    title="Say that generator1 is online",
    goal="generator1 says `online` on its MQTT status topic. The proxy writes it to Kafka: key `generator1`, value `online`.",
    hints=(
        "The MQTT topic is that of generator1's readings with one more level at its end.",
        'publish.single(topic, "online", qos=1, hostname=where.mqtt_host, port=where.mqtt_port)',
        "The topic is emergency_generators/generator1/status.",
    ),
    services=("kafka", "proxy"),
)
def online(attempt: Attempt) -> str:
    records = attempt.kafka.records(attempt.names.status, at_least=1, within=4)
    if not records:
        _nothing_arrived(attempt)
    newest = [record for record in records if record.key == "generator1"]
    require(
        newest,
        seen=f"a record with the key {records[-1].key}" if records else "",
        wanted="a record with the key generator1",
        likely_cause="the key is the second level of the MQTT topic.",
        next_step="compare the topic that you published to with the one in the text, level by level.",
    )
    value = (newest[-1].value or b"").decode(errors="replace")
    require(
        value == "online",
        seen=f"generator1 with the message {value!r}",
        wanted="the message 'online'",
        likely_cause="the second argument of publish.single is the message.",
        next_step="change the message and run the cell again.",
    )
    return "generator1 is online: one MQTT message, one Kafka record with its key."


def _nothing_arrived(attempt: Attempt) -> None:
    strayed = attempt.kafka.count(attempt.names.readings)
    require(
        not strayed,
        seen=f"nothing in {attempt.names.status}, but something new in {attempt.names.readings}",
        wanted=f"a record in {attempt.names.status}",
        likely_cause="the MQTT topic without its last level is that of the readings.",
        next_step="add the level that makes it a status.",
    )
    if strays := attempt.kafka.strays():
        _astray(attempt, strays[-1])
    raise NotYet(
        f"no new record in {attempt.names.status}",
        "one, with the key generator1",
        "the MQTT topic is another one, or the cell stopped with an error before it published.",
        "read what the exercise's cell printed, then compare the topic with the text.",
    )


def _astray(attempt: Attempt, topic: str) -> None:
    """It went to an MQTT topic that no generator has."""
    if topic.startswith(attempt.names.status):
        likely_cause = f"{attempt.names.status} is the Kafka topic; a device publishes to an MQTT topic."
    elif topic.startswith("/"):
        likely_cause = "it begins with a slash, which makes an empty first level."
    else:
        likely_cause = "a level is missing, misspelt or too many."
    raise NotYet(
        f"a message for the MQTT topic {topic}, which belongs to no generator",
        f"a record in {attempt.names.status} with the key generator1",
        likely_cause,
        "compare it with the table above, level by level.",
    )


def _fresh_bucket(attempt: Attempt) -> None:
    """A bucket without points: InfluxDB keeps the type of a field that an earlier attempt wrote."""
    with Influx(attempt.where) as influx:
        buckets.remove(influx, BUCKET)
        buckets.ensure(influx, BUCKET)


@judge(
    "l00.point",
    title="Write a point",
    goal="The bucket `l00_hello` has a point: measurement `hello`, tag `generatorID=generator1`, field `fuel`, the number 750.0.",
    hints=(
        "Build the point first and look at it: print(point.to_line_protocol()) shows measurement, tags and fields.",
        'Point("hello") begins it; .tag(...) and .field(...) add to it and can be chained.',
        'point = Point("hello").tag("generatorID", ...).field("fuel", ...), then writer.write("l00_hello", record=point)',
    ),
    services=("influxd",),
    mark=_fresh_bucket,
)
def point(attempt: Attempt) -> str:
    bucket = BUCKET
    hello, raw = '|> filter(fn: (r) => r._measurement == "hello")', attempt.names.raw_bucket
    rows = attempt.influx.points(bucket, hello, within=3)
    require(
        rows or not attempt.influx.points(raw, hello, at_least=0, within=0),
        seen=f"a new point of the measurement hello in {raw}, and none in {bucket}",
        wanted=f"it in {bucket}",
        likely_cause="it was written to another bucket.",
        next_step="the first argument of writer.write is the bucket.",
    )
    require(
        rows,
        seen=f"no new point of the measurement hello in {bucket}",
        wanted="one",
        likely_cause="the point was built and never written, or has another measurement.",
        next_step="print(point.to_line_protocol()): it must begin with hello, and writer.write must follow.",
    )
    row = rows[-1]
    require(
        row.get("generatorID") == "generator1",
        seen=f"a point with the tags {_tags(row) or 'none'}",
        wanted="the tag generatorID with the value generator1",
        likely_cause="tags tell one series from another; without them all generators are one.",
        next_step="add .tag(name, value) to the point.",
    )
    field, value = row["_field"], row["_value"]
    require(
        field == "fuel" and type(value) is float and value == 750.0,
        seen=f"the field {field} with the value {value!r}",
        wanted="the field fuel with the number 750.0",
        likely_cause=_why_other(field, value),
        next_step="change .field(name, value) and run the cell again: the bucket is then empty again.",
    )
    return "The point is in l00_hello, and a query finds it."


def _why_other(field: str, value: object) -> str:
    if field != "fuel":
        return "the field's name comes first, its value second."
    if isinstance(value, str):
        return "what is in quotes is a text; no query can add or compare it as a number."
    if type(value) is int:
        return "750 is a whole number and 750.0 is not; InfluxDB keeps the type that a field has first."
    return "the value is another one."


def _tags(row: dict[str, object]) -> str:
    own = {"result", "table"}
    return ", ".join(f"{name}={value}" for name, value in row.items() if not name.startswith("_") and name not in own)
