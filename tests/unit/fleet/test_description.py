"""A device in its owner's words: what is understood, what is refused with which words, what follows from it."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from lab.base.errors import LearnerError
from lab.fleet.description import KEYS, Description, fits, strict
from lab.fleet.devices import DEVICES, HOME, MACHINE, WEATHER, SimulatedDevice, known, main

GOOD = {key: value for key, value in asdict(WEATHER.truth).items() if key in KEYS}


def test_a_description_is_read_as_it_is_declared() -> None:
    assert Description.of(GOOD) == WEATHER.truth
    assert WEATHER.truth.named("raw") == "l12_weather_raw"


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("name", "Weather station"),
        ("topic", "weather/+/{station}"),
        ("topic", "weather/station"),
        ("id", "battery"),
        ("precision", "s"),
        ("fields", {"wind_kn": "double"}),
        ("units", {"wind_kn": 1}),
        ("alarm", ("wind_kn", "=>", 20)),
        ("alarm", ("wind_kn", ">", "20")),
        ("alarm", "wind_kn > 20"),
        ("devices", 1.5),
        ("every", 0.0),
    ],
)
def test_what_cannot_be_is_named(key: str, wrong: object) -> None:
    with pytest.raises(LearnerError, match=key):
        Description.of(GOOD | {key: wrong})


@pytest.mark.parametrize("nothing", [None, [], "weather", {}, {"name": "weather"}])
def test_nothing_or_half_of_it_is_refused(nothing: object) -> None:
    with pytest.raises(LearnerError):
        Description.of(nothing)


def test_a_topic_of_readings_tells_the_device_and_others_do_not() -> None:
    assert WEATHER.truth.device_of("weather/north/KX12") == "KX12"
    assert WEATHER.truth.device_of("weather/north/KX12/battery") is None
    assert WEATHER.truth.device_of("weather/KX12") is None
    dotted = replace(WEATHER.truth, topic="a.b/{station}")
    assert dotted.device_of("a.b/1") == "1"
    assert dotted.device_of("aXb/1") is None


@pytest.mark.parametrize(
    ("value", "kind", "good"),
    [
        (12, "float", True),
        (12.5, "float", True),
        (2**53 + 1, "float", False),
        (float("inf"), "float", False),
        (True, "float", False),
        ("12", "float", False),
        (12, "integer", True),
        (12.0, "integer", True),
        (12.5, "integer", False),
        (2**63, "integer", False),
        (-(2**63), "integer", True),
        (True, "integer", False),
        ("0042", "string", True),
        (42, "string", False),
        (True, "boolean", True),
        (1, "boolean", False),
    ],
)
def test_a_value_fits_a_type_when_it_stays_the_same_value(value: object, kind: str, good: bool) -> None:
    assert fits(value, kind) == good


@pytest.mark.parametrize(
    "payload", [b"", None, b"[]", b"1", b'{"a":1}{"a":2}', b'{"a":1,"a":2}', b'{"a":NaN}', b"\xff"]
)
def test_what_is_not_one_object_is_none(payload: bytes | None) -> None:
    assert strict(payload) is None


@pytest.mark.parametrize(
    ("precision", "value", "micros"),
    [
        ("Seconds", 1_700_000_000, 1_700_000_000_000_000),
        ("Milliseconds", 1_700_000_000_123, 1_700_000_000_123_000),
        ("Microseconds", 1_700_000_000_123_456, 1_700_000_000_123_456),
        ("Nanoseconds", 1_700_000_000_123_456_789, 1_700_000_000_123_456),
        ("ISO 8601", "2023-11-14T22:13:20.123Z", 1_700_000_000_123_000),
        ("ISO 8601", "2023-11-14T23:13:20.123+01:00", 1_700_000_000_123_000),
        ("ISO 8601", "2023-11-14T22:13:20", None),
        ("ISO 8601", 1_700_000_000, None),
        ("Seconds", "1700000000", None),
        ("Seconds", True, None),
    ],
)
def test_times_in_every_unit(precision: str, value: object, micros: int | None) -> None:
    assert replace(WEATHER.truth, precision=precision).moment(value) == micros


@pytest.mark.parametrize(("device", "partitions"), [(WEATHER, 6), (MACHINE, 5), (HOME, 2)])
def test_each_fleet_needs_another_number_of_partitions(device: SimulatedDevice, partitions: int) -> None:
    """Each likely slip gives another number: the usual rate, rounding down."""
    assert device.truth.partitions(1100) == partitions
    assert device.truth.partitions(1100, 1) != partitions
    assert int(2 * device.truth.devices / device.truth.every / 1100) != partitions


@pytest.mark.parametrize("device", DEVICES.values(), ids=DEVICES)
def test_a_recorded_minute_has_what_the_lesson_needs(device: SimulatedDevice) -> None:
    about, sample = device.truth, device.sample(1_800_000_000)
    mine = [(about.device_of(topic), payload) for topic, payload in sample if about.device_of(topic)]
    readings = [found for name, payload in mine if name and (found := about.reading(name, payload))]
    assert len(sample) - len(mine) == len(device.others)
    assert len(mine) - len(readings) == len(device.topics) + 1
    assert len({reading.key for reading in readings}) == len(readings)
    said = [about.alarming(reading.values) for reading in readings]
    assert {True, False, None} == set(said), "alarms, none, and a missing value"
    assert all(
        kind != "float" or any(isinstance(reading.values.get(name), int) for reading in readings)
        for name, kind in about.fields.items()
    )
    assert known([topic for topic, _ in sample]) is device


def test_a_device_can_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["home"]) == 0
    assert "zigbee2mqtt/bridge/state" in capsys.readouterr().out


def test_a_live_stream_is_of_now_and_one_message_comes_twice() -> None:
    messages = list(HOME.live(2))
    assert len(messages) == 2 * len(HOME.topics) + 1
    assert len(set(messages)) == len(messages) - 1
