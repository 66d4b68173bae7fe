"""Checks of source and consumer: the alarms, back in Kafka, and what was ordered for them."""

from lab.checks import Attempt, judge, require
from lab.checks.device_probe import described
from lab.fleet.description import PREFIX

STORED = ("kafka", "connect", "influxd")


# Exercise 6: the source


def _before_source(attempt: Attempt) -> None:
    from lab.provision import clean

    clean.connectors(attempt.where, PREFIX, "_source")
    clean.records(attempt.where, PREFIX, ("_alarms", "_orders"))


@judge(
    "l12.source",
    title="The source",
    goal="Every row of the rows bucket is a record in the topic of alarms, under the key of its device, with its alarm.",
    hints=(
        "It is the sink's configuration turned round: a bucket first, then a topic, and the key.",
        "influxdb.bucket, topic.name.format, key.tag, fields.required and value.converter.",
        'source = CONNECTION | {"connector.class": "InfluxDB2Source", ...}; put(names["source"], source)',
    ),
    services=STORED,
    mark=_before_source,
    deadline=90.0,
)
def source(attempt: Attempt, declared: object) -> str:
    about, probe = described(attempt, declared)
    found = attempt.connect.connector(about.named("source"), good=lambda c: c and c.running, within=15)
    require(
        found,
        seen=f"Connect has no connector {about.named('source')}",
        wanted="the source, running",
        likely_cause="Connect refused the configuration, or it has another name",
        next_step="read what the cell printed: Connect names the property.",
    )
    require(
        found.running,
        seen=f"{found.shown}: {found.trace}",
        wanted="the source, running",
        next_step="the trace names the property.",
    )

    def look() -> tuple[dict, dict]:
        rows = {key: values["alarm"] for key, values in probe.points("rows").items() if "alarm" in values}
        return rows, probe.alarm_times(probe.records("alarms"))

    rows, alarms = attempt.wait(
        look, lambda seen: seen[0] and seen[0].items() <= seen[1].items(), 12, "Waiting for the alarms"
    )
    require(
        rows,
        seen=f"no row is in {about.named('rows')}",
        wanted="rows for the source to read",
        likely_cause="the task does not run, or no readings came",
        next_step="run the cell of the task again, and look at its check.",
    )
    require(
        alarms,
        seen=f"no record with an alarm and a time came to {about.named('alarms')}",
        wanted=f"{len(rows)} records",
        likely_cause="it reads another bucket or writes to another topic",
        next_step="compare the two names with the text.",
    )
    keyed = {device for device, _ in alarms}
    require(
        keyed <= {device for device, _ in rows},
        seen=f"the keys are {', '.join(sorted(str(key or 'none') for key in keyed))}",
        wanted=f"each record under the key of its {about.id}",
        likely_cause="without key.tag there is no key; another column is another key",
        next_step="key.tag names the tag of the device.",
    )
    left = rows.items() - alarms.items()
    require(
        not left,
        seen=f"{len(left)} of {len(rows)} rows have not come to {about.named('alarms')}",
        wanted="all of them",
        likely_cause="it began too late, or a field that it waits for is in no row",
        next_step="fields.required must name fields that every row has.",
    )
    return "Every row is a record in the topic of alarms, under the key of its device."


# Exercise 7: the consumer


def _before_consumer(attempt: Attempt) -> None:
    from lab.provision import clean

    clean.groups(attempt.where, PREFIX)
    clean.records(attempt.where, PREFIX, ("_orders",))


@judge(
    "l12.consumer",
    title="Nothing lost in a power cut",
    goal="Every alarm that says `alarm` has an order, the one in the middle of the power cut included, no `ok` has one, and the group has committed all.",
    hints=(
        "When may you say that a record is done: before or after the order?",
        "enable_auto_commit=False, and consumer.commit() as the last line of the loop, for every record.",
        "with closing(KafkaConsumer(names[...], ...)) as consumer: a loop over consumer, an if, an order, a commit.",
    ),
    services=("kafka",),
    mark=_before_consumer,
    deadline=60.0,
)
def consumer(attempt: Attempt, declared: object) -> str:
    about, probe = described(attempt, declared)
    alarms, orders = probe.records("alarms", since_attempt=False), probe.records("orders")
    said = probe.alarm_times(alarms)
    wanted = {key for key, alarm in said.items() if alarm == "alarm"}
    require(
        len(wanted) >= 2,
        seen=f"{about.named('alarms')} has {len(wanted)} records that say alarm",
        wanted="at least two, so that the second can meet the power cut",
        likely_cause="the task or the source has not run since the readings came",
        next_step="run the cells of the task and of the source again.",
    )
    got = probe.alarm_times(orders)
    require(
        orders,
        seen=f"no order came to {about.named('orders')}",
        wanted=f"an order for each of {len(wanted)} alarms",
        likely_cause="consume() has not called order(), or read another topic, or began at the end of it",
        next_step="which setting says where a new group begins?",
    )
    calm = got.keys() - wanted
    require(
        not calm,
        seen=f"{len(calm)} orders for rows that say ok",
        wanted="orders for alarms alone",
        likely_cause="the source hands over every row",
        next_step='look at the field alarm before you order; the word is "alarm".',
    )
    # What came while the cell ran may be done or not: the task goes on.
    group = attempt.kafka.group(about.named("group"))
    committed = dict(group.committed) if group else {}
    require(
        committed,
        seen=f"the group {about.named('group')} has committed nothing",
        wanted="a group that knows what is done",
        likely_cause="enable_auto_commit is off and nobody commits, or the group has another name",
        next_step="say commit() when a record is done.",
    )
    done = [record for record in alarms if record.offset < committed.get((record.topic, record.partition), 0)]
    due = {key for key, alarm in probe.alarm_times(done).items() if alarm == "alarm"}
    lost = due - got.keys()
    require(
        not lost,
        seen=f"{len(lost)} alarms are committed as done and have no order",
        wanted="an order for each",
        likely_cause="it was committed before the order (commit() covers all that poll() has given), and the power failed in between",
        next_step="what is done first, the order or the commit?",
    )
    before = probe.alarm_times([record for record in alarms if record.timestamp < attempt.began * 1000])
    waiting = {key for key, alarm in before.items() if alarm == "alarm"} - due
    require(
        not waiting,
        seen=f"{len(waiting)} of {len(wanted)} alarms are still to be done",
        wanted="a second run that does all that the first has left",
        likely_cause="the loop ended early, or a consumer that was not closed keeps its partitions for a while",
        next_step="let the loop end by consumer_timeout_ms alone, and close the consumer also when order() fails.",
    )
    twice = [key for key in got if sum(probe.alarm_times([order]).keys() == {key} for order in orders) > 2]
    require(
        not twice,
        seen="the same order more than twice",
        wanted="once, or twice around the power cut",
        likely_cause="the loop reads the same records again",
        next_step="commit after each record.",
    )
    return "Every alarm has its order, and what was committed was done."
