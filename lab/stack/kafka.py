"""Three Kafka nodes, each broker and KRaft controller, so that any one of them may die.

The quorum is static (`controller.quorum.voters`): its addresses are read from the configuration at each
start, and so a taken port can move. Durability is the lesson's subject, hence RF 3 and min ISR 2 throughout.
"""

from __future__ import annotations

import base64
import subprocess
import uuid
from pathlib import Path

from lab.base.diagnosis import cause
from lab.base.environment import small
from lab.base.errors import ServiceError
from lab.base.files import clear, write
from lab.base.pace import Stopwatch, allow
from lab.stack.java import aot
from lab.stack.java.runtime import LEAN, QUICK, java
from lab.stack.layout import Layout
from lab.stack.ports import BROKERS, HOST, Ports
from lab.stack.service import Service

HEAP_MB = 256
CLUSTER_ID = "kafka-cluster-id"
"""The file in the data folder that keeps the cluster's id."""
SCRATCH = "tmp"
"""The folder in the run folder where compression libraries unpack themselves: a machine's temporary folder may run no
programs, and then brokers refuse every compressed record."""
CLOSED = ".kafka_cleanshutdown"
"""The file that a broker leaves in its data folder once its log is closed, and removes at its next start."""
FORMAT_SECONDS = 1.5
"""What formatting three nodes side by side takes on the reference machine."""

LOG4J_FILE = "log4j2.properties"
LOG4J = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %-5p %c{1}: %m%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out

# A line per partition and per configuration value, at every start: they bury what matters and cost start-up time.
logger.state.name = state.change.logger
logger.state.level = warn
logger.controller.name = org.apache.kafka.controller
logger.controller.level = warn
logger.storage.name = org.apache.kafka.storage.internals
logger.storage.level = warn
logger.image.name = org.apache.kafka.image
logger.image.level = warn
logger.config.name = org.apache.kafka.common.config
logger.config.level = error
logger.jetty.name = org.eclipse.jetty
logger.jetty.level = warn
"""

COMMON = """\
process.roles=broker,controller
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
unclean.leader.election.enable=false
leader.imbalance.check.interval.seconds=20
offsets.topic.replication.factor=3
offsets.topic.num.partitions=6
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
transaction.state.log.num.partitions=6
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
share.coordinator.state.topic.num.partitions=3
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=1000
initial.broker.registration.timeout.ms=600000
metadata.max.idle.interval.ms=5000
producer.purgatory.purge.interval.requests=50
fetch.purgatory.purge.interval.requests=50
num.network.threads=2
num.io.threads=4
log.segment.bytes=67108864
log.retention.hours=168
log.cleaner.dedupe.buffer.size=8388608
"""
"""What all nodes share. A dead broker's successor is let in once its session ends, hence 6 s and not 9: heartbeats of
1 s leave a slow machine five seconds for one. A broker ends itself when it is not registered in time after its start;
`up` has the patience, so that must not come first on a machine that is merely slow. An idle
controller writes an empty record every 5 s and not every 0.5 s, which three nodes would fetch and replay. Leaders go
home within 20 s of a broker's return, soon enough to be watched, where Kafka's default takes five minutes. Answered
requests leave the purgatories early: held to the default of 1,000, they doubled the collector's pauses."""


def configuration(node: int, ports: Ports, layout: Layout) -> str:
    """The properties of one node."""
    voters = ",".join(f"{n}@{HOST}:{ports.controller(n)}" for n in BROKERS)
    return (
        f"node.id={node}\n"
        f"controller.quorum.voters={voters}\n"
        f"listeners=PLAINTEXT://{HOST}:{ports.kafka(node)},CONTROLLER://{HOST}:{ports.controller(node)}\n"
        f"advertised.listeners=PLAINTEXT://{HOST}:{ports.kafka(node)}\n"
        f"log.dirs={layout.seen(data_folder(node, layout))}\n" + COMMON
    )


def data_folder(node: int, layout: Layout) -> Path:
    return layout.data / f"kafka{node}"


def cluster_id(layout: Layout) -> str:
    """The cluster's id, made once."""
    path = layout.data / CLUSTER_ID
    if not path.exists():
        write(path, random_id())
    return path.read_text().strip()


def random_id() -> str:
    """16 random bytes, base64url without padding, as Kafka's own tool makes them.

    Never with a hyphen in front, which one in 64 would have and Kafka's tools would take for an option.
    """
    while (identity := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return identity


def jvm(jars: list[Path], layout: Layout, *options: str, heap_mb: int = HEAP_MB) -> tuple[str, ...]:
    """A JVM on Kafka's jars, up to and without the main class, to run in the run folder.

    The jars and the AOT caches are seen through links: a class path is separated by colons, and the option of a cache
    is as well. Half of the heap is for young objects: while one of three brokers collects, every acknowledgement waits.
    """
    jar_folder = layout.link("jars", jars[0].parent)
    (layout.run / SCRATCH).mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.link(aot.FOLDER, aot.cache_file(jars, "kafka").parent)
    return (
        str(java()),
        f"-Xmx{heap_mb}m",
        f"-Xmn{heap_mb // 2}m",
        *LEAN,
        f"-Djava.io.tmpdir={SCRATCH}",
        *options,
        f"-Dlog4j2.configurationFile={LOG4J_FILE}",
        "-cp",
        ":".join(f"{jar_folder}/{jar.name}" for jar in jars),
    )


def empty_scratch(layout: Layout) -> None:
    """Remove what killed brokers and workers have left unpacked; call it when none runs."""
    clear(layout.run / SCRATCH, "*")


def services(ports: Ports, jars: list[Path], layout: Layout, options: tuple[str, ...] = ()) -> list[Service]:
    """Write every node's configuration and describe the three processes."""
    write(layout.run / LOG4J_FILE, LOG4J)
    return [_service(node, ports, jars, layout, options) for node in BROKERS]


def _service(node: int, ports: Ports, jars: list[Path], layout: Layout, options: tuple[str, ...]) -> Service:
    name = f"kafka{node}"
    config = write(layout.run / f"{name}.properties", configuration(node, ports, layout)).name
    return Service(
        name=name,
        argv=(*jvm(jars, layout, QUICK, *options), "kafka.Kafka", config),
        log=layout.log(name),
    )


def format_storage(jars: list[Path], layout: Layout, watch: Stopwatch) -> None:
    """Format what is not formatted, the nodes side by side and timed. Raises ServiceError with the tool's reason."""
    unformatted = [node for node in BROKERS if not (data_folder(node, layout) / "meta.properties").exists()]
    if unformatted:
        with watch.time("format", FORMAT_SECONDS * len(unformatted) / len(BROKERS)):
            _format_all(unformatted, jars, layout)


def _format_all(nodes: list[int], jars: list[Path], layout: Layout) -> None:
    identity = cluster_id(layout)
    running = {node: _format(node, identity, jars, layout) for node in nodes}
    for node, process in running.items():
        output, _ = process.communicate(timeout=allow(120))
        if process.returncode:
            write(layout.log(f"kafka{node}-format"), output)
            raise ServiceError(
                f"kafka{node}",
                f"The storage of kafka{node} could not be formatted: {cause(output)}",
                f"Read ./workshop logs kafka{node}-format; ./workshop reset kafka begins from scratch.",
            )


def _format(node: int, identity: str, jars: list[Path], layout: Layout) -> subprocess.Popen[str]:
    config = f"kafka{node}.properties"
    argv = (*jvm(jars, layout, QUICK), "kafka.tools.StorageTool", "format", "-t", identity, "-c", config)
    return subprocess.Popen(
        argv, cwd=layout.run, env=small(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
