"""Answers to lesson 12 that the checks are tried on: wrong ones with what they must hear, and other right ones."""

from lab.authoring.attempts import Attempts, Wrong

RIGHT = {
    "topic": '"weather/{region}/{station}"',
    "id": '"station"',
    "time": '"observed"',
    "precision": '"Seconds"',
    "fields": '{"air_f": "float", "wind_kn": "float", "pressure_hpa": "float", "sky": "string"}',
    "units": '{"air_f": "F", "wind_kn": "kn", "pressure_hpa": "hPa", "sky": "none"}',
    "alarm": '("wind_kn", ">", 38.88)',
    "devices": "9000",
    "every": "3",
}


def _device(**changed: str) -> str:
    return "\n".join(f'"{name}": {text},' for name, text in (RIGHT | changed).items())


def _topic(
    count: str, more: str = ', 3, topic_configs={"min.insync.replicas": "2"}', name: str = 'names["readings"]'
) -> str:
    return (
        f"partitions = {count}\n"
        "admin = KafkaAdminClient(bootstrap_servers=KAFKA)\n"
        f"admin.create_topics([NewTopic({name}, partitions{more})])\n"
        "admin.close()"
    )


READINGS = """
[[rule]]
name = "readings"
mqtt = "weather/{region}/{station}"
topic = "l12_weather_readings"
key = "{station}"
headers = { station = "{station}" }
"""
REST = """
[[rule]]
name = "rest"
mqtt = "weather/#"
topic = "l12_weather_rest"
"""


def _rules(text: str) -> str:
    return f'rules = """{text}"""'


SINK = {
    "connector.class": '"InfluxDB2Sink"',
    "topics": 'names["readings"]',
    "influxdb.bucket": 'names["raw"]',
    "measurement.name.format": '"weather"',
    "event.time.fieldname": '"observed"',
    "write.precision": '"Seconds"',
    "tag.headers": '"station"',
    "field.types": '"air_f:float,wind_kn:float,pressure_hpa:float,sky:string"',
    "value.converter": '"io.hybridiot.connect.influxdb2.StrictJsonConverter"',
    "errors.tolerance": '"all"',
    "errors.deadletterqueue.topic.name": 'names["letters"]',
    "errors.deadletterqueue.context.headers.enable": '"true"',
}


def _sink(changed: dict[str, str | None]) -> str:
    """The reference with some properties changed, or left out where None."""
    entries = {name: text for name, text in (SINK | changed).items() if text is not None}
    body = "\n".join(f'    "{name}": {text},' for name, text in entries.items())
    return f"sink = CONNECTION | {{\n{body}\n}}\nput(names['sink'], sink)"


TASK = """
option task = {name: "l12_weather_rows", every: 10s, offset: 2s}

from(bucket: "l12_weather_raw")
    |> range(start: -60s)
    |> filter(fn: (r) => r._field == "wind_kn")
    |> window(every: 10s)
    |> last()
    |> map(fn: (r) => ({r with alarm: if r._value > 38.88 then "alarm" else "ok"}))
    |> to(bucket: "l12_weather_rows", tagColumns: ["station"], fieldFn: (r) => ({alarm: r.alarm, wind_kn: r._value}))
"""


def _task(*changes: tuple[str, str], status: str = "active") -> str:
    text = TASK
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return (
        f'flux = """{text}"""\n'
        f'influx.tasks_api().create_task(TaskCreateRequest(flux=flux, org=INFLUX["org"], status="{status}"))'
    )


SOURCE = {
    "connector.class": '"InfluxDB2Source"',
    "influxdb.bucket": 'names["rows"]',
    "topic.name.format": 'names["alarms"]',
    "key.tag": '"station"',
    "fields.required": '"alarm"',
    "poll.interval.ms": '"500"',
    "value.converter": '"io.hybridiot.connect.influxdb2.StrictJsonConverter"',
}


def _source(changed: dict[str, str | None]) -> str:
    entries = {name: text for name, text in (SOURCE | changed).items() if text is not None}
    body = "\n".join(f'    "{name}": {text},' for name, text in entries.items())
    return f"source = CONNECTION | {{\n{body}\n}}\nput(names['source'], source)"


def _consume(body: str, commit: str = "False", more: str = "", begin: str = '"earliest"') -> str:
    return (
        f'settings = {{"bootstrap_servers": KAFKA, "group_id": names["group"], "auto_offset_reset": {begin}, '
        f'"enable_auto_commit": {commit}, "consumer_timeout_ms": 3000}}\n'
        'with closing(KafkaConsumer(names["alarms"], **settings)) as consumer:\n'
        '    consumer.partitions_for_topic(names["alarms"])\n'
        f"    for record in consumer:\n{body}{more}"
    )


