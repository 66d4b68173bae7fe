"""The pipeline map's snapshot, composed from what the sources last said. Pure but for the counters it keeps.

Each hop is a node with a state (`ready`, `slow`, `lost`, `absent`, `waiting`), a few lines, and a remedy when
it needs one; each arrow is a flow with its rate in records per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.base.names import Names
from lab.widgets import map_nodes as nodes
from lab.widgets.event_log import Chronicle
from lab.widgets.poller import NOTHING_YET, Fact
from lab.widgets.rates import Rates

SPOKEN = {
    "ready": "well",
    "slow": "needs attention",
    "lost": "lost",
    "absent": "not there yet",
    "waiting": "not seen yet",
}

BROKER_SPOKEN = {"ready": "up", "lost": "lost"}


class MapComposer:
    """Remembers counters and events between snapshots of one map."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._rates = Rates()
        self._chronicle = Chronicle()
        self._known: set[int] = set()

    def compose(self, facts: Mapping[str, Fact], now: float) -> dict[str, Any]:
        """One snapshot from the facts of the sources that `map_nodes.SOURCES` names."""
        facts = {key: facts.get(key, NOTHING_YET) for key in nodes.SOURCES}
        topics: dict[str, Any] = facts["kafka"].value.get("topics", {})
        flows = self._flows(facts, topics)
        cards = nodes.cards(facts, topics, flows, self._names, now)
        brokers = self._brokers(facts["kafka"], facts["stack"])
        self._notice(facts["kafka"], topics, cards, brokers, now)
        return {
            "nodes": cards,
            "brokers": brokers,
            "topics": nodes.topic_rows(topics, self._names),
            "flows": {name: None if rate is None else round(rate, 1) for name, rate in flows.items()},
            "follow": nodes.followed(facts["influxd"], now),
            "events": self._chronicle.events,
            "words": [*(_sentence(card) for card in cards), *_broker_words(brokers, topics)],
        }

    def _flows(self, facts: Mapping[str, Fact], topics: dict[str, Any]) -> dict[str, float | None]:
        """Records per second over each arrow; None where it cannot be known now."""
        kafka, influx, proxy = facts["kafka"], facts["influxd"], facts["proxy"]
        names = self._names
        counts = influx.value.get("counts", {})
        sums: dict[str, tuple[float | None, float]] = {
            "fleet": (nodes.published(proxy), proxy.at),
            "proxy": (None if kafka.lost else nodes.total_end(topics, names.readings), kafka.at),
            "alarms": (None if kafka.lost else nodes.total_end(topics, names.alarms), kafka.at),
            "sink": (_committed(facts["sink group"]), facts["sink group"].at),
            "dispatch": (_committed(facts["dispatchers"]), facts["dispatchers"].at),
            "raw": (None if influx.lost else counts.get(names.raw_bucket), influx.at),
            "task": (None if influx.lost else counts.get(names.downsampled_bucket), influx.at),
        }
        return {name: self._rates.rate(name, total, at) for name, (total, at) in sums.items()}

    def _brokers(self, kafka: Fact, stack: Fact) -> list[dict[str, Any]]:
        """Every broker that was ever seen alive or holds a replica; none before the first look."""
        alive = set() if kafka.lost else set(kafka.value.get("brokers", []))
        self._known |= {*kafka.value.get("brokers", []), *_holders(kafka.value.get("topics", {}))}
        services = stack.value.get("services", {})
        return [
            {
                "id": number,
                "state": "ready" if number in alive else "lost",
                "remedy": "" if number in alive else nodes.remedy_of(f"kafka{number}", services),
            }
            for number in sorted(self._known)
        ]

    def _notice(self, kafka: Fact, topics: Any, cards: list[Any], brokers: list[Any], now: float) -> None:
        states = {card["title"]: SPOKEN[card["state"]] for card in cards if card["id"] != "kafka"}
        states |= {f"broker {b['id']}": BROKER_SPOKEN[b["state"]] for b in brokers}
        known = {name: "waiting" if state == SPOKEN["waiting"] else state for name, state in states.items()}
        self._chronicle.look(now, {} if kafka.lost else topics, known)


def _holders(topics: Mapping[str, Any]) -> set[int]:
    """Brokers that hold a replica, dead ones among them."""
    return {broker for partitions in topics.values() for facts in partitions.values() for broker in facts["replicas"]}


def _committed(group: Fact) -> float | None:
    return None if group.lost or group is NOTHING_YET else sum(group.value.get("committed", {}).values())


def _sentence(card: dict[str, Any]) -> str:
    said = f"{card['title']}: {SPOKEN[card['state']]}. {'; '.join(card['lines'])}."
    return f"{said} {card['remedy']}" if card["remedy"] else said


def _broker_words(brokers: list[dict[str, Any]], topics: dict[str, Any]) -> list[str]:
    """One sentence per broker: up or lost, and how many partitions it leads."""
    led: dict[int, int] = {}
    for partitions in topics.values():
        for facts in partitions.values():
            led[facts["leader"]] = led.get(facts["leader"], 0) + 1
    return [f"Broker {b['id']}: {BROKER_SPOKEN[b['state']]}, leads {led.get(b['id'], 0)} partitions." for b in brokers]
