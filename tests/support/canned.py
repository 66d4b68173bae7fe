"""Snapshots for every panel, made by the panels' own composers from canned facts: no service is asked."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from lab.base.names import Names
from lab.faults import Fault
from lab.fleet.views import GeneratorView
from lab.widgets.event_log import EventLog
from lab.widgets.fleet_snapshot import FleetComposer
from lab.widgets.lag_snapshot import LagComposer
from lab.widgets.map_snapshot import MapComposer
from lab.widgets.panels.connector_panel import snapshot_of as connector_snapshot
from lab.widgets.panels.fault_panel import ActiveFaults
from lab.widgets.panels.fault_panel import snapshot_of as faults_snapshot
from lab.widgets.panels.fleet_panel import land
from lab.widgets.panels.task_form import first_text
from lab.widgets.poller import Sample
from lab.widgets.task_snapshot import snapshot_of as task_snapshot
from lab.widgets.topic_views import dead_letters, partitions, replicas

NAMES = Names()
NOW = 1_900_000_000.0


def topics(lead: dict[int, int] | None = None, out: tuple[int, ...] = (), grown: int = 0) -> dict[str, Any]:
    """The pipeline's topics over three brokers; `lead` moves leaders, brokers in `out` left the ISR."""
    found: dict[str, Any] = {}
    for spec in NAMES.topics():
        found[spec.name] = {}
        for number in range(spec.partitions):
            leader = (lead or {}).get(number % 3 + 1, number % 3 + 1)
            isr = [broker for broker in (1, 2, 3) if broker not in out]
            end = 4_200 + 37 * number + grown
            found[spec.name][number] = {"leader": leader, "replicas": [1, 2, 3], "isr": isr, "end": end}
    return found


