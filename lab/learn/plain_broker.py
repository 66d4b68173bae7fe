"""A plain MQTT broker (amqtt) on loopback, for the lesson that shows what such a broker forgets.

It runs on an event loop in a thread of its own and keeps everything in memory, as amqtt does.
"""

from __future__ import annotations

import logging
from typing import Any, Self

from lab.base.errors import MachineError
from lab.base.free_port import free_port
from lab.base.loop_thread import LoopThread
from lab.base.startable import Startable

DEADLINE_SECONDS = 20.0


class PlainBroker(Startable):
    """Listens on `host`:`port` from start() to stop(), or inside a with block; anybody may connect."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.port = free_port()
        self._loop = LoopThread("plain-broker")
        self._broker: Any = None

    def start(self) -> Self:
        """Listen. Raises MachineError when amqtt cannot."""
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        self._loop.start()
        try:
            self._loop.run(self._start(), DEADLINE_SECONDS)
        except Exception as error:
            self.stop()
            raise MachineError(
                f"The plain broker did not start: {error}.", "Run the cell again; it takes another port."
            ) from error
        return self

    def stop(self) -> None:
        """Close every connection and forget everything."""
        if not self._loop.running:
            return
        if self._broker is not None:
            self._loop.run(self._broker.shutdown(), DEADLINE_SECONDS)
            self._broker = None
        self._loop.stop(DEADLINE_SECONDS)

    async def _start(self) -> None:
        from amqtt.broker import Broker  # type: ignore[import-untyped]

        config = {
            "listeners": {"default": {"type": "tcp", "bind": f"{self.host}:{self.port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        broker = Broker(config)
        await broker.start()
        self._broker = broker
