"""The cards of each panel's static snapshot, made from its snapshot. Pure.

A card has a title, a state (`ready`, `slow`, `down`, `missing`, `waiting`), lines of text, and perhaps the points of a
curve.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from textwrap import wrap
from typing import Any

Card = dict[str, Any]
Snapshot = Mapping[str, Any]
TITLE, LETTERS, LINES = 28, 34, 4
"""Characters that fit in a card's title and in its lines, and the lines it takes."""
CONNECT = {"running": "ready", "failed": "down"}
RUNS = {"success": "ready", "failed": "down", "canceled": "slow"}
SERVICES = {"ready": "ready", "stopped": "down", "failed": "down"}
ALARMS = {"ok": ("ready", "fuel ok"), "refuel": ("slow", "needs fuel"), "offline": ("down", "offline")}


def card(title: str, state: str, *lines: str) -> Card:
    """A card whose lines are broken where it ends; an empty line is left out."""
    broken = [piece for line in lines for piece in wrap(_printable(line), LETTERS)]
    return {"title": _printable(title)[:TITLE], "state": state, "lines": broken[:LINES]}


def _printable(text: str) -> str:
    """The text with blanks for what no picture can hold, such as a zero byte in a record's key."""
    return "".join(char if char.isprintable() else " " for char in text)


def cards_of(panel: str, snapshot: Snapshot) -> list[Card]:
    """The cards of the panel with this `source`; none before its first snapshot."""
    return list(CARDS[panel](snapshot)) if panel in CARDS else []


def _map(seen: Snapshot) -> Iterator[Card]:
    yield from seen.get("nodes", [])


def _fleet(seen: Snapshot) -> Iterator[Card]:
    for row in seen.get("generators", []):
        state, word = ALARMS[row["alarm"]]
        yield card(row["id"], state, f"load {row['load']:.0f} %, fuel {row['fuel']} l", word, row["will"])


def _partitions(seen: Snapshot) -> Iterator[Card]:
    for lane in seen.get("lanes", []):
        state = "ready" if lane["keys"] else "missing"
        yield card(f"partition {lane['n']}", state, f"next offset {lane['end']:,}", ", ".join(lane["keys"]))


def _replicas(seen: Snapshot) -> Iterator[Card]:
    for one in seen.get("partitions", []):
        behind = sorted(set(one["replicas"]) - set(one["isr"]))
        state = "down" if one["leader"] < 0 else "slow" if behind else "ready"
        lead = f"led by broker {one['leader']}" if one["leader"] >= 0 else "no leader"
        late = f"out of sync: {_numbers(behind)}" if behind else ""
        yield card(f"partition {one['n']}", state, lead, f"in sync: {_numbers(one['isr'])}", late)


def _lag(seen: Snapshot) -> Iterator[Card]:
    if "group" not in seen:
        return
    total = "lag unknown" if seen["total"] is None else f"{seen['total']:,} records behind"
    yield {**card("Lag, five minutes", "ready" if seen["total"] == 0 else "slow", total), "points": seen["history"]}
    for member in seen["members"]:
        yield card(member["name"], "ready", ", ".join(member["places"]) or "no partition")


def _connector(seen: Snapshot) -> Iterator[Card]:
    if "state" not in seen:
        return
    for title, one in [(seen["name"], seen), *((f"task {task['id']}", task) for task in seen["tasks"])]:
        yield card(title, CONNECT.get(one["state"], "slow"), one["state"], one["trace"].split("\n")[0])


def _dead_letters(seen: Snapshot) -> Iterator[Card]:
    for one in seen.get("letters", []):
        yield card(f"offset {one['offset']}, key {one['key'] or 'none'}", "down", one["reason"], one["origin"])


def _task(seen: Snapshot) -> Iterator[Card]:
    task = seen.get("task")
    if not task:
        return
    fields = task["fields"]
    when = " ".join(f"{key} {fields[key]}" for key in ("every", "cron", "offset") if fields.get(key))
    yield card(fields["name"], *(("ready", "active") if task["active"] else ("slow", "inactive")), when)
    for run in seen["runs"]:
        took = "" if run["ms"] is None else f"took {run['ms']:,} ms"
        yield card(run["scheduled"], RUNS.get(run["status"], "waiting"), run["status"], took)


def _faults(seen: Snapshot) -> Iterator[Card]:
    for one in seen.get("services", []):
        state = "slow" if one["faults"] else SERVICES.get(one["state"], "waiting")
        yield card(one["name"], state, one["state"], ", ".join(one["faults"]))


def _numbers(ids: list[int]) -> str:
    return ", ".join(map(str, ids)) or "none"


CARDS: dict[str, Callable[[Snapshot], Iterator[Card]]] = {
    "pipeline_map": _map,
    "fleet_panel": _fleet,
    "partition_view": _partitions,
    "replica_view": _replicas,
    "lag_view": _lag,
    "connector_panel": _connector,
    "dead_letter_view": _dead_letters,
    "task_form": _task,
    "fault_panel": _faults,
}
"""By the panel's `source`."""
