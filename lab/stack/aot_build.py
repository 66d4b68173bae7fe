"""The training run that makes the AOT caches: a broker and a Connect worker of its own, run once and thrown away.

`up` starts it in the background after everything is ready, because it would otherwise lengthen the first start
by what it saves on the later ones. It touches neither the learner's cluster nor its ports. Each cache is moved to
its place by a rename.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tenacity import retry, retry_if_exception_type, wait_fixed

from lab.base import access
from lab.base.environment import small
from lab.base.errors import MachineError
from lab.base.files import clear, write
from lab.base.locks import hold
from lab.base.pace import allow, stop_after
from lab.base.settings import settings
from lab.stack import answers, background, connect, kafka
from lab.stack.java import aot, jars
from lab.stack.java.runtime import QUICK
from lab.stack.layout import Layout, layout
from lab.stack.ports import HOST, Ports, choose
from lab.stack.service import Service

NAME = "aot-training"
NICE = 15
READY_SECONDS = 120
DUMP_SECONDS = 180


def service(where: Layout) -> Service:
    """The one-shot process, started by `up` when nothing more urgent is to be done."""
    return background.service(NAME, "lab.stack.aot_build", 2, where)


def wanted(found: list[Path]) -> bool:
    """One of the caches is missing, and the cache folder is not somebody else's."""
    return aot.missing(found) and access.obstacle(settings().cache.absolute()) is None


def train(found: list[Path]) -> None:
    """Make both caches, one at a time per user. Raises on failure, leaving no cache behind."""
    folder = settings().cache.absolute() / "aot"
    with hold(settings().cache.absolute() / "aot.lock"):
        if not aot.missing(found):
            return
        folder.mkdir(parents=True, exist_ok=True)
        clear(folder, ".training-*")
        with TemporaryDirectory(prefix=".training-", dir=folder) as scratch:
            _run(found, Path(scratch))
            for what in aot.PROGRAMS:
                (Path(scratch) / f"{what}.aot").replace(aot.cache_file(found, what))


def _run(found: list[Path], scratch: Path) -> None:
    place = Layout(scratch, scratch)
    place.prepare()
    ports = choose(Ports(**{name: 20500 + count for count, name in enumerate(Ports.model_fields)}))
    broker = _broker_argv(found, ports, place)
    subprocess.run(_format_argv(found, place), cwd=place.run, env=small(), check=True)
    with ExitStack() as running:
        alive = running.enter_context(_process(broker, place))
        _answers(alive, lambda: answers.kafka(f"{HOST}:{ports.kafka1}", {}))
        alive = running.enter_context(_process(_worker_argv(found, ports, place), place))
        _answers(alive, lambda: answers.connect(f"http://{HOST}:{ports.connect}"))


def _broker_argv(found: list[Path], ports: Ports, place: Layout) -> tuple[str, ...]:
    text = kafka.configuration(1, ports, place).replace("factor=3", "factor=1").replace("min.isr=2", "min.isr=1")
    text = text.replace(f",2@{HOST}:{ports.controller2},3@{HOST}:{ports.controller3}", "").replace(
        "insync.replicas=2", "insync.replicas=1"
    )
    config = write(place.run / "kafka1.properties", text).name
    write(place.run / kafka.LOG4J_FILE, kafka.LOG4J)
    return (*kafka.jvm(found, place, QUICK, _output(place, "kafka")), "kafka.Kafka", config)


def _format_argv(found: list[Path], place: Layout) -> tuple[str, ...]:
    tool = ("kafka.tools.StorageTool", "format", "-t", kafka.cluster_id(place))
    return (*kafka.jvm(found, place, QUICK), *tool, "-c", "kafka1.properties")


def _worker_argv(found: list[Path], ports: Ports, place: Layout) -> tuple[str, ...]:
    text = connect.configuration(ports, Path(place.seen(place.data)), kafka.cluster_id(place)).replace(
        "factor=3", "factor=1"
    )
    text = text.replace(ports.bootstrap, f"{HOST}:{ports.kafka1}")
    config = write(place.run / "connect.properties", text).name
    return (*kafka.jvm(found, place, _output(place, "connect"), heap_mb=connect.HEAP_MB), connect.MAIN, config)


def _output(place: Layout, what: str) -> str:
    return f"-XX:AOTCacheOutput={place.seen(place.state / what)}.aot"


@contextmanager
def _process(argv: tuple[str, ...], place: Layout) -> Iterator[subprocess.Popen[bytes]]:
    """Run it, end it with SIGTERM: the JVM writes its cache on the way out. Raises TimeoutExpired."""
    with subprocess.Popen(argv, cwd=place.run, env=small()) as process:
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            process.wait(allow(DUMP_SECONDS))
        finally:
            process.kill()


@retry(
    retry=retry_if_exception_type(answers.Unanswered),
    wait=wait_fixed(0.5),
    stop=stop_after(READY_SECONDS),
    reraise=True,
)
def _answers(process: subprocess.Popen[bytes], probe: Callable[[], object]) -> None:
    if process.poll() is not None:
        raise MachineError(f"The training run ended with {process.returncode}.", f"See ./workshop logs {NAME}.")
    probe()


def main() -> int:
    """What the supervisor runs."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    os.nice(NICE)
    train(jars.resolve(jars.KAFKA_LOCK))
    return 0


if __name__ == "__main__":
    layout().prepare()
    sys.exit(main())
