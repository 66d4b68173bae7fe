"""What became of a device's messages, hop by hop, for any device that a learner described.

Everything is asked from the running services, under the names that the lesson gives to what belongs to a device.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psutil

from lab.base.errors import LabError
from lab.checks.outcome import NotYet
from lab.fleet.description import ISO, Description, Reading

if TYPE_CHECKING:
    from lab.checks.attempt import Attempt
    from lab.kafka.topics import Record

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALL_TIMES = "range(start: 1970-01-01T00:00:00Z, stop: 2200-01-01T00:00:00Z)"
Key = tuple[str, int]
"""Device, and time in microseconds since the epoch."""
Row = dict[str, Any]


class DeviceProbe:
    """Questions about one described device."""

    def __init__(self, attempt: Attempt, device: Description) -> None:
        self._attempt, self._device = attempt, device

    def records(self, what: str, since_attempt: bool = True) -> list[Record]:
        """The records of one of its topics, of this attempt or of all time."""
        topic = self._device.named(what)
        return self._attempt.kafka.records(topic, at_least=0, within=0, from_start=not since_attempt)

    def readings(self, records: Iterable[Record]) -> dict[Key, Reading]:
        """The records that are readings as described."""
        found = (self._device.reading(record.key or "", record.value) for record in records)
        return {reading.key: reading for reading in found if reading}

    def in_kafka(self) -> dict[Key, Reading]:
        """Every reading in the topic of readings."""
        return self.readings(self.records("readings", since_attempt=False))

    def rows(self, what: str, span: str = ALL_TIMES) -> list[Row]:
        """One row per field and point of one of its buckets; none when there is no such bucket."""
        bucket = self._device.named(what)
        if bucket not in self._attempt.influx.buckets():
            return []
        found = self._attempt.influx.rows(f'from(bucket: "{bucket}") |> {span} |> drop(columns: ["_start", "_stop"])')
        return [row | {"time": self.time(row["_time"])} for row in found]

    def points(self, what: str, span: str = ALL_TIMES) -> dict[Key, dict[str, Any]]:
        """The points of a bucket by device and time, fields side by side; "" is the device of an untagged one."""
        points: dict[Key, dict[str, Any]] = {}
        for row in self.rows(what, span):
            points.setdefault((row.get(self._device.id, ""), row["time"]), {})[row["_field"]] = row["_value"]
        return points

    def time(self, moment: datetime) -> int:
        """A point's time as a reading of this device has it: in microseconds, cut where the sink cuts."""
        micros = (moment - EPOCH) // timedelta(microseconds=1)
        return micros // 1000 * 1000 if self._device.precision == ISO else micros

    def alarm_times(self, records: Iterable[Record]) -> dict[Key, str]:
        """Alarm by device and time of the records that the source connector wrote, whatever unit it gives times in."""
        found = {}
        for record in records:
            time, alarm = micros(record.fields.get("time")), record.fields.get("alarm")
            if time is not None and isinstance(alarm, str):
                found[record.key or "", time] = alarm
        return found

    def expected_rows(self, points: dict[Key, dict[str, Any]], every: int, start: int, stop: int) -> dict[Key, str]:
        """The alarm of the last reading of each device and slot that has the alarm's field, in start <= time < stop."""
        field = self._device.alarm[0]
        last: dict[tuple[str, int], int] = {}
        for (device, time), values in points.items():
            if start <= time < stop and field in values:
                slot = (device, time // every)
                last[slot] = max(last.get(slot, 0), time)
        keys = {(device, time) for (device, _), time in last.items()}
        return {key: "alarm" if self._device.alarming(points[key]) else "ok" for key in keys}


def micros(time: object) -> int | None:
    """A whole number since the epoch in microseconds: its unit shows in its size, for times from 2001 to 2286."""
    if isinstance(time, bool) or not isinstance(time, int):
        return None
    for least, factor in ((1_000_000_000, 1_000_000), (10**12, 1000), (10**15, 1)):
        if least <= time < least * 10:
            return time * factor
    return time // 1000 if 10**18 <= time < 10**19 else None


def span(start: int, stop: int) -> str:
    """A Flux range over times in microseconds, `stop` not part of it."""
    return f"range(start: time(v: {start * 1000}), stop: time(v: {stop * 1000}))"


def year(at: int) -> int:
    """The year of a time in microseconds, in words of a verdict."""
    return 1970 + int(at / 1e6 / 86_400 / 365.2425)


def described(attempt: Attempt, device: object) -> tuple[Description, DeviceProbe]:
    """What the learner declared, and questions about it. Raises NotYet when it is incomplete."""
    try:
        found = Description.of(device)
    except LabError as error:
        cause = "" if attempt.exercise_id.endswith(".device") else "exercise 1 is not done yet"
        raise NotYet(error.cause, "the description of your device, complete", cause, error.remedy) from error
    return found, DeviceProbe(attempt, found)


def pairs(messages: Any, what: str) -> list[tuple[str, bytes]]:
    """The learner's list of (topic, payload); a payload of text counts as its bytes."""
    try:
        return [
            (topic, payload.encode() if isinstance(payload, str) else bytes(payload)) for topic, payload in messages
        ]
    except (TypeError, ValueError) as error:
        raise NotYet(
            f"{what} is a {type(messages).__name__} that does not hold pairs",
            "a list of pairs of MQTT topic and payload",
            "something else was kept",
            f"print {what} and compare with the cell above.",
        ) from error


def proxy_starts() -> list[float]:
    """When the proxies that this notebook has started began, in microseconds since the epoch."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if "lab.proxy" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child.create_time() * 1e6)
        except psutil.Error:
            continue
    return found
