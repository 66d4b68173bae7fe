"""What a device is, in its owner's words: topic, id, time, fields with types and units, alarm, size of the fleet.

A learner declares it as a dict; simulator and checks read it here. Pure: no network and no clock.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab.base.errors import LearnerError

MICROS = {"Seconds": 1_000_000, "Milliseconds": 1_000, "Microseconds": 1}
"""How many microseconds a unit of the device's time has; the words are those of the sink's write.precision."""
ISO = "ISO 8601"
PRECISIONS = (*MICROS, "Nanoseconds", ISO)
TYPES = ("float", "integer", "string", "boolean")
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}
KEYS = ("name", "topic", "id", "time", "precision", "fields", "units", "alarm", "devices", "every")
PREFIX = "l12_"
"""How everything begins that belongs to the lesson in which learners bring a device."""
_NAME = re.compile(r"[a-z][a-z0-9]{1,19}")
_CAPTURE = re.compile(r"\{(\w+)\}")
_LONGEST = 2**63
"""Beyond it a whole number is no 64-bit integer."""


@dataclass(frozen=True)
class Reading:
    """One message that is as described; `time` in microseconds since the epoch, values by field, nulls left out."""

    device: str
    time: int
    values: dict[str, Any]

    @property
    def key(self) -> tuple[str, int]:
        return self.device, self.time


@dataclass(frozen=True)
class Description:
    """One kind of device."""

    name: str
    topic: str
    id: str
    time: str
    precision: str
    fields: Mapping[str, str]
    units: Mapping[str, str]
    alarm: tuple[str, str, Any]
    devices: int
    every: float

    @classmethod
    def of(cls, declared: object) -> Description:
        """Read a learner's dict. Raises LearnerError that names the first entry that cannot be so."""
        if not isinstance(declared, Mapping):
            raise LearnerError(f"device is a {type(declared).__name__}.", "Make it a dict.")
        missing = [key for key in KEYS if declared.get(key) in (None, "", {})]
        if missing:
            raise LearnerError(f"device has no {', '.join(missing)}.", "Fill in every entry.")
        for key, good, wanted in _SHAPES:
            if not good(declared):
                raise LearnerError(f"device[{key!r}] is {declared[key]!r}.", wanted)
        values = {key: declared[key] for key in KEYS}
        return cls(**values | {"alarm": tuple(declared["alarm"])})

    def named(self, what: str) -> str:
        """The name of what belongs to it: topic, bucket, task, connector, group."""
        return f"{PREFIX}{self.name}_{what}"

    def device_of(self, topic: str) -> str | None:
        """The device that publishes to this MQTT topic; None when it is not a topic of readings."""
        pattern = "".join(rf"(?P<{part}>[^/]+)" if odd else re.escape(part) for odd, part in _pieces(self.topic))
        found = re.fullmatch(pattern, topic)
        return found[self.id] if found else None

    def reading(self, device: str, payload: bytes | None) -> Reading | None:
        """The payload as a reading; None when it is none, or not as described."""
        fields = strict(payload)
        when = self.moment(fields.get(self.time)) if fields else None
        if fields is None or when is None:
            return None
        values = {name: fields[name] for name in self.fields if fields.get(name) is not None}
        if not values or not all(fits(value, self.fields[name]) for name, value in values.items()):
            return None
        return Reading(device, when, values)

    def moment(self, value: object) -> int | None:
        """A device's time in microseconds since the epoch; None when it is none."""
        if self.precision == ISO:
            try:
                at = datetime.fromisoformat(value) if isinstance(value, str) else None
            except ValueError:
                return None
            # the sink writes in milliseconds unless it is told otherwise
            return int(at.astimezone(UTC).timestamp() * 1000 + 0.0005) * 1000 if at and at.tzinfo else None
        if isinstance(value, bool) or not isinstance(value, int):
            return None
        return value // 1000 if self.precision == "Nanoseconds" else value * MICROS[self.precision]

    def alarming(self, values: Mapping[str, Any]) -> bool | None:
        """Whether the alarm's condition holds; None when its field is missing."""
        field, compare, limit = self.alarm
        value = values.get(field)
        return None if value is None else bool(COMPARE[compare](value, limit))

    def partitions(self, per_consumer: float, times: float = 2.0) -> int:
        """Consumers that the whole fleet needs, `times` faster than it sends."""
        return math.ceil(self.devices / self.every * times / per_consumer)


