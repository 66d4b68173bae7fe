"""The fleet panel's snapshot, composed from the fleet's own views and from what arrived downstream. Pure.

The message stays bounded whatever the fleet: at most `LISTED` generators are listed and `DOTTED` drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lab.base.names import FUEL_ALARM_LITRES, Names
from lab.widgets.event_log import EventLog
from lab.widgets.poller import Sample
from lab.widgets.rates import number_of
from lab.widgets.schedule import seconds_of

if TYPE_CHECKING:
    from lab.fleet.views import GeneratorView

LISTED = 40
"""Rows of the table; the followed generator and those with an alarm come first when the fleet is larger."""
DOTTED = 250
"""Dots on the map."""


class FleetComposer:
    """Remembers the followed generator and what was said of each."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.followed = ""
        self._event_log = EventLog()
        self._said: dict[str, Any] = {}

    def compose(self, views: Sequence[GeneratorView], samples: Mapping[str, Sample], now: float) -> dict[str, Any]:
        """One snapshot; `samples` has `readings`, `alarms`, `statuses`, `influxd` and whatever else can be down.

        The first one that is down is told.
        """
        known = {view.generatorID: view for view in views}
        if self.followed not in known:
            self.followed = next(iter(known), "")
        statuses = samples["statuses"].value.get("statuses", {})
        self._tell(statuses, known, now)
        rows = [_row(view, statuses.get(view.generatorID), now) for view in views]
        hops, listed = self._hops(known.get(self.followed), samples, now), _first(rows, self.followed, LISTED)
        counts, more = Counter(row["alarm"] for row in rows), _more(rows)
        return {
            "generators": listed,
            "hidden": len(rows) - len(listed),
            "more": more,
            "counts": {alarm: counts[alarm] for alarm in ("ok", "refuel", "offline")},
            "dots": [[row["id"], row["lat"], row["lon"], row["alarm"]] for row in _first(rows, self.followed, DOTTED)],
            "followed": self.followed,
            "hops": hops,
            "down": _down(samples),
            "events": self._event_log.events,
            "words": [
                _summary(counts),
                *filter(None, [more]),
                *map(_sentence, listed),
                *_hop_words(self.followed, hops),
            ],
        }

    def _tell(self, statuses: Mapping[str, Any], known: Mapping[str, Any], now: float) -> None:
        """Note each status that came since the last snapshot."""
        for name, status in statuses.items():
            if name in known and name in self._said and self._said[name] != status:
                will = "its last will: offline" if status["said"] == "offline" else status["said"]
                self._event_log.note(now, f"{name}: Kafka holds {will}")
        self._said = dict(statuses)

    def _hops(self, view: GeneratorView | None, samples: Mapping[str, Sample], now: float) -> list[dict[str, Any]]:
        """The followed generator's load at each hop, with its age in seconds."""
        if view is None:
            return []
        hops = [{"hop": "device", "load": round(view.load, 1), "age": 0.0, "place": _acknowledgement(view.latency_ms)}]
        for hop, key in (("Kafka", "readings"), ("alarm in Kafka", "alarms")):
            hops.append(_kafka_hop(hop, samples[key], view.generatorID, now))
        alarm = hops.pop()
        rows = _rows_of(view.generatorID, samples["influxd"])
        hops += [_bucket_hop(bucket, rows.get(bucket), now) for bucket in self._buckets()]
        return [*hops, alarm]

    def _buckets(self) -> tuple[str, str]:
        return self.names.raw_bucket, self.names.downsampled_bucket


def _row(view: GeneratorView, status: Mapping[str, Any] | None, now: float) -> dict[str, Any]:
    alarm = "offline" if not view.connected else "refuel" if view.fuel < FUEL_ALARM_LITRES else "ok"
    return {
        "id": view.generatorID,
        "lat": view.lat,
        "lon": view.lon,
        "load": round(view.load, 1),
        "demand": round(view.demand),
        "power": round(view.power, 1),
        "fuel": round(view.fuel),
        "running": view.running,
        "connected": view.connected,
        "cut": view.cut,
        "alarm": alarm,
        "will": f"{status['said']} {_age(now - status['at'])}" if status else "",
    }


