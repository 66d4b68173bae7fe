"""What every lesson needs once services answer: topics and buckets."""

from __future__ import annotations

from lab.addresses import Addresses
from lab.stack.report import Report


def provision(where: Addresses, report: Report) -> None:
    """Make the topics, and the buckets when InfluxDB has been set up. Idempotent."""
    from lab import provision as provisions

    report("Making topics and buckets")
    provisions.topics(where)
    if where.influx_token_file.exists():
        provisions.buckets(where)
