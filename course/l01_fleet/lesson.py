# %% [markdown]
# When the grid fails, generators start: in hospitals, in data centres, at road tunnels. Each has sensors, and somebody far
# away must know which one needs fuel before it stops. This lesson is about that one machine. It needs none of the services:
# a generator of this course is a few formulas with some noise, so that you can predict it before you measure it.

# %% tags=["setup"]
from lab.learn import exercise

# %% [markdown]
# ## Drive one generator
#
# `drive` takes a warm generator that runs at 20 percent load, demands another load, and reads its sensors once a minute.

# %% tags=["setup"]
from random import Random

from lab.fleet import physics


def drive(load, minutes, fuel=1000.0):
    """The sensors' readings, one a minute, after the demand has changed from 20 to `load` percent."""
    noise = Random(1)
    engine = physics.set_demand(physics.engine(20.0, fuel), load)
    readings = []
    for _ in range(minutes):
        engine = physics.step(engine, 60.0, noise)
        readings.append(physics.measure(engine, noise))
    return readings


drive(80, minutes=30)[-1]

# %% [markdown]
# Temperature in degrees Celsius, power in kilowatts, load in percent, fuel in litres. Here is the same half hour as a
# picture. The load is there within a few minutes. The temperature takes its time: metal is slow.

# %%
import plotly.graph_objects as go

readings = drive(80, minutes=30)
minutes = list(range(1, 31))
chart = go.Figure()
chart.add_scatter(x=minutes, y=[reading.load for reading in readings], name="load (%)", line={"dash": "dot"})
chart.add_scatter(x=minutes, y=[reading.temperature for reading in readings], name="temperature (°C)")
chart.update_layout(height=300, margin={"t": 24, "b": 40}, xaxis_title="minutes", template="plotly_white")

# %% [markdown]
# This generator must stay at or below **70 °C** for good, however long it runs. Find the largest load that allows it, as a
# whole number of percent. Try: `drive(load, minutes)` with enough minutes for the temperature to settle. Above 20 percent,
# each percent adds the same share of a degree.

# %% tags=["exercise"] id="l01.heat"
ex1 = exercise("l01.heat")
### BEGIN SOLUTION
#: # TODO: try a few loads, then put the largest good one here instead of None
#: largest_load = None
at_40, at_80 = (drive(load, minutes=60)[-1].temperature for load in (40, 80))
degrees_per_percent = (at_80 - at_40) / 40
largest_load = round(40 + (70 - at_40) / degrees_per_percent)
### END SOLUTION

# %% tags=["check"]
ex1.check(largest_load)

# %% [markdown]
# ## Fuel
#
# A tank holds 1,000 litres. How fast it empties depends on the load. Let us run for one hour at three loads and look at
# what is missing.

# %% tags=["setup"]
burnt = {load: round(1000.0 - drive(load, minutes=60)[-1].fuel, 1) for load in (20, 50, 80)}
burnt

# %% [markdown]
# An engine that idles burns fuel too, so the amount is not proportional to the load: it is a fixed part plus a part for
# each percent. Write it as a function of the load. Two of the three measurements are enough to find both parts; the noise
# of the load makes them a little uncertain, and the check allows for that.

# %% tags=["exercise", "setup"] id="l01.burn"
ex2 = exercise("l01.burn")


def burn(load):
    """Litres per hour at this load (percent)."""
    ### BEGIN SOLUTION
    #: # TODO: a fixed part plus a part for each percent of load
    #: return None
    per_percent = (burnt[80] - burnt[20]) / 60
    return burnt[20] + per_percent * (load - 20)
    ### END SOLUTION


# %% tags=["check"]
ex2.check(burn)

# %% [markdown]
# Now predict. A generator has **600 litres** left and runs at **75 percent**. After how many hours does it stop? The check
# lets one run dry and compares.

# %% tags=["exercise"] id="l01.dry"
ex3 = exercise("l01.dry")
### BEGIN SOLUTION
#: # TODO: hours until the tank is empty
#: hours = None
hours = 600 / burn(75)
### END SOLUTION

# %% tags=["check"]
ex3.check(hours)

# %% [markdown]
# ## The reading
#
# What a generator sends is called a **reading**: one JSON object with everything about one moment. All parts of the
# pipeline rely on its form:
#
# | field | type | meaning |
# | --- | --- | --- |
# | generatorID | string | `generator1`, `generator2`, ... |
# | time | integer | microseconds since 1970, set by the device |
# | seq | integer | 0, 1, 2, ...: the number of the reading |
# | lat, lon | float | degrees |
# | temperature, power, load, fuel | float | degrees Celsius, kilowatts, percent, litres |
#
# Floats stay floats: `500.0`, never `500`. InfluxDB fixes the type of a field with the first value that it sees, and refuses
# another type from then on. Here is a generator and what its sensors say.

# %% tags=["setup"]
import json
import time

from lab.fleet.generator import Generator

generator = Generator("generator7", index=6, seed=7)
print(generator.lat, generator.lon)
print(generator.measured)

# %% [markdown]
# Build the first reading of `generator7`, as JSON text, from `generator.lat`, `generator.lon`, the four values of
# `generator.measured`, and the time of this moment.

# %% tags=["exercise"] id="l01.reading"
ex4 = exercise("l01.reading")
### BEGIN SOLUTION
#: # TODO: a dict with the nine fields of the table, then json.dumps
#: payload = None
measured = generator.measured
reading = {
    "generatorID": "generator7",
    "time": time.time_ns() // 1000,
    "seq": 0,
    "lat": generator.lat,
    "lon": generator.lon,
    "temperature": measured.temperature,
    "power": measured.power,
    "load": measured.load,
    "fuel": measured.fuel,
}
payload = json.dumps(reading)
### END SOLUTION

# %% tags=["check"]
ex4.check(payload)

# %% [markdown]
# ## A clock that never stops
#
# Why does the device set the time, and not InfluxDB when the reading arrives? Because networks lose acknowledgements, and
# then a reading is sent twice. In InfluxDB two points of one series with the same time are *one* point: the second
# overwrites the first. So a reading that comes twice does no harm, as long as two **different** readings never share a time.
#
# But a device's clock may be set back, or read twice within a microsecond. Write the function that gives the time of the
# next reading: the clock's, and if that is not later than the last reading's time, the smallest time that is.

# %% tags=["exercise"] id="l01.clock"
ex5 = exercise("l01.clock")


def next_time(last, now):
    """Time of the next reading in microseconds; `last` is the previous reading's, `now` what the clock says."""
    ### BEGIN SOLUTION
    #: # TODO: the clock's time, but always later than last
    #: return None
    return max(now, last + 1)
    ### END SOLUTION


# %% tags=["check"]
ex5.check(next_time)

# %% [markdown]
# ## Recap
#
# - Load drives everything: power at once, temperature slowly, fuel for as long as it lasts.
# - Fuel burn is a fixed part plus a part per percent, so you can say when a tank runs dry. Below 500 litres the alarm is
#   `refuel`.
# - A reading is one JSON object with fixed types and a device time that strictly increases: that is what makes it safe to
#   send a reading twice.
