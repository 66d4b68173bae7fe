"""What the panels cost: `./workshop bench widgets [--json]`, on the running stack.

A real kernel shows the map and the fleet panel while its fleet sends 1,000 readings/s; beside it runs the sampler of
the docked map. Measured each second:

- kernel_rss_mb: resident memory of the kernel, fleet and its own MQTT clients included;
- message_bytes: size of each message that a panel sends to the browser, as it leaves the kernel;
- map_cpu_percent: processor time of the docked map's sampler, in percent of one core.

Before that: first_call_s and again_call_s, how long the calls that show both panels take in a new kernel, and again.
"""

from __future__ import annotations

import json as jsonlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty
from typing import Any

import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from rich.console import Console
from rich.table import Table

from lab.base import addresses
from lab.base.pace import allow
from lab.base.progress import quiet
from lab.demo.restore import pipeline
from lab.jupyter import command

MINUTES = 30.0
RATE = 1000
GENERATORS = 50
SETTLE_S = 60
"""Until then caches fill; memory growth is taken from here on."""
MAP_CPU_LIMIT = 5.0
CALL_LIMIT_S = 1.0
MESSAGE_LIMIT = 64 * 1024
GROWTH_LIMIT_MB = 40.0
READY_S = 120
SETUP = f"""
from lab import addresses, widgets
from lab.fleet.fleet import Fleet
fleet = Fleet(addresses.load(), {GENERATORS}, rate={RATE}).start()
"""
SHOW = """
import time
began = time.perf_counter()
shown = (widgets.pipeline_map(), widgets.fleet_panel(fleet))
print(time.perf_counter() - began)
"""
ASK = "import json; print(json.dumps(fleet.totals().published))"


@dataclass
class Soak:
    """What was seen; memory in MB, sizes in bytes, processor time in percent of one core."""

    minutes: float
    readings_per_s: float = 0.0
    kernel_rss_mb: list[float] = field(default_factory=list)
    message_bytes: list[int] = field(default_factory=list)
    map_cpu_percent: float = 0.0
    kernel_cpu_percent: float = 0.0
    first_call_s: float = 0.0
    again_call_s: float = 0.0

    def report(self) -> dict[str, Any]:
        """The figures, and `passed`."""
        settled = self.kernel_rss_mb[min(SETTLE_S, len(self.kernel_rss_mb) // 2) :]
        growth = max(settled) - settled[0]
        largest = max(self.message_bytes)
        small = largest <= MESSAGE_LIMIT and growth <= GROWTH_LIMIT_MB
        passed = small and self.map_cpu_percent <= MAP_CPU_LIMIT and self.first_call_s <= CALL_LIMIT_S
        return {
            "minutes": self.minutes,
            "readings_per_s": round(self.readings_per_s),
            "kernel_rss_mb_start": round(self.kernel_rss_mb[0]),
            "kernel_rss_mb_settled": round(settled[0]),
            "kernel_rss_mb_end": round(settled[-1]),
            "kernel_rss_growth_mb": round(growth, 1),
            "messages": len(self.message_bytes),
            "messages_per_s": round(len(self.message_bytes) / (60 * self.minutes), 2),
            "message_bytes_p50": round(statistics.median(self.message_bytes)),
            "message_bytes_max": largest,
            "map_cpu_percent": round(self.map_cpu_percent, 2),
            "kernel_cpu_percent": round(self.kernel_cpu_percent, 1),
            "first_call_s": round(self.first_call_s, 3),
            "again_call_s": round(self.again_call_s, 4),
            "passed": passed,
        }


def main(json: bool, minutes: float = MINUTES) -> int:
    """Run it; 1 when the map costs more than 5% of a core, a message or a call takes too much, or memory grows."""
    with pipeline(addresses.load(), None, False, quiet), kernel() as (client, process), sampler() as docked:
        run(client, SETUP)
        calls = [float(run(client, SHOW)) for _ in range(2)]
        soak = watch(client, process, docked, minutes)
        soak.first_call_s, soak.again_call_s = calls
    found = soak.report()
    if json:
        print(jsonlib.dumps(found))
    else:
        show(found)
    return 0 if found["passed"] else 1


@contextmanager
def kernel() -> Iterator[tuple[BlockingKernelClient, psutil.Process]]:
    """A kernel as JupyterLab starts it, and its process."""
    start = command(None)
    manager, client = start_new_kernel(startup_timeout=allow(READY_S), env=start.env, cwd=str(start.cwd))
    try:
        yield client, psutil.Process(manager.provisioner.pid)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@contextmanager
def sampler() -> Iterator[psutil.Process]:
    """The docked map's sampler, with nobody at its other end but a drain."""
    start = command(None)
    argv = [sys.executable, "-m", "lab.jupyter.sampler"]
    child = subprocess.Popen(argv, env=start.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        yield psutil.Process(child.pid)
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait(allow(30))


def run(client: BlockingKernelClient, code: str) -> str:
    """Run code in the kernel and return what it printed. Raises RuntimeError with the kernel's error."""
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])

    reply = client.execute_interactive(code, timeout=allow(READY_S), output_hook=hear)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"{reply['content']['ename']}: {reply['content']['evalue']}")
    return "".join(said)


def watch(client: BlockingKernelClient, process: psutil.Process, docked: psutil.Process, minutes: float) -> Soak:
    """Drain the kernel's messages for so many minutes and look at both processes each second."""
    soak, started, look = Soak(minutes), time.monotonic(), 0.0
    first, before = int(run(client, ASK)), (cpu(process), cpu(docked))
    while (now := time.monotonic()) - started < 60 * minutes:
        if now >= look:
            soak.kernel_rss_mb.append(process.memory_info().rss / 2**20)
            look = now + 1.0
        try:
            message = client.get_iopub_msg(timeout=0.5)
        except Empty:
            continue
        if message["msg_type"] == "comm_msg":
            soak.message_bytes.append(len(jsonlib.dumps(message["content"])))
    seconds = time.monotonic() - started
    soak.kernel_cpu_percent = 100 * (cpu(process) - before[0]) / seconds
    soak.map_cpu_percent = 100 * (cpu(docked) - before[1]) / seconds
    soak.readings_per_s = (int(run(client, ASK)) - first) / seconds
    return soak


def cpu(process: psutil.Process) -> float:
    """Processor seconds used so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def show(found: dict[str, Any]) -> None:
    table = Table("what", "figure")
    for name, value in found.items():
        table.add_row(name, str(value))
    Console().print(table)
