"""The relay between the panels' devices and the proxy, so that the fault panel can make their network slow."""

from __future__ import annotations

import threading

from lab.base.addresses import Addresses, load
from lab.faults.relay import Relay

_lock = threading.Lock()
_relay: Relay | None = None


class ProxyRelay(Relay):
    """A relay to wherever the proxy is now: a stack that starts again may have taken another port."""

    def target(self) -> tuple[str, int]:
        addresses = load()
        return addresses.mqtt_host, addresses.mqtt_port


def relay() -> Relay:
    """This kernel's relay to the proxy, listening from now on. Raises LearnerError when no stack runs."""
    global _relay  # noqa: PLW0603 - one per kernel, as the fleet's road
    with _lock:
        if _relay is None:
            addresses = load()
            _relay = ProxyRelay(addresses.mqtt_host, addresses.mqtt_port).start()
        return _relay


def through_relay(addresses: Addresses) -> Addresses:
    """The same addresses with MQTT through the relay: a fleet made with them feels the fault panel's slow network."""
    return addresses.model_copy(update={"mqtt_host": "127.0.0.1", "mqtt_port": relay().port})