def _age(seconds: float) -> str:
    return "just now" if seconds < 2 else f"{seconds:.0f} s ago" if seconds < 120 else f"{seconds / 60:.0f} min ago"


def _acknowledgement(milliseconds: float | None) -> str:
    """How long the device waits to hear that its reading is safe: the network twice, and Kafka."""
    return "nothing acknowledged yet" if milliseconds is None else f"acknowledged after {milliseconds:,.0f} ms"


def _first(rows: list[dict[str, Any]], followed: str, most: int) -> list[dict[str, Any]]:
    """The rows that there is room for, in the fleet's order when all have."""
    if len(rows) <= most:
        return rows
    return sorted(rows, key=lambda row: (row["id"] != followed, row["alarm"] == "ok"))[:most]


def _more(rows: Sequence[Mapping[str, Any]]) -> str:
    """Which rows are listed when not all are; empty when all are."""
    if len(rows) <= LISTED:
        return ""
    return (
        f"{LISTED} of {len(rows):,} generators are listed: the followed one, then those offline or in need of fuel, "
        "then the others in order. To drive another one, follow it by its name."
    )


def _summary(counts: Mapping[str, int]) -> str:
    fleet = f"{sum(counts.values()):,} generators" if sum(counts.values()) != 1 else "1 generator"
    return f"{fleet}: {counts['ok']:,} with fuel, {counts['refuel']:,} in need of fuel, {counts['offline']:,} offline."


def _rows_of(generator: str, influxd: Sample) -> dict[str, Any]:
    """That generator's newest rows by bucket; nothing while the source still speaks of the one followed before."""
    rows: dict[str, Any] = influxd.value.get("follow", {}) if influxd.value.get("followed") == generator else {}
    return rows


def _kafka_hop(hop: str, sample: Sample, key: str, now: float) -> dict[str, Any]:
    held = [one for ones in sample.value.get("partitions", {}).values() for one in ones if one["key"] == key]
    if not held:
        return {"hop": hop, "load": None, "age": None, "place": "not seen yet"}
    newest = max(held, key=lambda one: one["at"])
    place = f"partition {newest['partition']}, offset {newest['offset']:,}"
    if "alarm" in newest["reading"]:
        place = f"{newest['reading']['alarm']}; {place}"
    measured = newest["reading"].get("load")
    value = round(float(measured), 1) if isinstance(measured, int | float) else None
    return {"hop": hop, "load": value, "age": round(max(0.0, now - newest["at"]), 1), "place": place}


def _bucket_hop(bucket: str, row: Mapping[str, str] | None, now: float) -> dict[str, Any]:
    at, load = (seconds_of(row.get("time", "")), number_of(row.get("load"))) if row else (None, None)
    if at is None or load is None:
        return {"hop": bucket, "load": None, "age": None, "place": "not seen yet"}
    return {"hop": bucket, "load": round(load, 1), "age": round(max(0.0, now - at), 1), "place": "bucket"}


def _down(samples: Mapping[str, Sample]) -> dict[str, str]:
    return next(({"cause": sample.cause, "remedy": sample.remedy} for sample in samples.values() if sample.down), {})


def _sentence(row: Mapping[str, Any]) -> str:
    network = "connected" if row["connected"] else "cut" if row["cut"] else "no connection"
    alarm = " Needs fuel." if row["fuel"] < FUEL_ALARM_LITRES else ""
    load = f"load {row['load']:.0f} percent, asked for {row['demand']} percent"
    return f"{row['id']}: {load}, fuel {row['fuel']} litres, {network}.{alarm}"


def _hop_words(name: str, hops: list[dict[str, Any]]) -> list[str]:
    return [
        f"{name} at {hop['hop']}: "
        + ("not seen yet." if hop["age"] is None else f"load {hop['load']} percent, {_where(hop)}.")
        for hop in hops
    ]


def _where(hop: Mapping[str, Any]) -> str:
    return str(hop["place"]) if hop["hop"] == "device" else f"{hop['age']:.0f} seconds old"
