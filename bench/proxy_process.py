"""A proxy of one's own beside a running Kafka: for benchmarks and for tests of the real process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil

from lab.base.errors import ServiceError
from lab.base.free_port import free_port
from lab.base.pace import allow
from lab.base.settings import ROOT

START_SECONDS = 60.0


class ProxyProcess:
    """A running `python -m lab.proxy`."""

    def __init__(self, folder: Path, config: str, http_port: int, workers: int = 1) -> None:
        self.config = folder / "proxy.toml"
        self.config.write_text(config + f"\n[http]\nport = {http_port}\n")
        self.log = folder / "proxy.log"
        self._http = f"http://127.0.0.1:{http_port}"
        argv = [sys.executable, "-m", "lab.proxy", "--config", str(self.config), "--workers", str(workers)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(argv, cwd=ROOT, env=environment, stderr=log, stdout=log)
        self.pid = self._process.pid

    def wait_ready(self) -> None:
        """Until /health says yes. Raises ServiceError with the log's end."""
        deadline = time.monotonic() + allow(START_SECONDS)
        while time.monotonic() < deadline and self._process.poll() is None:
            if self.healthy():
                return
            time.sleep(0.1)
        raise ServiceError("proxy", f"The proxy is not ready: {self.log.read_text()[-800:]}", f"Read {self.log}.")

    def wait_up(self) -> None:
        """Until it answers at all, whether or not Kafka does. Raises ServiceError with the log's end."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if any(one["event"] == "listening" for one in self.events()):
                return
            time.sleep(0.05)
        raise ServiceError("proxy", f"The proxy is not up: {self.log.read_text()[-800:]}", f"Read {self.log}.")

    def healthy(self) -> bool:
        """Whether /health answers 200."""
        try:
            return httpx.get(self._http + "/health", timeout=allow(5)).status_code == 200
        except httpx.HTTPError:
            return False

    def metrics(self) -> dict[str, float]:
        """Sample name with labels to value."""
        lines = httpx.get(self._http + "/metrics", timeout=allow(5)).text.splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def events(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def rss(self) -> int:
        """Resident bytes of this process (not of workers)."""
        return int(psutil.Process(self.pid).memory_info().rss)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop(self, seconds: float = 20.0) -> int:
        """SIGTERM and wait; SIGKILL when it takes too long. The exit code."""
        self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


@contextlib.contextmanager
def proxy(folder: Path, config: str, workers: int = 1, kafka: bool = True) -> Iterator[ProxyProcess]:
    """A proxy that is ready, stopped at the end; `kafka` False: there is no Kafka, and it is only up."""
    running = ProxyProcess(folder, config, free_port(), workers)
    try:
        if kafka:
            running.wait_ready()
        else:
            running.wait_up()
        yield running
    finally:
        running.stop(
            20.0 if kafka else 2.0
        )  # without Kafka its requests to Kafka keep it for longer than anybody waits