ORDER = '        if json.loads(record.value)["alarm"] == "alarm":\n            order(record.key, record.value)\n'
COMMIT = "        consumer.commit()\n"


def _run(kill: str, publish: str = "qos=1", loop: str = "enumerate(chosen.live(8))", before: str = "") -> str:
    return (
        "client.on_publish = lambda client, data, mid, reason, properties: taken.add(mid)\n"
        'client.connect("127.0.0.1", mqtt_port)\n'
        "client.loop_start()\n"
        f"{before}"
        f"for number, (topic, payload) in {loop}:\n"
        f"{kill}"
        f"    published[client.publish(topic, payload, {publish}).mid] = (topic, payload)\n"
    )


KILL = "    if number == 20:\n        proxy.kill()\n        proxy.wait()\n        proxy = start_proxy(rules)\n"
COUNT = """def count(bucket, field):
    only = f'filter(fn: (r) => {field})'
    tables = influx.query_api().query(f'from(bucket: "{bucket}") |> range(start: {began}) |> {only} |> group() |> count()')
    return tables[0].records[0].get_value() if tables else 0
mine = {(topic.split("/")[2].encode(), payload) for topic, payload in acknowledged}
alarms = [(record.key, json.loads(record.value)["time"]) for record in records(names["alarms"])]
"""
LEDGER = {
    "sent": "len(set(sent))",
    "acknowledged": "len(set(acknowledged))",
    "kafka": 'len(mine & {(record.key, record.value) for record in records(names["readings"])})',
    "raw": 'count(names["raw"], \'r._field == "air_f"\')',
    "rows": 'count(names["rows"], \'r._field == "alarm"\')',
    "alarms": "len({pair for pair in alarms if pair[1] >= began * 1000})",
}


def _ledger(**changed: str) -> str:
    return COUNT + "\n".join(f'ledger["{name}"] = {text}' for name, text in (LEDGER | changed).items())


FILES = {
    "proxy.toml": "head + rules",
    "topics.sh": "f\"kafka-topics.sh --create --topic {names['readings']} --partitions {partitions} --replication-factor 3 "
    '--config min.insync.replicas=2"',
    "sink.json": "json.dumps(sink | reference)",
    "source.json": "json.dumps(source | reference)",
    "task.flux": "flux",
}


def _files(changed: dict[str, str | None] = {}, folder: str = 'Path(tempfile.mkdtemp()) / "mine"') -> str:  # noqa: B006 - read only
    entries = {name: text for name, text in (FILES | changed).items() if text is not None}
    head = f'folder = {folder}\nreference = {{"influxdb.token": "${{file:/etc/secrets.properties:token}}"}}\n'
    return head + "\n".join(f'files["{name}"] = {text}' for name, text in entries.items())


