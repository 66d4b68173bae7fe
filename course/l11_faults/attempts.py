"""Answers to lesson 11 that the checks are tried on: wrong ones with what they must hear, and other right ones."""

from lab.authoring.attempts import Attempts, Wrong

FLEET = "fleet = Fleet(where, PEOPLE, rate=100.0, journal=Journal(limit=None))\n"
COPY = "sent, acknowledged = fleet.journal_copy()\n"


def _settings(copies: int, least: int, acks: str, unclean: bool) -> str:
    return (
        f'settings.update({{"replication.factor": {copies}, "min.insync.replicas": {least}, "acks": {acks!r}, '
        f'"unclean.leader.election.enable": {unclean}}})'
    )


ATTEMPTS = {
    "l11.ledger": Attempts(
        wrong=(
            Wrong("totals", "return max(0, len(acknowledged) - len(arrived))", says="totals were compared"),
            Wrong("both ways", "return len(set(acknowledged) ^ set(arrived))", says="what arrived without a yes"),
            Wrong(
                "positions", "return sum(a != b for a, b in zip(acknowledged, arrived))", says="positions were compared"
            ),
        ),
        other="there = set(arrived)\nreturn sum(pair not in there for pair in set(acknowledged))",
    ),
    "l11.connect": Attempts(
        wrong=(
            Wrong("no fault", FLEET + "with fleet:\n    time.sleep(3)\n" + COPY, says="same process as before"),
            Wrong(
                "too short",
                FLEET + 'with fleet, faults.Kill("connect"):\n    time.sleep(0.3)\n' + COPY,
                says="acknowledged readings",
            ),
            Wrong(
                "other names",
                'fleet = Fleet(where, 5, rate=100.0, journal=Journal(limit=None))\nwith fleet, faults.Kill("connect"):\n    time.sleep(3)\n'
                + COPY,
                says="made with other names",
            ),
            Wrong(
                "the wrong value",
                FLEET
                + 'with fleet, faults.Kill("connect"):\n    time.sleep(3)\nacknowledged = len(fleet.journal_copy()[1])\n',
                says="does not hold readings",
            ),
        ),
        other=FLEET
        + 'fleet.start()\nfault = faults.Kill("connect").inject()\ntime.sleep(4)\nfault.undo()\nfleet.stop()\n'
        + COPY,
    ),
    "l11.where": Attempts(
        wrong=(
            Wrong("too early", 'suspect = "proxy"', says="kept its promise"),
            Wrong("too late", 'suspect = "task"', says="missing there already"),
            Wrong("the store", 'suspect = "influxdb"', says="70 are still waiting"),
        ),
        other='suspect = "sink".lower()',
    ),
    "l11.size": Attempts(
        wrong=(
            Wrong("multiplied", "per_second, terabytes_per_broker = 1_000_000 * 5, 6.0", says="multiplied by 5"),
            Wrong("one copy", "per_second, terabytes_per_broker = 200_000, 2.016", says="stored three times"),
            Wrong("all brokers", "per_second, terabytes_per_broker = 200_000, 72.576", says="all twelve"),
            Wrong("one day", "per_second, terabytes_per_broker = 200_000, 0.864", says="this is one day"),
        ),
        other="per_second = 200_000\nterabytes_per_broker = 6.05",
    ),
    "l11.production": Attempts(
        wrong=(
            Wrong("leader only", _settings(3, 2, "1", False), says="the leader alone"),
            Wrong("all three", _settings(3, 3, "all", False), says="no writer goes on"),
            Wrong("one is enough", _settings(3, 1, "all", False), says="may be lost with its place"),
            Wrong("unclean", _settings(3, 2, "all", True), says="fallen behind could lead"),
        ),
        other=_settings(3, 2, "-1", False),
    ),
}
