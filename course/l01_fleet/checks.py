"""Checks of lesson 01: predictions are compared with a generator that is really run, functions are called."""

import json
import time

from lab.checks import Attempt, NotAttempted, called, judge, number, require, whole

LIMIT_CELSIUS = 70.0
DAY_SECONDS = 86_400


@judge(
    "l01.heat",
    title="How much load stays cool?",
    goal="`largest_load` is the largest whole percent of load at which the generator settles at or below 70 °C; one percent less will do.",
    hints=(
        "Five minutes are too short for the temperature to settle; drive for an hour and look at the last reading.",
        "Compare drive(40, minutes=60)[-1].temperature with drive(80, minutes=60)[-1].temperature: how much per percent?",
        "It settles near 65 °C at 40 percent and near 85 °C at 80 percent: half a degree per percent. 70 lies between.",
    ),
)
def heat(attempt: Attempt, answer: object) -> str:
    load = whole(answer, "largest_load")
    settled = _settled(load)
    require(
        settled <= LIMIT_CELSIUS,
        seen=f"at {load} percent it settles at {settled:.1f} °C",
        wanted=f"at most {LIMIT_CELSIUS:.0f} °C",
        likely_cause="after a few minutes it is still warming up.",
        next_step="drive for an hour at your load and look at the last reading.",
    )
    require(
        _settled(load + 2) > LIMIT_CELSIUS,
        seen=f"at {load} percent it settles at {settled:.1f} °C, and it could carry more",
        wanted="the largest load that is still cool enough",
        likely_cause="the noise of one reading hides up to half a degree.",
        next_step="work out the degrees per percent from two loads that lie far apart.",
    )
    return f"{load} percent: it settles at {settled:.1f} °C, and it may not carry more."


def _settled(load: int) -> float:
    from lab.fleet import physics

    return physics.equilibrium(min(100.0, max(0.0, float(load))), running=True)


@judge(
    "l01.burn",
    title="Litres per hour",
    goal="`burn(load)` gives the litres per hour that the generator burns at any load from 0 to 100 percent.",
    hints=(
        "Between 20 and 80 percent the difference is 60 percent of load. How many litres is that?",
        "per_percent = (burnt[80] - burnt[20]) / 60; the fixed part is what is left of burnt[20] without its 20 percent.",
        "return fixed + per_percent * load, with fixed near 6 litres and per_percent near 0.24 litres.",
    ),
)
def burn(attempt: Attempt, function: object) -> str:
    answers = {load: _call(function, "burn", load) for load in (0.0, 35.0, 60.0, 100.0)}
    wrong = {load: given for load, given in answers.items() if abs(given - _really_burnt(load)) > 1.0}
    require(
        not wrong,
        seen=", ".join(f"{given:.1f} litres at {load:.0f} percent" for load, given in wrong.items()),
        wanted="what the engine burns there, within a litre",
        likely_cause=_burn_cause(answers),
        next_step="check your function against the three measurements in `burnt`, and then at load 0.",
    )
    return "burn(load) agrees with the engine from 0 to 100 percent."


def _burn_cause(answers: dict[float, float]) -> str:
    if abs(answers[0.0]) < 0.5:
        return "an idling engine burns fuel too: your function gives nothing at load 0."
    if abs(answers[0.0] - answers[100.0]) < 0.5:
        return "your function gives the same at every load."
    return "the fixed part or the part per percent is off."


def _really_burnt(load: float) -> float:
    from lab.fleet import physics

    return physics.burn(load)


@judge(
    "l01.dry",
    title="When does it stop?",
    goal="`hours` is the time after which a generator with 600 litres, at 75 percent load, runs dry.",
    hints=(
        "How many litres does it burn in one hour at this load? You have a function for that.",
        "Litres divided by litres per hour are hours.",
        "hours = 600 / burn(75), with your burn of the exercise before.",
    ),
)
def dry(attempt: Attempt, answer: object) -> str:
    given, real = number(answer, "hours"), _run_dry(600.0, 75.0)
    require(
        abs(given - real) <= 0.04 * real,
        seen=f"you say {given:.1f} hours",
        wanted="what an engine did that was run dry, within 4 percent",
        likely_cause=_dry_cause(given, real),
        next_step="divide the litres in the tank by the litres per hour at 75 percent.",
    )
    return f"It stopped after {real:.0f} hours, as you said."


def _dry_cause(given: float, real: float) -> str:
    if abs(given - 100.0 / _really_burnt(75.0)) < 0.5:
        return "that is when the alarm comes, at 500 litres; the question is when it stops."
    if given > real:
        return "it burns more than you think: the fixed part belongs to every hour, too."
    return "it burns less than you think: 75 percent of load are not 75 litres."


def _run_dry(fuel: float, load: float) -> float:
    """Hours until a generator, really run in steps of a minute, has no fuel left."""
    from random import Random

    from lab.fleet import physics

    engine, noise, minutes = physics.engine(load, fuel), Random(3), 0
    while engine.running and minutes < 10_000:
        engine, minutes = physics.step(engine, 60.0, noise), minutes + 1
    return minutes / 60