ATTEMPTS = {
    "l12.device": Attempts(
        wrong=(
            Wrong("the wrong level", _device(id='"region"'), says="several devices share"),
            Wrong("a level too few", _device(topic='"weather/{station}"'), says="a level too few or too many"),
            Wrong("milliseconds", _device(precision='"Milliseconds"'), says="the year 1970"),
            Wrong("text time", _device(precision='"ISO 8601"'), says="no time in ISO 8601"),
            Wrong(
                "first value's type",
                _device(fields=RIGHT["fields"].replace('"air_f": "float"', '"air_f": "integer"')),
                says="which is no integer",
            ),
            Wrong(
                "this minute's type",
                _device(fields=RIGHT["fields"].replace('"pressure_hpa": "float"', '"pressure_hpa": "integer"')),
                says="what may come tomorrow",
            ),
            Wrong("not converted", _device(alarm='("wind_kn", ">", 20)'), says="wind_kn = 22.5 is an alarm"),
            Wrong("rounded up", _device(alarm='("wind_kn", ">", 39)'), says="wind_kn = 39 is none"),
            Wrong("turned round", _device(alarm='("wind_kn", "<", 38.88)'), says="it is the other way round"),
            Wrong("km/h", _device(alarm='("wind_kn", ">", 72)'), says="holds in no message"),
            Wrong(
                "a field left out",
                _device(fields='{"wind_kn": "float", "pressure_hpa": "float", "sky": "string"}'),
                says="the messages have air_f",
            ),
            Wrong("no unit", _device(units='{"wind_kn": "kn"}'), says="no unit for air_f"),
            Wrong("wildcards", _device(topic='"weather/+/{station}"'), says="No + and no #"),
            Wrong("per second", _device(every="1 / 3"), says="every 0.333"),
        ),
        other=_device(precision='"Seconds"', alarm='["wind_kn", ">=", 39.0]', devices="9_000"),
    ),
    "l12.topic": Attempts(
        wrong=(
            Wrong(
                "the usual rate",
                _topic('math.ceil(device["devices"] / device["every"] / PER_CONSUMER)'),
                says="never catches up",
            ),
            Wrong(
                "rounded down",
                _topic('int(2 * device["devices"] / device["every"] / PER_CONSUMER)'),
                says="rounded down",
            ),
            Wrong(
                "devices", _topic('math.ceil(2 * device["devices"] / PER_CONSUMER)'), says="devices are not readings"
            ),
            Wrong(
                "times every",
                _topic('math.ceil(2 * device["devices"] * device["every"] / PER_CONSUMER)'),
                says="1/n per second",
            ),
            Wrong("one copy", _topic("6", ', 1, topic_configs={"min.insync.replicas": "2"}'), says="has 1 copies"),
            Wrong("no minimum", _topic("6", ", 3"), says="1 almost everywhere else"),
            Wrong("another name", _topic("6", name='"l12_weather"'), says="there is no topic"),
        ),
        other=(
            "partitions = -(-2 * 9000 // (3 * PER_CONSUMER))\n"
            "admin = KafkaAdminClient(bootstrap_servers=KAFKA)\n"
            'about = {"num_partitions": partitions, "replication_factor": 3, "configs": {"min.insync.replicas": "2"}}\n'
            'admin.create_topics({names["readings"]: about}, wait_for_metadata=True)\n'
            "admin.close()"
        ),
    ),
    "l12.rule": Attempts(
        wrong=(
            Wrong(
                "the rest first",
                _rules(REST + READINGS),
                says="are not in l12_weather_readings, but in the topic of the rest",
            ),
            Wrong("no rest", _rules(READINGS), says="nothing behind it gets through"),
            Wrong(
                "takes all",
                _rules(READINGS.replace("{region}/{station}", "{region}/{station#}") + REST),
                says="that are no readings are in",
            ),
            Wrong(
                "keyed by region",
                _rules(READINGS.replace('key = "{station}"', 'key = "{region}"') + REST),
                says="has the key",
            ),
            Wrong(
                "no header",
                _rules(READINGS.replace('headers = { station = "{station}" }', "") + REST),
                says="has the headers none",
            ),
            Wrong("another header", _rules(READINGS.replace("{ station =", "{ id =") + REST), says="['id']"),
            Wrong(
                "another topic",
                _rules(READINGS.replace("l12_weather_readings", "l12_weather") + REST),
                says="names another Kafka topic",
            ),
            Wrong(
                "the rest elsewhere",
                _rules(READINGS + REST.replace("_rest", "_more")),
                says="nowhere in l12_weather_rest",
            ),
            Wrong(
                "bad TOML",
                _rules(READINGS.replace('key = "{station}"', "key = {station}") + REST),
                says="no proxy of yours",
            ),
        ),
        other=_rules(
            """
[[rule]]
name = "batteries"
mqtt = "weather/+/+/{what#}"
topic = "l12_weather_rest"
partitions = 1

[[rule]]
name = "readings"
mqtt = "weather/+/{name}"
topic = "l12_weather_readings"
key = "{name}"
partitions = 6
[rule.headers]
station = "{name}"
"""
        ),
    ),
    "l12.sink": Attempts(
        wrong=(
            Wrong("no types", _sink({"field.types": None}), says="in InfluxDB"),
            Wrong(
                "only floats",
                _sink({"field.types": None, "integers.as.floats": '"true"'}),
                says="wind_kn is string",
            ),
            Wrong("stock converter", _sink({"value.converter": None}), says="which converter refuses"),
            Wrong("no tag", _sink({"tag.headers": None}), says="have no tag station"),
            Wrong("milliseconds", _sink({"write.precision": '"Milliseconds"'}), says="the newest of the year 1970"),
            Wrong("arrival time", _sink({"event.time.fieldname": None}), says="takes the time of the Kafka record"),
            Wrong("strict", _sink({"errors.tolerance": None}), says="one bad record stops"),
            Wrong(
                "no letters", _sink({"errors.deadletterqueue.topic.name": None}), says="are not in l12_weather_letters"
            ),
            Wrong(
                "no reasons", _sink({"errors.deadletterqueue.context.headers.enable": None}), says="without a reason"
            ),
            Wrong("bad class", _sink({"connector.class": '"InfluxSink"'}), says="Connect has no connector"),
            Wrong("a field excluded", _sink({"fields.exclude": '"sky"'}), says="a field is excluded"),
        ),
        other=_sink(
            {
                "tag.headers": None,
                "tag.fields": '"station"',
                "field.types": '"wind_kn:float"',
                "integers.as.floats": '"true"',
                "tasks.max": '"3"',
            }
        ),
    ),
    "l12.task": Attempts(
        wrong=(
            Wrong("no window", _task(("    |> window(every: 10s)\n", "")), says="all slots are one table"),
            Wrong("half a minute", _task(("-60s", "-30s")), says="the range is shorter"),
            Wrong("not converted", _task(("38.88", "20.0")), says="has alarm 'alarm'"),
            Wrong("first", _task(("last()", "first()")), says="another reading of the slot"),
            Wrong("other words", _task(('"alarm" else', '"storm" else')), says="has alarm 'storm'"),
            Wrong("no tag", _task(('tagColumns: ["station"], ', "tagColumns: [], ")), says="without the tag station"),
            Wrong(
                "aggregateWindow",
                _task(
                    (
                        "    |> window(every: 10s)\n    |> last()",
                        "    |> aggregateWindow(every: 10s, fn: last, createEmpty: false)",
                    )
                ),
                says="as aggregateWindow gives it",
            ),
            Wrong("no value", _task((", wind_kn: r._value", "")), says="without the value"),
            Wrong("minutes", _task(("every: 10s, offset", "every: 10m, offset")), says="every 10m"),
            Wrong("inactive", _task(status="inactive"), says="switched off"),
            Wrong(
                "every reading",
                _task(("    |> window(every: 10s)\n    |> last()\n", "")),
                says="every reading was written",
            ),
            Wrong(
                "another bucket",
                _task(('to(bucket: "l12_weather_rows"', 'to(bucket: "l12_weather_raw"')),
                says="wrote nothing",
            ),
        ),
        other="""flux = '''import "date"
option task = {name: "l12_weather_rows", every: 10s, offset: 1s}
stop = date.truncate(t: now(), unit: 10s)
from(bucket: "l12_weather_raw")
    |> range(start: date.sub(d: 2m, from: stop), stop: stop)
    |> filter(fn: (r) => r._field != "sky")
    |> window(every: 10s)
    |> last()
    |> group()
    |> pivot(rowKey: ["_time", "_measurement", "station"], columnKey: ["_field"], valueColumn: "_value")
    |> filter(fn: (r) => exists r.wind_kn)
    |> map(fn: (r) => ({r with alarm: if r.wind_kn >= 39.0 then "alarm" else "ok"}))
    |> to(bucket: "l12_weather_rows", tagColumns: ["station"], fieldFn: (r) => ({alarm: r.alarm, wind_kn: r.wind_kn}))'''
influx.tasks_api().create_task(TaskCreateRequest(flux=flux, org_id=influx.organizations_api().find_organizations()[0].id, status="active"))""",
    ),
    "l12.source": Attempts(
        wrong=(
            Wrong("no key", _source({"key.tag": None}), says="the keys are none"),
            Wrong("the alarm as key", _source({"key.tag": '"alarm"'}), says="the keys are alarm"),
            Wrong("another topic", _source({"topic.name.format": 'names["orders"]'}), says="writes to another topic"),
            Wrong("waits for ever", _source({"fields.required": '"alarm,fuel"'}), says="no record with an alarm"),
            Wrong("bad class", _source({"connector.class": '"InfluxSource"'}), says="Connect has no connector"),
        ),
        other=_source(
            {
                "fields.required": '"alarm,wind_kn"',
                "time.precision": '"Microseconds"',
                "measurement.fieldname": '""',
                "value.converter": None,
            }
        ),
    ),
    "l12.consumer": Attempts(
        wrong=(
            Wrong("committed first", _consume(COMMIT + ORDER), says="committed before the order"),
            Wrong("never", _consume(ORDER), says="has committed nothing"),
            Wrong(
                "everything",
                _consume("        order(record.key, record.value)\n" + COMMIT),
                says="for rows that say ok",
            ),
            Wrong("from the end", _consume(ORDER + COMMIT, begin='"latest"'), says="no order came"),
            Wrong(
                "three of each",
                _consume(ORDER + 2 * "            order(record.key, record.value)\n" + COMMIT),
                says="more than twice",
            ),
        ),
        other="""consumer = KafkaConsumer(
    names["alarms"], bootstrap_servers=KAFKA, group_id=names["group"], auto_offset_reset="earliest", enable_auto_commit=False
)
consumer.partitions_for_topic(names["alarms"])
try:
    quiet = time.monotonic()
    while time.monotonic() - quiet < 4:
        for records_of_one in consumer.poll(timeout_ms=500).values():
            quiet = time.monotonic()
            for record in records_of_one:
                if json.loads(record.value)["alarm"] != "ok":
                    order(record.key, record.value)
        consumer.commit()
finally:
    consumer.close()""",
    ),
    "l12.break": Attempts(
        wrong=(
            Wrong("no kill", _run(""), says="is the one that ran before"),
            Wrong(
                "not again", _run("    if number == 20:\n        proxy.kill()\n"), says="no proxy of yours is running"
            ),
            Wrong(
                "before the loop",
                _run("", before="proxy.kill()\nproxy.wait()\nproxy = start_proxy(rules)\n"),
                says="before the first reading",
            ),
            Wrong("QoS 0", _run(KILL, publish="qos=0"), says="never acknowledged"),
            Wrong("recorded", _run(KILL, loop="enumerate(sample)"), says="before you ran the cell"),
            Wrong("short", _run(KILL, loop="enumerate(chosen.live(4))"), says="those of eight seconds"),
        ),
        other=(
            "def note(client, data, mid, reason, properties):\n    taken.add(mid)\n\n\n"
            "client.on_publish = note\n"
            'client.connect_async("127.0.0.1", mqtt_port)\n'
            "client.loop_start()\n"
            "count = 0\n"
            "for message in chosen.live(8):\n"
            "    info = client.publish(message.topic, message.payload, qos=2)\n"
            "    published[info.mid] = tuple(message)\n"
            "    count += 1\n"
            "    if count == 20:\n"
            "        proxy.terminate()\n"
            "        proxy = start_proxy(rules)\n"
        ),
    ),
    "l12.ledger": Attempts(
        wrong=(
            Wrong("copies", _ledger(sent="len(sent)"), says="sent is"),
            Wrong("copies acknowledged", _ledger(acknowledged="len(acknowledged)"), says="acknowledged is"),
            Wrong("all of Kafka", _ledger(kafka='len(records(names["readings"]))'), says="kafka is"),
            Wrong("a gauge that freezes", _ledger(raw='count(names["raw"], \'r._field == "wind_kn"\')'), says="raw is"),
            Wrong("every field", _ledger(rows="count(names[\"rows\"], 'true')"), says="rows is"),
            Wrong("all alarms", _ledger(alarms="len(set(alarms))"), says="alarms is"),
            Wrong("half of it", 'ledger["sent"] = len(set(sent))', says="no whole number"),
        ),
        other=_ledger(
            kafka="len({pair[1] for pair in mine} & {record.value for record in records(names['readings'])})"
        ),
    ),
    "l12.files": Attempts(
        wrong=(
            Wrong("the token", _files({"sink.json": "json.dumps(sink)"}), says="InfluxDB's token is in it"),
            Wrong(
                "no token",
                _files({"source.json": "json.dumps({k: v for k, v in source.items() if k != 'influxdb.token'})"}),
                says="is null",
            ),
            Wrong("Python", _files({"sink.json": "str(sink | reference)"}), says="no JSON object"),
            Wrong("only rules", _files({"proxy.toml": "rules"}), says="the proxy does not take proxy.toml"),
            Wrong("four files", _files({"task.flux": None}), says="task.flux is not in the folder"),
            Wrong(
                "one copy",
                _files({"topics.sh": FILES["topics.sh"].replace("factor 3", "factor 1")}),
                says="topics.sh lacks",
            ),
            Wrong(
                "half a sink",
                _files({"sink.json": "json.dumps({'connector.class': 'InfluxDB2Sink'} | reference)"}),
                says="differs from",
            ),
            Wrong(
                "other rules",
                _files({"proxy.toml": 'head + rules.replace("weather/#", "wetter/#")'}),
                says="does not go to l12_weather_rest",
            ),
            Wrong("other task", _files({"task.flux": 'flux.replace("10s", "60s")'}), says="is not the task"),
        ),
        other=_files(
            {"topics.sh": FILES["topics.sh"].replace("--partitions ", "--partitions=")}, "Path(tempfile.mkdtemp())"
        ),
    ),
}
