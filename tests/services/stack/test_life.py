"""The running stack: truthful, quick to come back, whole after the worst, and gone after `down`.

Every test leaves the stack as it found it: all services ready at the same addresses.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path

import httpx
import psutil
import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from lab import stack as services
from lab.base import addresses, pace
from lab.base.addresses import Addresses
from lab.base.pace import allow
from lab.base.settings import ROOT, settings
from lab.commands import cli
from lab.stack import aot_build, kafka, native, orphans, ports, supervisor
from lab.stack.java import aot, jars
from lab.stack.layout import layout
from lab.stack.service import SERVICES, ServiceStatus
from lab.stack.service_status import Answer, ask, ports_of

BACK_S = 15.0
"""A killed service answers again within this, unasked."""
BROKERS = {"kafka1", "kafka2", "kafka3"}
SHUTTING_DOWN = "STARTED to SHUTTING_DOWN"
"""What a broker logs once, when it has heard SIGTERM."""
pytestmark = pytest.mark.timeout(400)


def until(what: str, condition: Callable[[], bool], seconds: float) -> float:
    """Wait for a condition and return how long it took; fail when it does not come true in time."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < allow(seconds), f"{what}: not within {allow(seconds)} s; {states()}"
        time.sleep(0.1)
    return time.monotonic() - began


def states() -> dict[str, str]:
    return {row.name: row.state for row in services.status()}


def row(name: str) -> ServiceStatus:
    return next(row for row in services.status() if row.name == name)


def is_ready(name: str) -> bool:
    return row(name).state == "ready"


def all_ready() -> bool:
    return set(states().values()) == {"ready"}


def produce(where: Addresses, value: bytes) -> None:
    """One record, acknowledged by at least two brokers."""
    failures: list[object] = []
    producer = Producer({**where.librdkafka(), "acks": "all"})
    producer.produce(where.names.readings, value, b"g", on_delivery=lambda error, _: failures.append(error))
    producer.flush(allow(30))
    assert failures == [None]


def read_all(where: Addresses) -> set[bytes]:
    """Every value of the readings topic."""
    config = {**where.librdkafka(), "group.id": f"test-{time.time_ns()}", "auto.offset.reset": "earliest"}
    consumer = Consumer({**config, "enable.partition.eof": "true"})
    consumer.subscribe([where.names.readings])
    found, ended, deadline = set(), 0, time.monotonic() + allow(60)
    while ended < 6 and time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            ended += 1
        else:
            found.add(message.value())
    consumer.close()
    return found


def write_point(where: Addresses, value: int) -> None:
    answer = httpx.post(
        f"{where.influx_url}/api/v2/write",
        params={"org": where.influx_org, "bucket": where.names.raw_bucket},
        headers={"Authorization": f"Token {where.influx_token}"},
        content=f"stacktest value={value}i",
    )
    assert answer.status_code == httpx.codes.NO_CONTENT


def points(where: Addresses) -> str:
    answer = httpx.post(
        f"{where.influx_url}/api/v2/query",
        params={"org": where.influx_org},
        headers={"Authorization": f"Token {where.influx_token}", "Content-Type": "application/vnd.flux"},
        content=f'from(bucket: "{where.names.raw_bucket}") |> range(start: -1h) '
        '|> filter(fn: (r) => r._measurement == "stacktest")',
        timeout=allow(30),
    )
    return answer.text


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "lab", *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=allow(300),
        check=False,
    )


def test_every_service_is_ready_and_tells_its_memory(stack: Addresses) -> None:
    rows = services.status()
    assert [r.name for r in rows] == list(SERVICES)
    assert {r.state for r in rows} == {"ready"}
    assert sum(r.memory_mb or 0 for r in rows) < 2000
    assert all(psutil.pid_exists(r.pid or 0) for r in rows)


def test_status_for_a_program_is_json_and_nothing_else(stack: Addresses) -> None:
    done = command("status", "--json")
    assert done.returncode == 0, done.stderr
    assert {r["name"]: r["state"] for r in json.loads(done.stdout)} == dict.fromkeys(SERVICES, "ready")


def test_secrets_are_readable_by_their_owner_alone(stack: Addresses) -> None:
    for path in layout().secrets.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(layout().socket.parent.stat().st_mode) == 0o700
    assert stack.influx_token not in (ROOT / "docker-compose.yml").read_text()


def test_services_listen_on_loopback_only(stack: Addresses) -> None:
    for process in orphans.find(layout()):
        for connection in process.net_connections():
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip in ("127.0.0.1", "::ffff:127.0.0.1"), (process.name(), connection.laddr)


def test_a_second_up_starts_nothing_anew(stack: Addresses) -> None:
    before = {r.name: r.pid for r in services.status()}
    assert services.up() == stack
    assert {r.name: r.pid for r in services.status()} == before


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_comes_back_by_itself(stack: Addresses, name: str) -> None:
    control = services.control(name)
    before = control.pid
    control.kill()
    until(f"{name} is gone", lambda: control.pid != before, 5)
    took = until(f"{name} answers again", lambda: is_ready(name), BACK_S)
    sys.stdout.write(f"{name} answers {took:.1f} s after kill -9\n")
    until("all are ready", all_ready, BACK_S)


