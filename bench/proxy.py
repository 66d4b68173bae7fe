"""`./workshop bench proxy`: how fast readings get from MQTT into Kafka, and what the alternatives do.

Three brokers, RF 3, acks=all, 50 connections, a reading of the data contract as payload, one machine, one run.
Measured are records that arrived in Kafka (end offsets) over the time from the first publish to the last arrival; how
long acknowledgements take at 1,000 and 5,000 readings/s; beside it the same load through Debian's mosquitto and a
paho-mqtt subscriber that produces through librdkafka, and librdkafka alone as the limit. `generator_per_s` is what the
load generator does against a server that acknowledges at once: it must lie well above `qos1_per_s`.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from rich.console import Console
from rich.table import Table

from bench import proxy_load
from bench.proxy_process import proxy
from bench.proxy_records import count, delete
from lab.base import addresses
from lab.base.errors import MachineError
from lab.base.free_port import free_port
from lab.base.pace import allow
from lab.base.settings import ROOT

CONNECTIONS = 50
SECONDS = 5.0
RUNS = 3
"""Throughput is the median of as many runs; the first, which warms up, is not among them."""
WINDOW = 500
ALONE = 1_000_000
"""Records for librdkafka alone."""

console = Console(stderr=True)


def main(json: bool) -> int:
    """Run it all on the running stack; print a table, or JSON. Raises LabError when something is missing."""
    bootstrap = addresses.load().kafka_bootstrap
    result: dict[str, Any] = {"generator_per_s": _step("load generator alone", _generator)}
    with tempfile.TemporaryDirectory() as folder:
        _with_proxy(Path(folder), bootstrap, result)
        result["bridge_qos1_per_s"] = _step("mosquitto and a bridge", lambda: _bridge(Path(folder), bootstrap))
    result["librdkafka_per_s"] = _step("librdkafka alone", lambda: _alone(bootstrap))
    delete(bootstrap, "bench_proxy", "bench_bridge", "bench_alone")
    _show(result, json)
    return 0


def _step(what: str, work: Callable[[], Any]) -> Any:
    with console.status(what):
        return work()


def _with_proxy(folder: Path, bootstrap: str, result: dict[str, Any]) -> None:
    port = free_port()
    config = (
        f'[kafka]\nbootstrap = "{bootstrap}"\n[[listener]]\nport = {port}\nanonymous = true\n'
        '[[rule]]\nname = "bench"\nmqtt = "emergency_generators/{g}"\ntopic = "bench_proxy"\nkey = "{g}"\n'
    )
    with proxy(folder, config):
        # Acknowledgements first: behind gigabytes of readings they would measure the disk. One run warms up.
        _load(port, mode="pace", rate=5_000, seconds=10, connections=CONNECTIONS)
        for rate in (1_000, 5_000):
            result[f"ack_ms_{rate}"] = _step(f"acknowledgements at {rate}/s", lambda rate=rate: _latency(port, rate))
        for qos in (0, 1, 2):
            result[f"qos{qos}_per_s"] = _step(
                f"proxy, QoS {qos}", lambda qos=qos: _delivered(bootstrap, "bench_proxy", port, qos)
            )


def _load(port: int, **options: object) -> dict[str, float]:
    """One run of the load generator in a process of its own."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    argv = [sys.executable, "-m", "bench.proxy_load", "--port", str(port), *words]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=allow(300))
    if done.returncode:
        raise MachineError(f"The load generator failed: {done.stderr[-400:]}", "See the proxy's log and try again.")
    return dict(json.loads(done.stdout))


def _delivered(
    bootstrap: str, topic: str, port: int, qos: int, runs: int = RUNS, acknowledged_by_kafka: bool = True
) -> int:
    """Records per second into Kafka: the median of the runs after the first."""
    rates = []
    for _ in range(runs + 1):
        before = count(bootstrap, topic)
        sent = _load(port, qos=qos, connections=CONNECTIONS, seconds=SECONDS, window=WINDOW)
        arrived = _arrival(bootstrap, topic, before + int(sent["sent"]))
        # The proxy acknowledges what Kafka has; at QoS 0, and of a bridge, only Kafka can tell.
        elapsed = sent["seconds"] if qos and acknowledged_by_kafka else arrived - sent["began"]
        rates.append((count(bootstrap, topic) - before) / elapsed)
    return round(statistics.median(rates[1:]))


