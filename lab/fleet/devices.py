"""Three simulated devices for the lesson in which learners bring their own: a weather station, a machine, home sensors.

Each has a data sheet, a recorded minute with the oddities that such devices have (`sample`) and a live stream
(`live`). See one: `python -m lab.fleet.devices weather`. A device of the learner's own needs the same three names.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from lab.fleet.description import Description

STEP_S = 5
"""Seconds between two readings of one device in the recorded minute."""
STEPS = 12


class Message(NamedTuple):
    """One MQTT publish."""

    topic: str
    payload: bytes


Fields = dict[str, Any]
Values = Callable[[int, int], Fields]
"""Number of the device and of its reading to what it measures."""


@dataclass(frozen=True)
class SimulatedDevice:
    """One kind of device, simulated; `sheet` is what its maker says about it."""

    sheet: str
    truth: Description
    """The description that follows from sheet and messages; checks compare with it."""
    topics: tuple[str, ...]
    """Each simulated device's topic of readings."""
    values: Values
    at_power_on: Fields
    """What its first message says instead, before the sensor is ready."""
    others: tuple[Message, ...]
    """What else comes from the same root of the topic tree."""

    def sample(self, now: float | None = None) -> list[Message]:
        """A recorded minute that ends now, in the order of its times; `now` in seconds since the epoch."""
        end = int(time.time() if now is None else now)
        found = list(self.others)
        for step in range(STEPS):
            at = end - STEP_S * (STEPS - 1 - step)
            for number, topic in enumerate(self.topics):
                fields = self._fields(number, step, at)
                found.append(_message(topic, fields | (self.at_power_on if step == 0 else {})))
        # Two readings in one message, as after a full send buffer: which of them is meant, nobody can say.
        first, second = (self._fields(1, step, end - offset) for step, offset in ((2, 43), (3, 42)))
        found.append(Message(self.topics[1], _text(first) + _text(second)))
        return found

    def live(self, seconds: int = 8) -> Iterator[Message]:
        """One message of each device a second, as it happens; one comes twice, from a device that was not sure."""
        begin = int(time.time()) + 1
        for second in range(seconds):
            for number, topic in enumerate(self.topics):
                due = begin + second + number / len(self.topics)
                time.sleep(max(0.0, due - time.time()))
                message = _message(topic, self._fields(number, STEPS - 1 - second % 2, begin + second))
                yield message
                if (second, number) == (1, 0):
                    yield message

    def _fields(self, number: int, step: int, at: int) -> Fields:
        return {self.truth.time: _written(at, self.truth.precision)} | self.values(number, step)


def _message(topic: str, fields: Fields) -> Message:
    return Message(topic, _text(fields))


def _text(fields: Fields) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def _written(at: int, precision: str) -> int | str:
    """A time in whole seconds as the device writes it."""
    if precision == "Seconds":
        return at
    if precision == "Milliseconds":
        return at * 1000
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(number: float) -> float:
    """A number as JavaScript and many small devices print it: 12.0 as 12."""
    return int(number) if number == int(number) else number


WIND = (39.0, 22.0, 38.0, 14.5, 27.5, 8.0)
"""Knots. The limit of the sheet, 20 m/s, is 38.9 knots: the first station is above it, the third is not."""
STATIONS = ("north/KX12", "north/LO07", "coast/AB31", "coast/FE90", "south/HM55", "south/RT08")


def _weather(number: int, step: int) -> Fields:
    wind: float | None = _plain(WIND[number] + 0.5 * (step % 2))
    if (number, step % 2) == (0, 1) and step > 8:
        wind = None  # the gauge of the first station freezes now and then
    return {
        "air_f": _plain(59.0 + number + 0.5 * (step % 2)),
        "wind_kn": wind,
        "pressure_hpa": 1011 + number,
        "sky": ("clear", "clouds", "rain")[(number + step) % 3],
        "station": STATIONS[number].partition("/")[2],
    }


WEATHER = SimulatedDevice(
    sheet="""Weather station, simulated.
Publishes an observation to weather/REGION/STATION, its battery in percent to weather/REGION/STATION/battery.
observed      seconds since 1970, whole
air_f         air temperature, degrees Fahrenheit, steps of 0.5
wind_kn       wind, knots, steps of 0.5; null while the gauge is frozen, "n/a" until it has turned once
pressure_hpa  air pressure, hectopascals, steps of 0.1
sky           clear, clouds or rain
station       its name
A number without decimals is sent without a point: 12, not 12.0.
Storm warning: wind above 20 metres per second (1 knot is 0.5144 metres per second).
The network: 9,000 stations, an observation every 3 seconds each.""",
    truth=Description(
        name="weather",
        topic="weather/{region}/{station}",
        id="station",
        time="observed",
        precision="Seconds",
        fields={"air_f": "float", "wind_kn": "float", "pressure_hpa": "float", "sky": "string"},
        units={"air_f": "degrees Fahrenheit", "wind_kn": "knots", "pressure_hpa": "hectopascals", "sky": "none"},
        alarm=("wind_kn", ">", 38.9),
        devices=9_000,
        every=3.0,
    ),
    topics=tuple(f"weather/{place}" for place in STATIONS),
    values=_weather,
    at_power_on={"wind_kn": "n/a"},
    others=(Message("weather/north/KX12/battery", b"87"), Message("weather/south/RT08/battery", b"12")),
)

