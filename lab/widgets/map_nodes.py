"""The cards of the pipeline map, one function per hop. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.base.names import Names
from lab.kafka.groups import lag, whole_lag
from lab.widgets.poller import NOTHING_YET, Sample
from lab.widgets.rates import number_of, say_count, say_lag, say_rate
from lab.widgets.schedule import runs, seconds_of

SOURCES = ("kafka", "sink group", "dispatchers", "connect", "influxd", "proxy", "stack")
LAG_SLOW = 5_000
"""Records of lag from which a reader is called slow: five seconds at the lab's top rate of 1,000/s."""
Flows = Mapping[str, float | None]


def cards(samples: Mapping[str, Sample], topics: Any, flows: Flows, names: Names, now: float) -> list[dict[str, Any]]:
    """Every hop in the order a reading takes."""
    return [
        _fleet(samples["proxy"], flows),
        _proxy(samples["proxy"], flows, samples["stack"]),
        _kafka(samples["kafka"], topics, names, flows),
        _connector("sink", "Sink connector", names.sink, samples, flows["sink"]),
        _bucket("raw", names.raw_bucket, samples["influxd"], flows["raw"], samples["stack"]),
        _task(samples["influxd"], names, now),
        _bucket("downsampled", names.downsampled_bucket, samples["influxd"], flows["task"], samples["stack"]),
        _connector("source", "Source connector", names.source, samples, flows["alarms"]),
        _dispatcher(samples, flows),
    ]


def card(  # noqa: PLR0917 - one row of a table
    node: str, title: str, state: str, lines: list[str], remedy: str = "", detail: str = ""
) -> dict[str, Any]:
    """One card as the browser and the text version take it."""
    return {"id": node, "title": title, "state": state, "lines": lines, "remedy": remedy, "detail": detail}


def remedy_of(service: str, services: Mapping[str, Any]) -> str:
    """What to do about a service that is gone, from what the supervisor says of it."""
    state = services.get(service, {}).get("state", "")
    if state in ("starting", "building"):
        return f"{service} is {state}; it comes back automatically."
    return f"Restart {service} in the fault panel, or run ./workshop up."


def _health(sample: Sample) -> str:
    return "waiting" if sample is NOTHING_YET else "down" if sample.down else "ready"


def _down(node: str, title: str, sample: Sample, service: str, stack: Sample) -> dict[str, Any]:
    remedy = remedy_of(service, stack.value.get("services", {}))
    return card(node, title, "down", [f"{service} does not answer"], remedy, sample.cause)


def metric(sample: Sample, name: str) -> float | None:
    """One of the proxy's metrics, all workers together; None when it has none of that name."""
    found: float | None = sample.value.get("metrics", {}).get(name)
    return found


def published(proxy: Sample) -> float | None:
    """Publishes that the proxy has taken from devices so far."""
    return None if proxy.down else metric(proxy, "mqtt_proxy_publishes_total")


def total_end(topics: Mapping[str, Any], topic: str) -> int | None:
    """Records ever written to a topic, by its partitions' ends; None while one has no leader."""
    ends = [at["end"] for at in topics.get(topic, {}).values()]
    return sum(ends) if ends and None not in ends else None


def _fleet(proxy: Sample, flows: Flows) -> dict[str, Any]:
    connected = metric(proxy, "mqtt_proxy_connections")
    if _health(proxy) != "ready":
        return card("fleet", "Generators", "waiting", ["unknown without the proxy"])
    devices = int(connected or 0)
    lines = [f"{devices} connected", f"sending {say_rate(flows['fleet'] or flows['proxy'])}"]
    return card("fleet", "Generators", "ready" if devices else "missing", lines, "" if devices else "Start a fleet.")


def _proxy(proxy: Sample, flows: Flows, stack: Sample) -> dict[str, Any]:
    if proxy.down:
        return _down("proxy", "MQTT proxy", proxy, "proxy", stack)
    waiting = metric(proxy, "mqtt_proxy_in_flight")
    lines = [f"{say_rate(flows['proxy'])} to Kafka"]
    if waiting is not None:
        lines.append(f"{waiting:.0f} wait for Kafka")
    return card("proxy", "MQTT proxy", _health(proxy), lines)


def _kafka(kafka: Sample, topics: Any, names: Names, flows: Flows) -> dict[str, Any]:
    if kafka.down:
        remedy = "Restart the brokers in the fault panel, or run ./workshop up."
        return card("kafka", "Kafka", "down", ["no broker answers"], remedy, kafka.cause)
    partitions = [at for held in topics.values() for at in held.values()]
    weak = sum(1 for at in partitions if len(at["isr"]) < len(at["replicas"]))
    headless = sum(1 for at in partitions if at["leader"] < 0)
    lines = [
        f"{say_count(total_end(topics, names.readings))} readings, {say_rate(flows['proxy'])}",
        f"{len(partitions)} partitions, {weak} under-replicated" + (f", {headless} without leader" if headless else ""),
    ]
    state = _health(kafka)
    return card("kafka", "Kafka", "slow" if state == "ready" and (weak or headless) else state, lines)


