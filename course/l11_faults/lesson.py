# %% [markdown]
# Every part works. Now you break them, because the promise of a pipeline is what it keeps on a bad day. The question of
# this lesson:
#
# > *Prove it: was anything lost? And will the same design carry ten thousand times as many generators?*

# %% tags=["setup"]
from lab.learn import allow, exercise, where

# %% tags=["setup"]
import time

import plotly.graph_objects as go

from lab import faults, widgets
from lab.fleet.fleet import Fleet
from lab.fleet.journal import Journal
from lab.influx.api import Influx
from lab.ledger import Collector, take_baseline

PEOPLE = [f"l11-{number}" for number in range(1, 6)]


def begin():
    """Note where every hop is now: whatever comes later belongs to this run."""
    return take_baseline(where, time.time_ns() // 1000)


def arrived(mark, wanted, seconds=40):
    """What of the wanted readings is in Kafka and in kafka_raw; waits for the second as long as `seconds`."""
    collector, deadline = Collector(where, mark), time.monotonic() + allow(seconds)
    while True:
        kafka = {(record.generator, record.time) for record in collector.kafka()}
        raw = set(collector.raw(time.time_ns() // 1000 + 1))
        if wanted <= raw or time.monotonic() > deadline:
            return kafka & wanted, raw & wanted
        time.sleep(0.5)


# %% [markdown]
# ## A ledger
#
# A counter that says *60,000 sent, 60,000 stored* proves little: one reading may be there twice and another missing. A ledger
# compares **what was acknowledged with what arrived, one by one**, by generatorID and device time. Five generators send for three seconds:

# %%
mark = begin()
fleet = Fleet(where, PEOPLE, rate=100.0, journal=Journal(limit=None))
with fleet:
    time.sleep(3)
sent, acknowledged = fleet.journal_copy()
wanted = {(reading.generator, reading.time) for reading in acknowledged}
in_kafka, in_raw = arrived(mark, wanted)
print("more than 200 acknowledged:", len(wanted) > 200)
print("missing in Kafka:", len(wanted - in_kafka), "- missing in kafka_raw:", len(wanted - in_raw))

# %% [markdown]
# Write the core of a ledger, `missing(acknowledged, arrived)`. Both are lists of (generatorID, time) pairs in any order, and a pair may
# be in `arrived` more than once, because each hop delivers *at least once*. Return how many **acknowledged readings did not arrive**.

# %% tags=["exercise"] id="l11.ledger"
ex1 = exercise("l11.ledger")


def missing(acknowledged, arrived):
    ### BEGIN SOLUTION
    #: pass  # TODO: compare one by one; copies are no gain
    return len(set(acknowledged) - set(arrived))
    ### END SOLUTION


# %% tags=["check"]
ex1.check(missing)

# %% [markdown]
# ## Break the middle
#
# **Predict:** Kafka Connect is killed while readings come in. Do the generators notice? Is anything missing afterwards?
#
# `faults.Kill("connect")` kills it; the supervisor starts it again. The other faults are `Stop`, `Freeze`, `Restart`, `CutDevices`; each
# is active as long as its `with` block. Let the five generators send for three seconds (as above, with `rate=100.0`) **while Connect is killed**,
# and keep the acknowledged readings in `acknowledged`.

# %% tags=["exercise"] id="l11.connect"
ex2 = exercise("l11.connect")
acknowledged = None
### BEGIN SOLUTION
#: # TODO: a Fleet(where, PEOPLE, rate=100.0, journal=Journal(limit=None)), three seconds, a fault; then journal_copy()
fleet = Fleet(where, PEOPLE, rate=100.0, journal=Journal(limit=None))
with fleet, faults.Kill("connect"):
    time.sleep(3)
sent, acknowledged = fleet.journal_copy()
### END SOLUTION

# %% tags=["check"]
ex2.check(acknowledged)

# %% [markdown]
# The generators noticed nothing: their acknowledgement comes from Kafka. The sink's worker came back, asked for its group's committed
# offset and went on there. What it had written and not yet committed was written again, over itself.
#
# ## Break the end
#
# InfluxDB hangs for five seconds; no connection is refused, nothing answers. That is worse than a crash, because nobody is told.
# This time look at the lag while it lasts. **Predict:** which hop piles up the readings?

# %%
mark = begin()
fleet = Fleet(where, PEOPLE, rate=100.0, journal=Journal(limit=None))
with fleet, faults.Freeze("influxd"):
    time.sleep(5)
sent, taken = fleet.journal_copy()
wanted = {(reading.generator, reading.time) for reading in taken}
in_kafka, in_raw = arrived(mark, wanted)
print("acknowledged all that was sent:", len(taken) == len(sent))
print("missing in Kafka:", len(wanted - in_kafka), "- missing in kafka_raw:", len(wanted - in_raw))

# %% [markdown]
# Kafka piled them up, and the sink caught up. A queue that remembers turns a failure of one part into a delay.
#
# Where does the evidence point? A run ended with these figures: 5,000 readings acknowledged, 5,000 in Kafka, 4,930 in `kafka_raw`, and 0 in the
# dead-letter queue; the sink's lag is 70 and does not move. Name **the part to look at first**: `"fleet"`, `"proxy"`, `"kafka"`, `"sink"`, `"influxdb"` or `"task"`.

# %% tags=["exercise"] id="l11.where"
ex3 = exercise("l11.where")
### BEGIN SOLUTION
#: # TODO: the first part to look at
#: suspect = None
suspect = "sink"
### END SOLUTION

# %% tags=["check"]
ex3.check(suspect)

# %% [markdown]
# ## With your own hands
#
# Two panels, five generators of their own, and everything above as buttons. Try: *Kill* the broker that leads partition 0, and look at the
# pipeline map. *Freeze* the proxy, and watch the acknowledgements stay away; *Undo* it. *Make the network slow*, and read how long an
# acknowledgement takes now. *Send poison readings*, and look for them with `widgets.dead_letter_view()`. *Undo everything* undoes every active fault.

# %% tags=["varies"]
widgets.fleet_panel()

# %% tags=["varies"]
widgets.fault_panel()

# %% [markdown]
# ## From a hundred to a million
#
# Sizing is arithmetic with honest inputs. The fleet grows to **1,000,000 generators**, each with one reading **every 5 seconds**,
# **200 bytes** in Kafka's log with key and overhead. Three copies, kept for **7 days**, spread evenly over **12 brokers**.
#
# How many readings come in per second, and how many **terabytes (10^12 bytes) per broker** does the log take?

# %% tags=["exercise"] id="l11.size"
ex4 = exercise("l11.size")
### BEGIN SOLUTION
#: # TODO: two numbers
#: per_second, terabytes_per_broker = None, None
per_second = 1_000_000 / 5
terabytes_per_broker = per_second * 200 * 3 * 7 * 86_400 / 12 / 1e12
### END SOLUTION

# %% tags=["check"]
ex4.check(per_second, terabytes_per_broker)

# %% [markdown]
# The chart shows terabytes per broker for fleets of other sizes: a straight line through zero. What you measure with a small fleet holds
# for a large one, as long as nothing else becomes the limit first (a hot key, a network card, the database's writes).

# %% tags=["varies"]
sizes = [100_000, 250_000, 500_000, 1_000_000, 2_000_000]
figure = go.Figure(
    go.Scatter(x=sizes, y=[size / 5 * 200 * 3 * 7 * 86_400 / 12 / 1e12 for size in sizes], mode="lines+markers")
)
figure.update_layout(
    title="Log per broker", xaxis_title="generators", yaxis_title="terabytes", height=280, template="plotly_white"
)
figure

# %% [markdown]
# ## For production
#
# Your lab has three brokers on one machine: one power supply. For production they go to **three places that fail independently**, with the settings that
# keep the promise. Fill in the settings of the readings topic and its writer, so that an acknowledged reading survives the loss of any one
# place, writers continue, and no replica that has fallen behind may become leader.

# %% tags=["exercise"] id="l11.production"
ex5 = exercise("l11.production")
settings = {
    "replication.factor": None,
    "min.insync.replicas": None,
    "acks": None,
    "unclean.leader.election.enable": None,
}
### BEGIN SOLUTION
#: # TODO: settings["replication.factor"] = ... and the others
settings["replication.factor"] = 3
settings["min.insync.replicas"] = 2
settings["acks"] = "all"
settings["unclean.leader.election.enable"] = False
### END SOLUTION

# %% tags=["check"]
ex5.check(settings)

# %% tags=["cleanup"]
faults.stack.control("connect").start()
widgets.stop()

# %% [markdown]
# What else changes on the way to production: TLS and a password or certificate for every device, a rule that lets it publish under its own name
# only, brokers whose `broker.rack` names their place, more than one proxy behind one address, retention that fits the disks, alerts on lag
# that grows, and a ledger that never stops running. `./workshop demo --faults` is the whole of this lesson in one command.

# %% [markdown]
# ## Recap
#
# - Compare one by one what was acknowledged with what arrived; totals hide losses.
# - A fault in one part becomes a delay in the next, when the part between them remembers.
# - To find a missing reading, look for the first hop where it is missing.
# - Size with arithmetic, and check the factors by measurement.