LOAD = (96, 95, 94, 60, 72, 41)
MACHINES = ("a/m1", "a/m2", "a/m3", "b/m4", "b/m5", "b/m6")
PARTS = 9_007_199_254_740_993
"""A counter of 64 bits, above what a float can count."""


def _machine(number: int, step: int) -> Fields:
    load: int | None = None if (number, step % 2) == (1, 1) and step > 8 else LOAD[number]
    return {
        "state": "RUN" if number != 3 else "SETUP",
        "parts": PARTS + 2 * step + number,
        "rejects": (number + step) % 4,
        "load_pct": load,
        "program": f"{42 + number:04}",
    }


MACHINE = SimulatedDevice(
    sheet="""Machine of a production line, simulated.
Publishes a cycle to plant/LINE/MACHINE/cycle, and a sign of life to plant/LINE/MACHINE/alive.
ts        milliseconds since 1970
state     RUN, SETUP or FAULT
parts     parts made, a counter of 64 bits: count with all its digits
rejects   parts refused in this cycle, whole
load_pct  load of the spindle, percent, whole; null when it was not measured, "idle" at power-on
program   number of the program, four digits with leading zeros: text
Overload: load of the spindle at 95 percent or more.
The plant: 1,200 machines, a cycle every half second each.""",
    truth=Description(
        name="machine",
        topic="plant/{line}/{machine}/cycle",
        id="machine",
        time="ts",
        precision="Milliseconds",
        fields={
            "state": "string",
            "parts": "integer",
            "rejects": "integer",
            "load_pct": "integer",
            "program": "string",
        },
        units={"state": "none", "parts": "parts", "rejects": "parts", "load_pct": "percent", "program": "none"},
        alarm=("load_pct", ">=", 95),
        devices=1_200,
        every=0.5,
    ),
    topics=tuple(f"plant/{place}/cycle" for place in MACHINES),
    values=_machine,
    at_power_on={"load_pct": "idle"},
    others=(Message("plant/a/m1/alive", b"1"), Message("plant/b/m6/alive", b"1")),
)

WARMTH = (4.5, 5.0, 21.0, 19.5, 7.5, 12.0)
ROOMS = ("cellar", "shed", "kitchen", "attic", "garage", "greenhouse")


def _home(number: int, step: int) -> Fields:
    warmth: float | None = _plain(WARMTH[number] + (0.3 if number and step % 2 else 0.0))
    if (number, step % 2) == (0, 1) and step > 8:
        warmth = None
    return {
        "temperature": warmth,
        "humidity": _plain(50.0 + number + 0.5 * (step % 2)),
        "battery": 100 - number,
        "contact": (number + step) % 3 == 0,
        "linkquality": 80 + 10 * number,
    }


HOME = SimulatedDevice(
    sheet="""Sensors of a home behind a bridge, simulated, with a topic tree like that of zigbee2mqtt.
A sensor's state comes on zigbee2mqtt/NAME; its name is in the topic alone. On zigbee2mqtt/NAME/availability it says
whether a sensor is there, and on zigbee2mqtt/bridge/... the bridge speaks of itself.
last_seen    date and time with time zone, as text (ISO 8601)
temperature  degrees Celsius, steps of 0.1; null when not measured, "unknown" after a start of the bridge
humidity     percent, steps of 0.1
battery      percent, whole
contact      true when the window is shut
linkquality  0 to 255, whole
A number without decimals is sent without a point: 21, not 21.0.
Frost warning: temperature below 5 degrees Celsius.
The town: 60,000 sensors, a state every 60 seconds each.""",
    truth=Description(
        name="home",
        topic="zigbee2mqtt/{sensor}",
        id="sensor",
        time="last_seen",
        precision="ISO 8601",
        fields={
            "temperature": "float",
            "humidity": "float",
            "battery": "integer",
            "contact": "boolean",
            "linkquality": "integer",
        },
        units={
            "temperature": "degrees Celsius",
            "humidity": "percent",
            "battery": "percent",
            "contact": "none",
            "linkquality": "none",
        },
        alarm=("temperature", "<", 5.0),
        devices=60_000,
        every=60.0,
    ),
    topics=tuple(f"zigbee2mqtt/{room}" for room in ROOMS),
    values=_home,
    at_power_on={"temperature": "unknown"},
    others=(
        Message("zigbee2mqtt/bridge/state", b'{"state":"online"}'),
        Message("zigbee2mqtt/kitchen/availability", b'{"state":"online"}'),
        Message("zigbee2mqtt/bridge/logging", b'{"level":"info","message":"started"}'),
    ),
)

DEVICES = {"weather": WEATHER, "machine": MACHINE, "home": HOME}


def known(topics: Sequence[str]) -> SimulatedDevice | None:
    """The simulated device that publishes to one of these topics, or None: then it is the learner's own."""
    return next((device for device in DEVICES.values() if set(topics) & set(device.topics)), None)


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m lab.fleet.devices weather|machine|home`: its sheet and its messages."""
    parser = argparse.ArgumentParser(prog="python -m lab.fleet.devices", description="Show a simulated device.")
    parser.add_argument("device", choices=sorted(DEVICES))
    chosen = DEVICES[parser.parse_args(argv).device]
    lines = [chosen.sheet, "", *(f"{topic}  {payload.decode()}" for topic, payload in chosen.sample())]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