@pytest.mark.parametrize("name", SERVICES)
def test_what_another_program_answers_at_a_services_port_is_not_the_services(stack: Addresses, name: str) -> None:
    process = (supervisor.processes(layout()) or {})[name]
    assert (answer := ask(name, stack, process)) is not None
    assert answer.ok
    port = ports_of(name, stack)[0]
    other = ask(name, stack, replace(process, pid=os.getpid()))  # as if the supervisor's process were not what listens
    assert other == Answer(False, f"another program answers at 127.0.0.1:{port}")


@pytest.mark.parametrize("name", ["kafka2", "connect"])
def test_the_answer_of_another_cluster_is_not_ready(stack: Addresses, name: str) -> None:
    process = (supervisor.processes(layout()) or {})[name]
    other = ask(name, stack.model_copy(update={"kafka_cluster": "other"}), process)
    assert other is not None
    assert (other.ok, "another stack's" in other.text) == (False, True)


def test_the_port_of_a_broker_that_is_down_stays_with_its_stack(stack: Addresses) -> None:
    """Another clone's `up` once took it, and both stacks' clients met in one cluster."""
    mine = ports.remembered(layout().state / "ports.json")
    control = services.control("kafka2")
    control.stop()
    try:
        assert ports.is_free(mine.kafka2)
        with ports.reserve(mine) as others:
            assert not set(others.ports.model_dump().values()) & set(mine.model_dump().values())
    finally:
        control.start()
    until("it answers again", lambda: is_ready("kafka2"), BACK_S)


def test_brokers_unpack_compression_in_a_folder_of_the_stacks_own(stack: Addresses) -> None:
    """A noexec /tmp once failed every record that came compressed with snappy."""
    admin, topic = AdminClient(stack.librdkafka()), f"compressed-{time.time_ns()}"
    admin.create_topics([NewTopic(topic, 1, 3, config={"compression.type": "zstd"})])[topic].result(allow(30))
    try:
        failures: list[object] = []
        producer = Producer({**stack.librdkafka(), "acks": "all", "compression.type": "snappy"})
        for _ in range(100):
            producer.produce(topic, b"x" * 200, on_delivery=lambda error, _: failures.append(error))
        producer.flush(allow(30))
        assert failures == [None] * 100
        unpacked = {path.name.lower() for path in (layout().run / kafka.SCRATCH).iterdir()}
        assert any("snappy" in name for name in unpacked), unpacked
    finally:
        admin.delete_topics([topic])[topic].result(allow(30))


def test_a_frozen_service_is_not_called_ready(stack: Addresses) -> None:
    control = services.control("influxd")
    control.freeze()
    try:
        assert row("influxd").state == "starting"
    finally:
        control.thaw()
    until("it answers again", lambda: is_ready("influxd"), BACK_S)


def test_a_stopped_service_stays_stopped_until_it_is_started(stack: Addresses) -> None:
    control = services.control("connect")
    control.stop()
    assert row("connect").state == "stopped"
    services.up()
    assert is_ready("connect")


def test_a_crash_loop_is_called_failed_and_quotes_the_log(stack: Addresses) -> None:
    config = layout().state / "proxy.toml"
    good = config.read_text()
    config.write_text("this is not TOML")
    try:
        services.control("proxy").kill()
        until("the supervisor gives up", lambda: row("proxy").state == "failed", 60)
        assert row("proxy").detail
        done = command("up")
        assert done.returncode == 1
        assert len([line for line in done.stderr.splitlines() if "./workshop logs proxy" in line]) == 1
    finally:
        config.write_text(good)
    services.up()
    assert is_ready("proxy")