def _arrival(bootstrap: str, topic: str, wanted: int) -> float:
    """The time of day when the topic held as many records; raises MachineError when it never does."""
    deadline = time.monotonic() + allow(120)
    while time.monotonic() < deadline:
        if count(bootstrap, topic) >= wanted:
            return time.time()
        time.sleep(0.02)
    raise MachineError(f"{topic} never got {wanted} records.", "Is Kafka well? ./workshop status says.")


def _latency(port: int, rate: int) -> dict[str, float]:
    """Median of p50 and of p99 over the runs, in milliseconds."""
    runs = [_load(port, mode="pace", rate=rate, seconds=10, connections=CONNECTIONS) for _ in range(RUNS)]
    return {name: round(statistics.median(one[name] for one in runs), 2) for name in ("p50", "p99")}


def _generator() -> int:
    """The load generator against a server that acknowledges every byte at once."""
    port = free_port()
    code = f"from bench.proxy_null import main; main({port})"
    server = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        if server.stdout is not None:
            server.stdout.readline()
        rates = [_load(port, qos=1, connections=CONNECTIONS, seconds=3, window=WINDOW) for _ in range(RUNS)]
        return round(statistics.median(one["acknowledged"] / one["seconds"] for one in rates))
    finally:
        server.kill()
        server.wait()


def _bridge(folder: Path, bootstrap: str) -> int | None:
    """mosquitto with a paho-mqtt subscriber producing through librdkafka; None where mosquitto is not installed."""
    binary = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if binary is None:
        console.print("mosquitto is not installed (apt-get install mosquitto): the comparison is left out.")
        return None
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\nuser root\n"
    )
    broker = subprocess.Popen([binary, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    argv = [sys.executable, "-m", "bench.proxy_bridge", str(port), bootstrap]
    bridge = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        if bridge.stdout is not None:
            bridge.stdout.readline()
        return _delivered(bootstrap, "bench_bridge", port, 1, runs=1, acknowledged_by_kafka=False)
    finally:
        for child in (bridge, broker):
            child.kill()
            child.wait()


def _alone(bootstrap: str) -> int:
    """librdkafka's own rate: the same readings, idempotent, acks=all, no MQTT; the median of the runs."""
    proxy_topic(bootstrap, "bench_alone")
    keys = [f"generator{number}".encode() for number in range(CONNECTIONS)]
    payloads = [proxy_load.reading("generator1", number) for number in range(1_000)]
    rates = []
    for _ in range(RUNS + 1):
        producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 5,
                "queue.buffering.max.messages": ALONE + 1,
                "queue.buffering.max.kbytes": 2_000_000,
                "partitioner": "murmur2_random",
            }
        )
        started = time.monotonic()
        for number in range(ALONE):
            producer.produce("bench_alone", payloads[number % 1_000], keys[number % CONNECTIONS])
        producer.flush()
        rates.append(ALONE / (time.monotonic() - started))
    return round(statistics.median(rates[1:]))


def proxy_topic(bootstrap: str, topic: str) -> None:
    """The topic as the proxy's rule makes it: 6 partitions, RF 3, min ISR 2."""
    from lab.proxy.core.rules import Target
    from lab.proxy.kafka_topics import Topics

    async def make() -> None:
        target = Target(topic, 6, 3, {"min.insync.replicas": "2"})
        error = await Topics({"bootstrap.servers": bootstrap}, allow(30), lambda _waited, _error: None).make(target)
        if error is not None:
            raise MachineError(f"Kafka did not make {topic}: {error.str()}", "Is Kafka well? ./workshop status says.")

    asyncio.run(make())


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
        return
    table = Table("what", "result")
    for name, value in result.items():
        table.add_row(name, json.dumps(value))
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main("--json" in sys.argv))
