"""A second MQTT proxy beside the stack's own, with rules of the learner's: what lesson 03 runs.

It is the real proxy in a process of its own, on the stack's Kafka and a free port.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from lab.base.addresses import Addresses
from lab.base.environment import python
from lab.base.errors import MachineError
from lab.base.free_port import free_port
from lab.base.pace import allow
from lab.base.settings import ROOT
from lab.stack.layout import layout
from lab.stack.logs import latest
from lab.stack.proxy import quoted

START_SECONDS = 30.0
STOP_SECONDS = 12.0
"""The proxy itself waits 8 s for Kafka before it gives up what is in flight."""


@contextmanager
def second_proxy(where: Addresses, rules: str) -> Iterator[int]:
    """Run a proxy with these `[[rule]]` tables (TOML) inside the block; gives its MQTT port on 127.0.0.1.

    Raises LearnerError when a rule is wrong, in the proxy's own words, and MachineError when it does not start.
    """
    from lab.proxy.config import load

    port = free_port()
    with tempfile.TemporaryDirectory(prefix="side-proxy-") as folder:
        config, log = Path(folder) / "rules.toml", layout().log("side-proxy")
        config.write_text(f"{_head(where, port)}\n{rules}", encoding="utf-8")
        load(config)
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with log.open("wb") as output:
            command = [sys.executable, "-m", "lab.proxy", "--config", str(config)]
            process = subprocess.Popen(command, cwd=ROOT, env=python(), stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait(process, port, log)
            yield port
        finally:
            _end(process)


def _head(where: Addresses, port: int) -> str:
    settings = {name: value for name, value in where.librdkafka().items() if name != "bootstrap.servers"}
    lines = ["[kafka]", f"bootstrap = {quoted(where.kafka_bootstrap)}", "[kafka.settings]"]
    lines += [f"{quoted(name)} = {quoted(value)}" for name, value in settings.items()]
    lines += ["[[listener]]", 'host = "127.0.0.1"', f"port = {port}", "anonymous = true"]
    return "\n".join(lines)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = monotonic() + allow(START_SECONDS)
    while monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=allow(1.0)):
            return
        sleep(0.05)
    told = latest(log) or f"no output within {allow(START_SECONDS):.0f} s"
    raise MachineError(f"The second proxy did not start: {told}", "Read ./workshop logs side-proxy.")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(allow(STOP_SECONDS))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
