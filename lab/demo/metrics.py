"""Figures of every hop while the demo runs, sampled in a thread. A hop that does not answer keeps its last figure."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from lab.base.addresses import Addresses
from lab.base.errors import LabError
from lab.base.pace import allow
from lab.influx import buckets
from lab.influx.api import Influx, to_micros
from lab.influx.flux import newest
from lab.ledger import Baseline, GroupReader

log = logging.getLogger(__name__)

SAMPLE_S = 1.0


@dataclass(frozen=True)
class Figures:
    """Totals since the demo began; `lag` is how many records the sink has before it, older ones included."""

    kafka: int = 0
    lag: int = 0
    raw: int = 0
    rows: int = 0
    alarms: int = 0


class Metrics:
    """Samples Kafka's offsets and InfluxDB's counts from start() to stop()."""

    def __init__(self, addresses: Addresses, begin: Baseline) -> None:
        self._addresses, self._begin, self._names = addresses, begin, addresses.names
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self.figures = Figures()
        self.raw_ages_ms: list[float] = []
        """Age of the newest point in the raw bucket at each sample."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(allow(20.0))

    def _run(self) -> None:
        where = self._addresses
        with GroupReader(where, self._names.sink_group) as sink, Influx(where, timeout=5.0) as influx:
            while not self._stop.wait(SAMPLE_S):
                self._sample(sink, influx)

    def _sample(self, sink: GroupReader, influx: Influx) -> None:
        """Against the stream, so that no hop shows more than the one before it."""
        questions: list[Callable[[], None]] = [
            lambda: self._ask_alarms(sink),
            lambda: self._ask_influx(influx),
            lambda: self._ask_readings(sink),
        ]
        for question in questions:
            try:
                question()
            except LabError as error:
                log.debug("meters: %s", error)

    def _ask_alarms(self, sink: GroupReader) -> None:
        ends, begin = sink.ends(self._names.alarms), self._begin.alarms
        self.figures = replace(self.figures, alarms=sum(end - begin.get(number, 0) for number, end in ends.items()))

    def _ask_readings(self, sink: GroupReader) -> None:
        at, begin = sink.position(self._names.readings), self._begin.readings
        kafka = sum(end - begin.get(number, 0) for number, end in at.ends.items())
        self.figures = replace(self.figures, kafka=kafka, lag=at.behind)

    def _ask_influx(self, influx: Influx) -> None:
        since, names = self._begin.since_us, self._names
        rows = buckets.count(influx, names.downsampled_bucket, since)
        raw = buckets.count(influx, names.raw_bucket, since)
        self.figures = replace(self.figures, raw=raw, rows=rows)
        found = influx.query(newest(names.raw_bucket, since))
        if found and not self._stop.is_set():
            self.raw_ages_ms.append(max(0.0, time.time() * 1000.0 - to_micros(found[0]["_time"]) / 1000.0))
