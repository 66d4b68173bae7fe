"""Snapshots of the partition view, the replica view and the dead-letter view. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lab.base import palette
from lab.widgets.event_log import EventLog
from lab.widgets.poller import NOTHING_YET, Sample
from lab.widgets.rates import number_of

SHOWN = 10
"""Records of one partition's lane."""
LETTERS = 20
"""Dead letters listed."""
ERRORS = "__connect.errors."
"""Prefix of the headers that Connect adds to a dead letter; Apache Kafka, KIP-298."""


def down(*samples: Sample) -> dict[str, str]:
    """Cause and remedy of the first source that is down; empty when none is."""
    return next(({"cause": sample.cause, "remedy": sample.remedy} for sample in samples if sample.down), {})


def partitions(topic: str, tail: Sample, seen: dict[str, int]) -> dict[str, Any]:
    """Each partition's newest records, oldest first; `seen` remembers the partition of every key.

    A key's colour is that of its place in `seen`: its own, and the same in every partition.
    """
    held: Mapping[int, list[dict[str, Any]]] = tail.value.get("partitions", {})
    for number, records in held.items():
        seen.update({record["key"]: number for record in records if record["key"]})
    colours = {key: palette.series(number) for number, key in enumerate(seen)}
    lanes = [_lane(number, records, colours) for number, records in sorted(held.items())]
    keys = {number: sorted((key for key, at in seen.items() if at == number), key=_natural)[:60] for number in held}
    return {
        "topic": topic,
        "missing": bool(tail.value.get("missing")),
        "lanes": [{**lane, "keys": keys[lane["n"]]} for lane in lanes],
        "down": down(tail),
        "words": [_lane_words(lane, keys[lane["n"]]) for lane in lanes] or [_no_lanes(topic, tail)],
    }


def _no_lanes(topic: str, tail: Sample) -> str:
    return f"There is no topic {topic} yet." if tail.value.get("missing") else f"{topic}: not seen yet."


def _lane(number: int, records: list[dict[str, Any]], colours: Mapping[str, str]) -> dict[str, Any]:
    shown = [
        {
            "offset": r["offset"],
            "key": r["key"],
            "colour": colours.get(r["key"], palette.LIGHT["line"]),
            "seq": number_of(r["reading"].get("seq")),
            "value": r["value"][:160],
        }
        for r in records[-SHOWN:]
    ]
    return {"n": number, "records": shown, "end": records[-1]["offset"] + 1 if records else 0}


def _natural(key: str) -> tuple[int, str]:
    """generator2 before generator10."""
    return (len(key), key)


def _lane_words(lane: Mapping[str, Any], keys: list[str]) -> str:
    holds = f"holds {', '.join(keys)}" if keys else "holds nothing yet"
    return f"Partition {lane['n']}: {holds}; next offset {lane['end']}."


def replicas(topic: str, cluster: Sample, event_log: EventLog, now: float) -> dict[str, Any]:
    """Leader, followers and ISR of each partition of one topic, and what changed."""
    held = cluster.value.get("topics", {}).get(topic, {})
    alive = [] if cluster.down else cluster.value.get("brokers", [])
    event_log.look(now, {} if cluster.down else {topic: held}, {})
    brokers = sorted({*alive, *(broker for at in held.values() for broker in at["replicas"])})
    return {
        "topic": topic,
        "missing": cluster is not NOTHING_YET and not cluster.down and not held,
        "brokers": [{"id": broker, "state": "ready" if broker in alive else "down"} for broker in brokers],
        "partitions": [{"n": number, **at} for number, at in held.items()],
        "down": down(cluster),
        "events": event_log.events,
        "words": [_replica_words(number, at) for number, at in held.items()],
    }


def _replica_words(number: int, at: Mapping[str, Any]) -> str:
    lead = f"led by broker {at['leader']}" if at["leader"] >= 0 else "without a leader"
    behind = sorted(set(at["replicas"]) - set(at["isr"]))
    late = f"; out of sync: {', '.join(map(str, behind))}" if behind else ""
    return f"Partition {number}: {lead}; in sync: {', '.join(map(str, at['isr']))}{late}."


def dead_letters(topic: str, tail: Sample) -> dict[str, Any]:
    """The newest dead letters, newest first, each with why it was refused and where it came from."""
    held = [record for ones in tail.value.get("partitions", {}).values() for record in ones]
    letters = [_letter(record) for record in sorted(held, key=lambda r: r["at"], reverse=True)[:LETTERS]]
    ends = [ones[-1]["offset"] + 1 for ones in tail.value.get("partitions", {}).values() if ones]
    words = [f"Offset {one['offset']}, key {one['key'] or 'none'}: {one['reason']}" for one in letters]
    return {
        "topic": topic,
        "seen": "partitions" in tail.value,
        "missing": bool(tail.value.get("missing")),
        "total": sum(ends),
        "letters": letters,
        "down": down(tail),
        "words": words or [_no_letters(topic, tail)],
    }


def _no_letters(topic: str, tail: Sample) -> str:
    if "partitions" not in tail.value:
        return f"{topic}: not seen yet."
    if tail.value.get("missing"):
        return f"There is no topic {topic} yet."
    return "There are no dead letters: the sink took every record."


def _letter(record: Mapping[str, Any]) -> dict[str, Any]:
    headers = record["headers"]
    origin = [headers.get(f"{ERRORS}{name}", "") for name in ("topic", "partition", "offset")]
    reason = (
        headers.get(f"{ERRORS}exception.message") or headers.get(f"{ERRORS}exception.class.name") or "no reason given"
    )
    return {
        "partition": record["partition"],
        "offset": record["offset"],
        "at": record["at"],
        "key": record["key"],
        "reason": reason or "no reason given",
        "origin": f"{origin[0]}, partition {origin[1]}, offset {origin[2]}" if origin[0] else "",
        "value": record["value"],
    }