def test_all_is_there_after_everything_was_killed_at_once_and_two_ups_at_once_make_one_stack(stack: Addresses) -> None:
    mark = time.time_ns()
    produce(stack, str(mark).encode())
    write_point(stack, mark)
    of_supervisor = int((layout().run / "supervisord.pid").read_text())
    os.kill(of_supervisor, signal.SIGKILL)  # first, or it starts again what dies before it: ids may have wrapped around
    for process in orphans.find(layout()):
        process.send_signal(signal.SIGKILL)
    until("nothing lives", lambda: not orphans.find(layout()), 10)
    argv = (sys.executable, "-m", "lab", "up")
    both = [subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    outputs = [process.communicate(timeout=allow(300))[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert len([p for p in orphans.find(layout()) if any("supervisord" in word for word in p.cmdline())]) == 1
    assert addresses.load() == stack
    assert all_ready()
    assert str(mark).encode() in read_all(stack)
    assert str(mark) in points(stack)


def test_services_that_lost_their_supervisor_are_taken_over(stack: Addresses) -> None:
    own = layout()
    of_supervisor = int((own.run / "supervisord.pid").read_text())
    os.kill(of_supervisor, signal.SIGKILL)
    until("the supervisor is gone", lambda: supervisor.processes(own) is None, 10)
    assert services.up() == stack
    assert all_ready()
    assert len([p for p in orphans.find(own) if any("supervisord" in word for word in p.cmdline())]) == 1


def test_up_measures_the_pace_and_a_slow_machine_is_told(stack: Addresses, monkeypatch: pytest.MonkeyPatch) -> None:
    services.down()
    with monkeypatch.context() as patch:
        patch.delenv("LAB_PACE")
        # Held against a machine ten times as fast as the reference, any machine is slow.
        tenfold = {start: seconds / 10 for start, seconds in native.START_SECONDS.items()}
        patch.setattr(native, "START_SECONDS", tenfold)
        patch.setattr(native, "JAVA_SECONDS", native.JAVA_SECONDS / 10)
        settings.cache_clear()
        measured = services.up().pace
        assert pace.SLOW <= measured <= pace.MOST
        assert addresses.load().pace == pace.pace() == measured
        assert {row["pace"] for row in json.loads(command("status", "--json").stdout)} == {measured}
        for verb in ("up", "status", "doctor"):
            assert pace.words(measured) in command(verb).stdout, verb
        assert addresses.load().pace == measured  # the second `up` started nothing
    settings.cache_clear()
    addresses.save(stack)


@contextmanager
def jupyterlab() -> Iterator[subprocess.Popen[str]]:
    """`./workshop lab`, once its server answers and a kernel runs."""
    argv = (sys.executable, "-P", "-m", "lab", "lab", "7")
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}) as verb:
        try:
            said = (verb.stderr or StringIO()).readline()
            assert said.startswith("JupyterLab: http://127.0.0.1:"), said
            address, _, token = said.removeprefix("JupyterLab: ").strip().partition("?token=")
            assert address.endswith("/lab/tree/notebooks/07_the_sink_connector.ipynb")
            kernels = f"{address.partition('/lab/')[0]}/api/kernels?token={token}"
            until("JupyterLab answers", lambda: reached(kernels), 60)
            assert httpx.post(kernels, json={}, trust_env=False, timeout=allow(60)).status_code == httpx.codes.CREATED
            yield verb
        finally:
            verb.kill()


def lives(process: psutil.Process) -> bool:
    """One that ended may stay in the table for a moment: its new parent, process 1, reaps it in its own time."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def reached(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=allow(10)).is_success
    except httpx.TransportError:
        return False


def test_sigterm_to_lab_ends_jupyterlab_and_its_kernels_and_no_service(stack: Addresses) -> None:
    with jupyterlab() as verb:
        started = orphans.notebooks(layout(), verb.pid)
        assert len(started) >= 2, "a server and a kernel"
        assert orphans.notebooks(layout()) == [], "their ./workshop lab lives"
        verb.terminate()
        assert verb.wait(allow(60)) == 128 + signal.SIGTERM
    assert [process for process in started if lives(process)] == []
    assert all_ready()


def test_down_stops_a_frozen_broker_in_order_and_leaves_nothing(stack: Addresses) -> None:
    with jupyterlab() as verb:
        verb.kill()  # what it started goes on without it
    left = orphans.notebooks(layout())
    assert len(left) >= 2
    heard = layout().log("kafka2").read_text().count(SHUTTING_DOWN)
    services.control("kafka2").freeze()
    services.down()
    assert layout().log("kafka2").read_text().count(SHUTTING_DOWN) == heard + 1, "it went on, and heard SIGTERM"
    assert [process for process in left if lives(process)] == []
    assert orphans.find(layout()) == []
    assert cli.main(["lab"]) == 1, "no lesson opens on services that do not run"
    assert set(states().values()) == {"stopped"}
    assert {path.parent.name for path in layout().data.glob("kafka?/.kafka_cleanshutdown")} == BROKERS
    assert services.up() == stack
    assert all_ready()


@pytest.mark.thorough("a service that no signal but SIGKILL reaches")
def test_down_leaves_nothing_even_of_a_service_that_hears_nothing(
    stack: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "thaw", lambda _: None)
    services.control("influxd").freeze()
    services.down()
    assert orphans.find(layout()) == []
    assert services.up() == stack
    assert all_ready()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the kernel does not list a process's mapped files")
def test_the_ahead_of_time_caches_are_used(stack: Addresses) -> None:
    found = jars.resolve(jars.KAFKA_LOCK)
    aot_build.train(found)
    services.down()
    services.up()
    for name, program in (("kafka1", "kafka"), ("connect", "connect")):
        maps = Path(f"/proc/{services.control(name).pid}/maps").read_text()
        assert str(aot.cache_file(found, program)) in maps


def test_a_cache_is_refused_by_a_jvm_with_other_jars(stack: Addresses) -> None:
    found = jars.resolve(jars.KAFKA_LOCK)
    aot_build.train(found)
    options = (*aot.options(found, "kafka"), "-XX:AOTMode=on")
    run = layout().run
    assert subprocess.run((*kafka.jvm(found, layout(), *options), "-version"), cwd=run, check=False).returncode == 0
    swapped = [found[1], found[0], *found[2:]]
    assert subprocess.run((*kafka.jvm(swapped, layout(), *options), "-version"), cwd=run, check=False).returncode != 0
    assert aot.cache_file(swapped, "kafka") != aot.cache_file(found, "kafka")
