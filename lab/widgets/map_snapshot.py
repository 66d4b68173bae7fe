"""The pipeline map's snapshot, composed from what the sources last said. Pure but for the counters it keeps.

Each hop is a node with a state (`ready`, `slow`, `down`, `missing`, `waiting`), a few lines, and a remedy when
it needs one; each arrow is a flow with its rate in records per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.base.names import Names
from lab.widgets import map_nodes as nodes
from lab.widgets.event_log import EventLog
from lab.widgets.poller import NOTHING_YET, Sample
from lab.widgets.rates import Rates

SPOKEN = {
    "ready": "healthy",
    "slow": "needs attention",
    "down": "down",
    "missing": "missing",
    "waiting": "not seen yet",
}

BROKER_SPOKEN = {"ready": "up", "down": "down"}


class MapComposer:
    """Remembers counters and events between snapshots of one map."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._rates = Rates()
        self._event_log = EventLog()
        self._known: set[int] = set()

    def compose(self, samples: Mapping[str, Sample], now: float) -> dict[str, Any]:
        """One snapshot from the samples of the sources that `map_nodes.SOURCES` names."""
        samples = {key: samples.get(key, NOTHING_YET) for key in nodes.SOURCES}
        topics: dict[str, Any] = samples["kafka"].value.get("topics", {})
        flows = self._flows(samples, topics)
        cards = nodes.cards(samples, topics, flows, self._names, now)
        brokers = self._brokers(samples["kafka"], samples["stack"])
        self._notice(samples["kafka"], topics, cards, brokers, now)
        return {
            "nodes": cards,
            "brokers": brokers,
            "topics": nodes.topic_rows(topics, self._names),
            "flows": {name: None if rate is None else round(rate, 1) for name, rate in flows.items()},
            "follow": nodes.followed(samples["influxd"], now),
            "events": self._event_log.events,
            "words": [*(_sentence(card) for card in cards), *_broker_words(brokers, topics)],
        }

    def _flows(self, samples: Mapping[str, Sample], topics: dict[str, Any]) -> dict[str, float | None]:
        """Records per second over each arrow; None where it cannot be known now."""
        kafka, influx, proxy = samples["kafka"], samples["influxd"], samples["proxy"]
        names = self._names
        counts = influx.value.get("counts", {})
        sums: dict[str, tuple[float | None, float]] = {
            "fleet": (nodes.published(proxy), proxy.at),
            "proxy": (None if kafka.down else nodes.total_end(topics, names.readings), kafka.at),
            "alarms": (None if kafka.down else nodes.total_end(topics, names.alarms), kafka.at),
            "sink": (_committed(samples["sink group"]), samples["sink group"].at),
            "dispatch": (_committed(samples["dispatchers"]), samples["dispatchers"].at),
            "raw": (None if influx.down else counts.get(names.raw_bucket), influx.at),
            "task": (None if influx.down else counts.get(names.downsampled_bucket), influx.at),
        }
        return {name: self._rates.rate(name, total, at) for name, (total, at) in sums.items()}

    def _brokers(self, kafka: Sample, stack: Sample) -> list[dict[str, Any]]:
        """Every broker that was ever seen alive or holds a replica; none before the first look."""
        alive = set() if kafka.down else set(kafka.value.get("brokers", []))
        self._known |= {*kafka.value.get("brokers", []), *_holders(kafka.value.get("topics", {}))}
        services = stack.value.get("services", {})
        return [
            {
                "id": number,
                "state": "ready" if number in alive else "down",
                "remedy": "" if number in alive else nodes.remedy_of(f"kafka{number}", services),
            }
            for number in sorted(self._known)
        ]

    def _notice(self, kafka: Sample, topics: Any, cards: list[Any], brokers: list[Any], now: float) -> None:
        states = {card["title"]: SPOKEN[card["state"]] for card in cards if card["id"] != "kafka"}
        states |= {f"broker {b['id']}": BROKER_SPOKEN[b["state"]] for b in brokers}
        known = {name: "waiting" if state == SPOKEN["waiting"] else state for name, state in states.items()}
        self._event_log.look(now, {} if kafka.down else topics, known)


def _holders(topics: Mapping[str, Any]) -> set[int]:
    """Brokers that hold a replica, dead ones among them."""
    return {broker for partitions in topics.values() for at in partitions.values() for broker in at["replicas"]}


def _committed(group: Sample) -> float | None:
    return None if group.down or group is NOTHING_YET else sum(group.value.get("committed", {}).values())


def _sentence(card: dict[str, Any]) -> str:
    said = f"{card['title']}: {SPOKEN[card['state']]}. {'; '.join(card['lines'])}."
    return f"{said} {card['remedy']}" if card["remedy"] else said


def _broker_words(brokers: list[dict[str, Any]], topics: dict[str, Any]) -> list[str]:
    """One sentence per broker: up or down, and how many partitions it leads."""
    led: dict[int, int] = {}
    for partitions in topics.values():
        for at in partitions.values():
            led[at["leader"]] = led.get(at["leader"], 0) + 1
    return [f"Broker {b['id']}: {BROKER_SPOKEN[b['state']]}, leads {led.get(b['id'], 0)} partitions." for b in brokers]