def strict(payload: bytes | None) -> dict[str, Any] | None:
    """The one JSON object that a payload is, each name in it once; None otherwise."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a name twice")
        return dict(pairs)

    def no_constant(word: str) -> None:
        raise ValueError(word)

    try:
        found = json.loads(payload or b"", object_pairs_hook=once, parse_constant=no_constant)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def fits(value: object, kind: str) -> bool:
    """Whether a value can be written as this type and stay the same value."""
    if kind == "string":
        return isinstance(value, str)
    if isinstance(value, bool) or kind == "boolean":
        return isinstance(value, bool) and kind == "boolean"
    if not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return int(float(value)) == value if kind == "float" and isinstance(value, int) else _whole(value, kind)


def _whole(value: float, kind: str) -> bool:
    return kind == "float" or (value == int(value) and -_LONGEST <= value < _LONGEST)


def _pieces(topic: str) -> list[tuple[bool, str]]:
    """The topic cut at its captures: whether a piece is one, and its text."""
    return [(odd % 2 == 1, part) for odd, part in enumerate(_CAPTURE.split(topic))]


def _topic_is_good(device: Mapping[str, Any]) -> bool:
    topic = device["topic"]
    if not isinstance(topic, str) or set(_CAPTURE.sub("", topic)) & set("+#{} "):
        return False
    names = _CAPTURE.findall(topic)
    return len(set(names)) == len(names) > 0 and all(name.isidentifier() for name in names)


def _is_mapping_of_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(word, str) and word.strip() for word in value.values())


def _alarm_is_good(device: Mapping[str, Any]) -> bool:
    alarm = device["alarm"]
    if not isinstance(alarm, tuple | list) or len(alarm) != 3 or alarm[1] not in COMPARE:
        return False
    kind = device["fields"].get(alarm[0])
    return kind is not None and fits(alarm[2], "float" if kind == "integer" else kind)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


_SHAPES: tuple[tuple[str, Callable[[Mapping[str, Any]], bool], str], ...] = (
    (
        "name",
        lambda device: isinstance(device["name"], str) and bool(_NAME.fullmatch(device["name"])),
        "Use 2 to 20 small letters and digits, such as weather.",
    ),
    (
        "topic",
        _topic_is_good,
        "Write the MQTT topic of a reading, each level that varies in braces: site/{room}/{sensor}. No + and no #.",
    ),
    (
        "id",
        lambda device: device["id"] in _CAPTURE.findall(device["topic"]),
        "Name one of the levels in braces of the topic, without the braces.",
    ),
    ("time", lambda device: isinstance(device["time"], str), "Name the field that holds the device's own time."),
    ("precision", lambda device: device["precision"] in PRECISIONS, f"Write one of {', '.join(PRECISIONS)}."),
    (
        "fields",
        lambda device: _is_mapping_of_texts(device["fields"]) and set(device["fields"].values()) <= set(TYPES),
        f"Give each field a type: one of {', '.join(TYPES)}.",
    ),
    ("units", lambda device: _is_mapping_of_texts(device["units"]), "Give each field its unit as text."),
    (
        "alarm",
        _alarm_is_good,
        'Write (field, comparison, limit), where the limit has the field\'s type, such as ("fuel", "<", 500.0).',
    ),
    (
        "devices",
        lambda device: _is_number(device["devices"]) and device["devices"] == int(device["devices"]),
        "Write how many devices there are, a whole number.",
    ),
    ("every", lambda device: _is_number(device["every"]), "Write the seconds between two readings of one device."),
)
