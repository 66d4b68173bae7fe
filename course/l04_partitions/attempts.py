"""Answers to lesson 04 that the checks are tried on: wrong ones with what they must hear, and other right ones."""

from lab.authoring.attempts import Attempts, Wrong


def _send(topic: str, key: str, values: str = "values") -> str:
    return f'for value in {values}:\n    producer.send("{topic}", key={key}, value=value)\nproducer.flush()\n'


CYLINDER = "f\"{value['generatorID']}/{value['cylinder']}\".encode()"
PARTITION = "partition=CYLINDERS.index(value['cylinder']) % 6"

ATTEMPTS = {
    "l04.keyed": Attempts(
        wrong=(
            Wrong("no key", _send("l04_keyed", "None"), says="they have no key"),
            Wrong(
                "seq as key", _send("l04_keyed", 'str(value["seq"]).encode()'), says="differ from reading to reading"
            ),
            Wrong("one key for all", _send("l04_keyed", 'b"generators"'), says="all generators have the same key"),
            Wrong(
                "half of them", _send("l04_keyed", 'value["generatorID"].encode()', "values[:20]"), says="20 of the 40"
            ),
        ),
        other=(
            'sent = [producer.send("l04_keyed", key=bytes(v["generatorID"], "utf-8"), value=v) for v in values]\n'
            "for one in sent:\n    one.get(timeout=10)\n"
        ),
    ),
    "l04.inversions": Attempts(
        wrong=(
            Wrong(
                "one memory for all",
                "last, count = -1, 0\nfor generator, seq in pairs:\n    count += seq < last\n    last = seq\nreturn count",
                says="two generators in turns",
            ),
            Wrong(
                "gaps count",
                "last, count = {}, 0\nfor generator, seq in pairs:\n    count += seq != last.get(generator, seq - 1) + 1\n"
                "    last[generator] = seq\nreturn count",
                says="missing numbers",
            ),
            Wrong(
                "against the largest",
                "top, count = {}, 0\nfor generator, seq in pairs:\n    count += seq < top.get(generator, seq)\n"
                "    top[generator] = max(seq, top.get(generator, seq))\nreturn count",
                says="one step back, then forward",
            ),
            Wrong("forgets to return", "count = 0\nfor generator, seq in pairs:\n    count += 1", says="returned None"),
        ),
        other=(
            "seqs = {}\nfor generator, seq in pairs:\n    seqs.setdefault(generator, []).append(seq)\n"
            "return sum(b < a for found in seqs.values() for a, b in zip(found, found[1:]))"
        ),
    ),
    "l04.group": Attempts(
        wrong=(
            Wrong("by device", _send("l04_sites", 'value["generatorID"].encode()', "events"), says="have 2 keys"),
            Wrong("no key", _send("l04_sites", "None", "events"), says="events without a key"),
            Wrong("one key for all", _send("l04_sites", 'b"sites"', "events"), says="1 keys for 4 sites"),
            Wrong(
                "backwards",
                _send("l04_sites", 'value["site"].encode()', "events[::-1]"),
                says="in the order [3, 2, 1, 0]",
            ),
        ),
        other=(
            'for event in sorted(events, key=lambda event: (event["site"], event["number"])):\n'
            '    producer.send("l04_sites", key=f"site:{event[\'site\']}".encode(), value=event).get(timeout=10)\n'
        ),
    ),
    "l04.hot": Attempts(
        wrong=(
            Wrong("no key", _send("l04_hot", "None", "samples"), says="no order either"),
            Wrong("the same key", _send("l04_hot", 'b"l04-hot"', "samples"), says="holds 100%"),
            Wrong(
                "salted",
                _send("l04_hot", "f\"l04-hot-{value['seq'] % 6}\".encode()", "samples"),
                says="changes from sample to sample",
            ),
            Wrong(
                "two banks",
                _send("l04_hot", "b'bank-%d' % (int(value['cylinder'][1:]) > 10)", "samples"),
                says="too few keys",
            ),
        ),
        other=_send("l04_hot", CYLINDER, "samples")
        .replace("key=", f"{PARTITION}, key=")
        .replace("for value", "CYLINDERS = [f'c{n}' for n in range(1, 13)]\nfor value"),
    ),
    "l04.count": Attempts(
        wrong=(
            Wrong("today", "partitions = 12", says="enough for today"),
            Wrong("three brokers", "partitions = 3", says="7,500 readings per second"),
            Wrong("plenty", "partitions = 60", says="the smallest number"),
        ),
        other="import math\npartitions = math.ceil(60_000 / 2_500)",
    ),
}