def map_facts(at: float, **changes: Any) -> dict[str, Sample]:
    """Facts of a healthy stack at time `at`, which grows by 60 readings a second."""
    grown = int((at - NOW) * 10)
    ends = {f"{NAMES.readings}/{p}": 4_200 + 37 * p + grown for p in range(6)}
    committed = {place: end - 5 for place, end in ends.items()}
    running = {"state": "RUNNING", "type": "sink", "tasks": [{"id": 0, "state": "RUNNING", "trace": ""}], "trace": ""}
    held: dict[str, dict[str, Any]] = {
        "kafka": {"brokers": [1, 2, 3], "topics": topics(grown=grown)},
        "sink group": {"state": "stable", "members": {"task/0": []}, "committed": committed, "ends": ends},
        "dispatchers": {
            "members": {"dispatcher/1": []},
            "committed": {f"{NAMES.alarms}/0": 4_190 + grown // 60},
            "ends": {f"{NAMES.alarms}/0": 4_200 + grown // 60},
        },
        "connect": {"connectors": {NAMES.sink: running, NAMES.source: running}},
        "influxd": {
            "counts": {NAMES.raw_bucket: 25_000 + grown * 6, NAMES.downsampled_bucket: 900 + grown // 2},
            "followed": "generator1",
            "follow": {NAMES.raw_bucket: {"load": "42.0", "time": "2030-03-17T17:46:39Z"}},
            "task": {
                "status": "active",
                "every": "10s",
                "offset": "2s",
                "latestCompleted": "2030-03-17T17:46:30Z",
                "lastRunStatus": "success",
            },
        },
        "proxy": {"metrics": {"mqtt_proxy_connections": 5.0, "mqtt_proxy_publishes_total": 25_000.0 + grown * 6}},
        "stack": {"services": {}},
    }
    return {key: changes.get(key) or Sample(value, at=at) for key, value in held.items()}


def healthy_map() -> dict[str, Any]:
    """A map after five seconds at 60 readings a second."""
    composer = MapComposer(NAMES)
    for second in range(6):
        snapshot = composer.compose(map_facts(NOW + second), NOW + second)
    return snapshot


def broken_map() -> dict[str, Any]:
    """Broker 2 is gone, its leaders moved to 3, and InfluxDB does not answer."""
    composer = MapComposer(NAMES)
    composer.compose(map_facts(NOW), NOW)
    moved = {"brokers": [1, 3], "topics": topics({2: 3}, out=(2,))}
    down = Sample({}, "influxd does not answer: connection refused", "It may be starting.", NOW)
    return composer.compose(map_facts(NOW + 1, kafka=Sample(moved, at=NOW + 1), influxd=down), NOW + 1)


def views(count: int = 5, **first: Any) -> list[Any]:
    """A fleet in which generator2 is cut, generator3 needs fuel and generator5 follows another demand.

    `first` changes generator1.
    """
    places = [(41.9, -87.6), (51.9, 4.5), (34.7, 135.5), (-1.3, 36.8), (-33.9, 151.2)]
    made = [
        GeneratorView(
            generatorID=f"generator{n + 1}",
            lat=places[n % 5][0],
            lon=places[n % 5][1],
            load=40.0 + 7 * (n % 5),
            demand=95.0 if n == 4 else 40.0 + 7 * (n % 5),
            power=100.0,
            temperature=80.0,
            fuel=320.0 if n == 2 else 900.0 - 40 * (n % 5),
            running=True,
            connected=n != 1,
            cut=n == 1,
            published=10,
            acknowledged=10,
            latency_ms=14.2,
        )
        for n in range(count)
    ]
    return [replace(made[0], **first), *made[1:]]


def record(partition: int, offset: int, key: str, **fields: Any) -> dict[str, Any]:
    """One Kafka record as the sources give it."""
    reading = {"generatorID": key, "seq": offset, **fields}
    return {
        "partition": partition,
        "offset": offset,
        "key": key,
        "at": NOW - 1,
        "value": json.dumps(reading),
        "reading": reading,
        "headers": {},
    }


def tail(topic: str) -> Sample:
    """Twelve records in each of six partitions, two keys in most."""
    held = {
        p: [record(p, 100 + n, f"generator{p + 1 + (n % 2) * 6}", load=40.0) for n in range(12)] if p != 4 else []
        for p in range(6)
    }
    return Sample({"topic": topic, "partitions": held}, at=NOW)


def fleet(count: int = 5, **first: Any) -> dict[str, Any]:
    """The fleet panel with generator2's will just come; `first` changes generator1."""
    composer = FleetComposer(NAMES)
    alarm = record(0, 7, "generator1", load=40.0, alarm="ok")
    samples = {
        "readings": tail(NAMES.readings),
        "alarms": Sample({"partitions": {0: [alarm]}}, at=NOW),
        "statuses": Sample({"statuses": {"generator2": {"said": "online", "at": NOW - 90}}}, at=NOW),
        "influxd": map_facts(NOW)["influxd"],
    }
    composer.compose(views(count, **first), samples, NOW)
    samples["statuses"] = Sample({"statuses": {"generator2": {"said": "offline", "at": NOW - 3}}}, at=NOW)
    return composer.compose(views(count, **first), samples, NOW)


def partition_view() -> dict[str, Any]:
    return partitions(NAMES.readings, tail(NAMES.readings), {})


def replica_view() -> dict[str, Any]:
    """Broker 2 left: its leaders are with broker 3."""
    event_log = EventLog()
    before = Sample({"brokers": [1, 2, 3], "topics": topics()}, at=NOW)
    replicas(NAMES.readings, before, event_log, NOW)
    after = Sample({"brokers": [1, 3], "topics": topics({2: 3}, out=(2,))}, at=NOW)
    return replicas(NAMES.readings, after, event_log, NOW + 1)


def lag_view() -> dict[str, Any]:
    """Lag that grew while nobody read, and fell after a second member joined."""
    composer = LagComposer(f"connect-{NAMES.sink}")
    for second in range(240):
        behind = second * 20 if second < 120 else max(0, 2_400 - (second - 120) * 40)
        ends = {f"{NAMES.readings}/{p}": 5_000 for p in range(6)}
        committed = {f"{NAMES.readings}/{p}": 5_000 - behind // 6 - 5 * p for p in range(6)}
        members = {"task/a": [f"{NAMES.readings}/{p}" for p in range(6)]}
        if second > 120:
            members = {"task/a": [f"{NAMES.readings}/{p}" for p in range(3)], "task/b": [f"{NAMES.readings}/3"]}
        seen = {"state": "stable", "members": members, "committed": committed, "ends": ends}
        snapshot = composer.compose(Sample(seen, at=NOW + second), NOW + second)
    return snapshot


def connector() -> dict[str, Any]:
    """A connector whose second task failed."""
    failed = "org.apache.kafka.connect.errors.ConnectException: InfluxDB said 401\n\tat Task.put"
    about = {
        "state": "RUNNING",
        "trace": "",
        "tasks": [{"id": 0, "state": "RUNNING", "trace": ""}, {"id": 1, "state": "FAILED", "trace": failed}],
        "config": {"topics": NAMES.readings, "influxdb.token": "hidden", "tasks.max": "2"},
    }
    return connector_snapshot(NAMES.sink, Sample({"connectors": {NAMES.sink: about}}, at=NOW))


def dead_letters_view() -> dict[str, Any]:
    letter = record(0, 3, "poison")
    letter["value"] = "{not json"
    letter["headers"] = {
        "__connect.errors.topic": NAMES.readings,
        "__connect.errors.partition": "4",
        "__connect.errors.offset": "812",
        "__connect.errors.exception.message": "Converting byte[] to Kafka Connect data failed",
    }
    return dead_letters(NAMES.dead_letters, Sample({"partitions": {0: [letter]}}, at=NOW))


def task() -> dict[str, Any]:
    """A task with two runs, one of them failed and chosen."""
    flux = 'option task = {name: "kafka_downsample", every: 10s, offset: 2s}\n\nfrom(bucket: "kafka_raw")\n'
    runs = [
        {"id": "b", "status": "success", "scheduledFor": "2030-03-17T17:46:40Z"},
        {"id": "a", "status": "failed", "scheduledFor": "2030-03-17T17:46:30Z"},
    ]
    held = {"id": "1", "name": NAMES.task, "status": "active", "flux": flux}
    log = ["Started task from script", "error calling function to: bucket not found"]
    return task_snapshot(NAMES.task, Sample({"task": held, "runs": runs, "run": "a", "log": log}, at=NOW))


def faults() -> dict[str, Any]:
    """Six services, one of them frozen."""
    active = ActiveFaults()
    active.faults["freeze kafka2"] = (Quiet("freeze kafka2"), NOW)
    active.note("freeze kafka2")
    names = ("kafka1", "kafka2", "kafka3", "connect", "influxd", "proxy")
    services = {name: {"state": "ready", "pid": 1, "detail": ""} for name in names}
    return faults_snapshot(Sample({"services": services}, at=NOW), active)


class Quiet(Fault):
    """A fault that touches nothing."""

    def _inject(self) -> None: ...

    def _undo(self) -> None: ...


PANELS = {
    "pipeline_map": ("Pipeline map", healthy_map),
    "fleet_panel": ("Fleet", fleet),
    "partition_view": ("Partitions", partition_view),
    "replica_view": ("Replicas", replica_view),
    "lag_view": ("Lag", lag_view),
    "connector_panel": ("Connector", connector),
    "dead_letter_view": ("Dead letters", dead_letters_view),
    "task_form": ("InfluxDB task", task),
    "fault_panel": ("Faults", faults),
}
"""Every panel's source with its heading and a snapshot."""
EXTRA = {
    "fleet_panel": lambda: {"land": land()},
    "task_form": lambda: {"start": first_text(NAMES), "analysis": {}, "draft": {}},
}
"""Traits besides the snapshot."""
