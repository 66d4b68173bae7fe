"""librdkafka's clients in a notebook's kernel or in `./workshop` itself: they write nothing among its words.

librdkafka reports each broker that does not answer. Without a logger that goes straight to the process's error output;
with one it waits in the client's queue until somebody polls, without bound, and Python hands it to its last-resort
handler, which prints as well. So nothing is logged to begin with, and what comes all the same ends at a logger that
passes nothing on. Trouble reaches the caller as exceptions.
"""

from __future__ import annotations

import logging
from typing import Any

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from lab.base.addresses import Addresses

SILENT = logging.getLogger("lab.kafka.client")
SILENT.setLevel(logging.CRITICAL)
SILENT.propagate = False
SILENT.addHandler(logging.NullHandler())
NOTHING = 0
"""The `log_level` that leaves out everything but an unusable system; syslog's severities."""


LATEST = -1
"""The timestamp that asks ListOffsets for a partition's end; Kafka protocol, API key 2."""


def silent(addresses: Addresses, **settings: Any) -> dict[str, Any]:
    """Configuration of a silent client; underscores in the names of `settings` stand for dots."""
    own = {name.replace("_", "."): value for name, value in settings.items()}
    return {**addresses.librdkafka(), "log_level": NOTHING, "logger": SILENT, **own}


def consumer(addresses: Addresses, group: str | None = None, **settings: Any) -> Consumer:
    """A consumer that looks: it joins no group and commits nothing. With `group` it knows that group's offsets."""
    own = {"group_id": group or f"{addresses.namespace}looks", "enable_auto_commit": False, **settings}
    return Consumer(silent(addresses, **own))


def admin(addresses: Addresses, **settings: Any) -> AdminClient:
    """A client that manages topics and groups."""
    return AdminClient(silent(addresses, **settings))
