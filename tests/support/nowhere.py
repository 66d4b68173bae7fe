"""Addresses at which nothing answers, for what takes addresses and must not use them all."""

from __future__ import annotations

from pathlib import Path

from lab.base.addresses import Addresses


def nowhere(**changes: object) -> Addresses:
    """Addresses of a stack that is not there; `changes` are those that matter to the test."""
    nothing = Addresses(
        backend="native",
        mqtt_host="127.0.0.1",
        mqtt_port=1,
        kafka_bootstrap="127.0.0.1:1",
        connect_url="http://127.0.0.1:1",
        influx_url="http://127.0.0.1:1",
        influx_org="workshop",
        influx_token_file=Path("none"),
    )
    return nothing.model_copy(update=changes)
