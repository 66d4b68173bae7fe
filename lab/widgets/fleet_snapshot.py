"""The fleet panel's snapshot, composed from the fleet's own views and from what arrived downstream. Pure.

The message stays bounded whatever the fleet: at most `LISTED` generators are listed and `DOTTED` drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lab.names import FUEL_ALARM_LITRES, Names
from lab.widgets.events import Chronicle
from lab.widgets.map_nodes import seconds_of
from lab.widgets.pump import Fact

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
        self._chronicle = Chronicle()
        self._said: dict[str, Any] = {}

    def compose(self, views: Sequence[GeneratorView], facts: Mapping[str, Fact], now: float) -> dict[str, Any]:
        """One snapshot; `facts` has `readings`, `alarms`, `statuses` and `influxd`."""
        known = {view.generatorID: view for view in views}
        if self.followed not in known:
            self.followed = next(iter(known), "")
        statuses = facts["statuses"].value.get("statuses", {})
        self._tell(statuses, known, now)
        rows = [_row(view, statuses.get(view.generatorID), now) for view in views]
        hops = self._hops(known.get(self.followed), facts, now)
        return {
            "generators": _listed(rows, self.followed),
            "hidden": max(0, len(rows) - LISTED),
            "dots": [[row["id"], row["lat"], row["lon"], row["alarm"]] for row in rows[:DOTTED]],
            "followed": self.followed,
            "hops": hops,
            "lost": _lost(facts),
            "events": self._chronicle.events,
            "words": [*(_sentence(row) for row in _listed(rows, self.followed)), *_hop_words(self.followed, hops)],
        }

    def _tell(self, statuses: Mapping[str, Any], known: Mapping[str, Any], now: float) -> None:
        """Note each status that came since the last snapshot."""
        for name, status in statuses.items():
            if name in known and name in self._said and self._said[name] != status:
                will = "its last will: offline" if status["said"] == "offline" else status["said"]
                self._chronicle.note(now, f"{name}: Kafka holds {will}")
        self._said = dict(statuses)

    def _hops(self, view: GeneratorView | None, facts: Mapping[str, Fact], now: float) -> list[dict[str, Any]]:
        """The followed generator's load at each hop, with its age in seconds."""
        if view is None:
            return []
        hops = [{"hop": "device", "load": round(view.load, 1), "age": 0.0, "place": _acknowledgement(view.latency_ms)}]
        for hop, key in (("Kafka", "readings"), ("alarm in Kafka", "alarms")):
            hops.append(_kafka_hop(hop, facts[key], view.generatorID, now))
        alarm = hops.pop()
        rows = facts["influxd"].value.get("follow", {})
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
        "power": round(view.power, 1),
        "fuel": round(view.fuel),
        "running": view.running,
        "connected": view.connected,
        "alarm": alarm,
        "will": f"{status['said']} {_age(now - status['at'])}" if status else "",
    }


def _age(seconds: float) -> str:
    return "just now" if seconds < 2 else f"{seconds:.0f} s ago" if seconds < 120 else f"{seconds / 60:.0f} min ago"


def _acknowledgement(milliseconds: float | None) -> str:
    """How long the device waits to hear that its reading is safe: the network twice, and Kafka."""
    return "nothing acknowledged yet" if milliseconds is None else f"acknowledged after {milliseconds:,.0f} ms"


def _listed(rows: list[dict[str, Any]], followed: str) -> list[dict[str, Any]]:
    if len(rows) <= LISTED:
        return rows
    return sorted(rows, key=lambda row: (row["id"] != followed, row["alarm"] == "ok"))[:LISTED]


def _kafka_hop(hop: str, fact: Fact, key: str, now: float) -> dict[str, Any]:
    held = [one for ones in fact.value.get("partitions", {}).values() for one in ones if one["key"] == key]
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
    at = seconds_of(row.get("time", "")) if row else None
    if not row or at is None:
        return {"hop": bucket, "load": None, "age": None, "place": "not seen yet"}
    return {"hop": bucket, "load": round(float(row["load"]), 1), "age": round(max(0.0, now - at), 1), "place": "bucket"}


def _lost(facts: Mapping[str, Fact]) -> dict[str, str]:
    return next(({"cause": fact.cause, "remedy": fact.remedy} for fact in facts.values() if fact.lost), {})


def _sentence(row: Mapping[str, Any]) -> str:
    network = "connected" if row["connected"] else "without network"
    alarm = " Needs fuel." if row["fuel"] < FUEL_ALARM_LITRES else ""
    return f"{row['id']}: load {row['load']:.0f} percent, fuel {row['fuel']} litres, {network}.{alarm}"


def _hop_words(name: str, hops: list[dict[str, Any]]) -> list[str]:
    return [
        f"{name} at {hop['hop']}: "
        + ("not seen yet." if hop["age"] is None else f"load {hop['load']} percent, {_where(hop)}.")
        for hop in hops
    ]


def _where(hop: Mapping[str, Any]) -> str:
    return str(hop["place"]) if hop["hop"] == "device" else f"{hop['age']:.0f} seconds old"
