"""Answers to lesson 01 that the checks are tried on: wrong ones with what they must hear, and another right one."""

from lab.authoring.attempts import Attempts, Wrong

READING = """payload = json.dumps({{"generatorID": "generator7", "time": {time}, "seq": {seq}, "lat": generator.lat,
    "lon": generator.lon, "temperature": generator.measured.temperature, "power": generator.measured.power,
    "load": generator.measured.load, "fuel": {fuel}}})"""
NOW, FUEL = "time.time_ns() // 1000", "generator.measured.fuel"

ATTEMPTS = {
    "l01.heat": Attempts(
        wrong=(
            Wrong("looks after five minutes", "largest_load = 75", says="still warming up"),
            Wrong("too careful", "largest_load = 45", says="could carry more"),
            Wrong("a fraction", "largest_load = 49.5", says="whole number"),
        ),
        other="largest_load = max(load for load in range(101) if physics.engine(load, 1000).temperature <= 70)",
    ),
    "l01.burn": Attempts(
        wrong=(
            Wrong("proportional", "return burnt[50] / 50 * load", says="nothing at load 0"),
            Wrong("the mean", "return sum(burnt.values()) / 3", says="the same at every load"),
            Wrong("the fixed part twice", "return 12 + 0.24 * load", says="the part per percent is off"),
            Wrong("a slip", "return fixed + 0.24 * load", says="raised NameError"),
        ),
        other="return 6 + 0.24 * load",
    ),
    "l01.dry": Attempts(
        wrong=(
            Wrong("forgets the fixed part", "hours = 600 / (0.24 * 75)", says="more than you think"),
            Wrong("load as litres", "hours = 600 / 75", says="less than you think"),
            Wrong("the alarm", "hours = 100 / burn(75)", says="the alarm comes"),
        ),
        other="hours = 25",
    ),
    "l01.reading": Attempts(
        wrong=(
            Wrong("seconds", READING.format(time="int(time.time())", seq=0, fuel=FUEL), says="a time in seconds"),
            Wrong("nanoseconds", READING.format(time="time.time_ns()", seq=0, fuel=FUEL), says="in nanoseconds"),
            Wrong("rounded fuel", READING.format(time=NOW, seq=0, fuel=f"round({FUEL})"), says="of type int"),
            Wrong("counts from one", READING.format(time=NOW, seq=1, fuel=FUEL), says="seq is 1"),
            Wrong("only the sensors", "payload = json.dumps({'fuel': generator.measured.fuel})", says="missing: "),
            Wrong("no text", "payload = {'generatorID': 'generator7'}", says="of type dict"),
        ),
        other="""
from lab.base.reading import Reading

m = generator.measured
payload = Reading(
    "generator7", time.time_ns() // 1000, 0, generator.lat, generator.lon, m.temperature, m.power, m.load, m.fuel
).to_json()
""",
    ),
    "l01.clock": Attempts(
        wrong=(
            Wrong("trusts the clock", "return now", says="read twice"),
            Wrong("counts only", "return last + 1", says="the clock went on"),
            Wrong("waits for a tick", "return now if now != last else last + 1", says="was set back"),
        ),
        other="return now if now > last else last + 1",
    ),
}