@judge(
    "l01.reading",
    title="Build the reading",
    goal="`payload` is the JSON of the first reading of `generator7`: nine fields with the types of the table.",
    hints=(
        "Write the dict first, one line for each row of the table, and print it.",
        "time.time_ns() counts nanoseconds; a microsecond is 1,000 of them. json.dumps(a_dict) gives the text.",
        '{"generatorID": "generator7", "time": time.time_ns() // 1000, "seq": 0, "lat": generator.lat, ...}',
    ),
)
def reading(attempt: Attempt, payload: object) -> str:
    found = _parsed(payload)
    _same_fields(found)
    _types(found)
    _time(found["time"])
    _values(found)
    return "A reading with nine fields, every one of the right type."


def _parsed(payload: object) -> dict[str, object]:
    try:
        found = json.loads(payload)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = None
    require(
        isinstance(found, dict),
        seen=f"payload is of type {type(payload).__name__}" + ("" if found is None else ", and no object in it"),
        wanted="JSON text of one object",
        likely_cause="a dict becomes text with json.dumps.",
        next_step="print(payload): it begins with a brace and has double quotes.",
    )
    return dict(found)


def _same_fields(found: dict[str, object]) -> None:
    from dataclasses import fields

    from lab.base.reading import Reading

    wanted = {field.name for field in fields(Reading)}
    missing, unknown = sorted(wanted - set(found)), sorted(set(found) - wanted)
    require(
        not missing and not unknown,
        seen="; ".join(filter(None, (_listed("missing", missing), _listed("not in the table", unknown)))),
        wanted="the nine fields of the table",
        likely_cause="a name is spelt in another way, or a line is missing.",
        next_step="compare your dict with the table, row by row; letter case counts.",
    )


def _listed(what: str, names: list[str]) -> str:
    return f"{what}: {', '.join(names)}" if names else ""


def _types(found: dict[str, object]) -> None:
    kinds = {"generatorID": str, "time": int, "seq": int}
    wrong = {name: value for name, value in found.items() if type(value) is not kinds.get(name, float)}
    require(
        not wrong,
        seen=", ".join(f"{name} is {value!r}, of type {type(value).__name__}" for name, value in wrong.items()),
        wanted=", ".join(f"{name} of type {kinds.get(name, float).__name__}" for name in wrong),
        likely_cause="rounding a float to no decimals makes an integer, and dividing with / makes a float.",
        next_step="keep the sensor's floats as they are; // keeps integers.",
    )


def _time(micros: object) -> None:
    seconds = int(str(micros)) / 1e6
    units = {1e6: "seconds", 1e3: "milliseconds", 1e-3: "nanoseconds"}
    unit = next((name for factor, name in units.items() if abs(seconds * factor - time.time()) < DAY_SECONDS), "")
    require(
        abs(seconds - time.time()) < DAY_SECONDS,
        seen=f"a time in {unit}" if unit else "a time that is not of today",
        wanted="microseconds since 1970, of this moment",
        likely_cause="time.time() counts seconds and time.time_ns() counts nanoseconds.",
        next_step="count the digits: microseconds have 16 today.",
    )


def _values(found: dict[str, object]) -> None:
    from lab.fleet.generator import Generator

    real = Generator("generator7", index=6, seed=7)
    wanted: dict[str, object] = {"generatorID": real.name, "seq": 0, "lat": real.lat, "lon": real.lon}
    wanted |= {name: getattr(real.measured, name) for name in ("temperature", "power", "load", "fuel")}
    wrong = [name for name, value in wanted.items() if found[name] != value]
    require(
        not wrong,
        seen=", ".join(f"{name} is {found[name]!r}" for name in wrong),
        wanted="what the generator and its sensors say; seq counts from 0",
        likely_cause="two values changed places, or one was typed by hand.",
        next_step=f"print generator.measured and compare {wrong[0] if wrong else ''}.",
    )


@judge(
    "l01.clock",
    title="A time of its own for each reading",
    goal="`next_time(last, now)` is the clock's time when that is later than `last`, and otherwise the next microsecond after `last`.",
    hints=(
        "There are three cases: the clock is ahead of last, equal to it, or behind it.",
        "The smallest time later than last is last + 1. max() chooses the larger of two numbers.",
        "return max(now, ...) with the smallest allowed time in the second place.",
    ),
)
def clock(attempt: Attempt, function: object) -> str:
    cases = (
        (100, 250, 250, "the clock went on, its time is free: take it."),
        (250, 250, 251, "the clock was read twice in one microsecond, and two readings would share a time."),
        (900, 250, 901, "the clock was set back, and the time of a reading must still increase."),
    )
    for last, now, wanted, why in cases:
        given = _call(function, "next_time", last, now)
        require(
            given == wanted,
            seen=f"next_time({last}, {now}) gives {given:g}",
            wanted=f"{wanted}",
            likely_cause=why,
            next_step="go through this case by hand.",
        )
    return "Every reading gets a time of its own, whatever the clock does."


def _call(function: object, name: str, *arguments: float) -> float:
    """Call the learner's function; what it raises or returns is judged, not trusted."""
    call = f"{name}({', '.join(f'{argument:g}' for argument in arguments)})"
    require(callable(function), seen=f"{name} is {function!r}", wanted="a function", next_step="run its cell again.")
    result = called(
        function,
        *arguments,
        call=call,
        wanted="a number",
        likely_cause="the function uses a name or an operation that fails.",
        next_step=f"run {call} in a cell of your own and read the traceback.",
    )
    if result is None:
        raise NotAttempted(f"{name} gives nothing yet.")
    return number(result, call)