def _connector(node: str, title: str, name: str, samples: Mapping[str, Sample], rate: float | None) -> dict[str, Any]:
    connect = samples["connect"]
    if connect.down:
        return _down(node, title, connect, "connect", samples["stack"])
    about = connect.value.get("connectors", {}).get(name)
    if about is None:
        state = "missing" if connect is not NOTHING_YET else "waiting"
        lesson = "07" if node == "sink" else "10"
        remedy = "" if state == "waiting" else f"Create {name} (lesson {lesson})."
        return card(node, title, state, ["not made yet"], remedy)
    failed = [task for task in about["tasks"] if task["state"] == "FAILED"]
    running = sum(1 for task in about["tasks"] if task["state"] == "RUNNING")
    behind = _behind(samples["sink group"]) if node == "sink" else None
    lines = [f"{about['state'].lower()}, {running}/{len(about['tasks'])} tasks", say_rate(rate)]
    if node == "sink":
        lines[1] += f", {say_lag(behind)}"
    if failed or about["state"] == "FAILED":
        cause = (failed[0]["trace"] if failed else about["trace"]).split("\n")[0]
        return card(node, title, "down", lines, "Read the error in the connector panel, then restart it.", cause)
    slow = about["state"] != "RUNNING" or (behind or 0) > LAG_SLOW
    return card(node, title, "slow" if slow else "ready", lines, "Resume it." if about["state"] == "PAUSED" else "")


def _behind(group: Sample) -> int | None:
    """The group's lag as seen just now; an old one would say nothing of the records that came since."""
    return None if group.down else whole_lag(lag(group.value))


def _bucket(node: str, bucket: str, influx: Sample, rate: float | None, stack: Sample) -> dict[str, Any]:
    if influx.down:
        return _down(node, bucket, influx, "influxd", stack)
    count = influx.value.get("counts", {}).get(bucket)
    if influx is not NOTHING_YET and count is None:
        return card(node, bucket, "missing", ["not made yet"], "Make it with ./workshop up.")
    lines = [f"{say_count(count)} rows", say_rate(rate)]
    if wrong := influx.value.get("wrong", {}).get(bucket):
        lines[1] = ", ".join(f"{one['field']} is of type {one['type']}" for one in wrong)
        return card(node, bucket, "slow", lines, wrong[0]["remedy"], " ".join(one["cause"] for one in wrong))
    return card(node, bucket, _health(influx), lines)


def _task(influx: Sample, names: Names, now: float) -> dict[str, Any]:
    title = "Flux task"
    if influx.down or influx is NOTHING_YET:
        return card("task", title, "down" if influx.down else "waiting", ["unknown without InfluxDB"])
    task = influx.value.get("task", {})
    if not task:
        return card("task", title, "missing", ["not made yet"], f"Create {names.task} in the task form (lesson 09).")
    lines = [f"every {task['every']}" if task.get("every") else f"cron {task.get('cron', '')}"]
    lines.append(runs(task, now) if task.get("status") == "active" else "inactive")
    if task.get("lastRunStatus") == "failed":
        return card("task", title, "down", lines, "Read the run's log in the task form.", task.get("lastRunError", ""))
    return card("task", title, "ready" if task.get("status") == "active" else "slow", lines)


def _dispatcher(samples: Mapping[str, Sample], flows: Flows) -> dict[str, Any]:
    group = samples["dispatchers"]
    members = group.value.get("members", {})
    if group is NOTHING_YET or group.down:
        return card("dispatcher", "Dispatcher", "waiting", ["unknown without Kafka"])
    if not members:
        return card(
            "dispatcher", "Dispatcher", "missing", ["nobody reads the alarms"], "Start a dispatcher (lesson 10)."
        )
    behind = _behind(group)
    return card(
        "dispatcher",
        "Dispatcher",
        "slow" if (behind or 0) > LAG_SLOW else "ready",
        [f"{len(members)} member{'s' if len(members) != 1 else ''}, {say_lag(behind)}", say_rate(flows["dispatch"])],
    )


def topic_rows(topics: Mapping[str, Any], names: Names) -> list[dict[str, Any]]:
    """Partitions with leader and ISR for the broker grid, in the pipeline's order."""
    short = {names.readings: "readings", names.status: "status", names.dead_letters: "dead letters"}
    short[names.alarms] = "alarms"
    return [
        {
            "name": name,
            "short": short.get(name, name),
            "partitions": [{"n": n, **held} for n, held in partitions.items()],
        }
        for name, partitions in topics.items()
    ]


def followed(influx: Sample, now: float) -> dict[str, Any]:
    """Newest load of one generator in both buckets, with its age; a load that is no number stays unknown."""
    rows = []
    for bucket, held in influx.value.get("follow", {}).items():
        at = seconds_of(held.get("time", ""))
        if at is not None:
            load = number_of(held.get("load"))
            rows.append({"bucket": bucket, "load": None if load is None else round(load, 1), "age": round(now - at, 1)})
    return {"name": influx.value.get("followed", ""), "rows": rows}
