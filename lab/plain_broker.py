"""A plain MQTT broker (amqtt) on loopback, for the lesson that shows what such a broker forgets.

It runs on an event loop in a thread of its own and keeps everything in memory, as amqtt does.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from types import TracebackType
from typing import Any, Self

from lab.errors import MachineError
from lab.free_port import free_port

DEADLINE_SECONDS = 20.0


class PlainBroker:
    """Listens on `host`:`port` from start() to stop(), or inside a with block; anybody may connect."""

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._broker: Any = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="plain-broker", daemon=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen. Raises MachineError when amqtt cannot."""
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(DEADLINE_SECONDS)
        except Exception as error:
            self.stop()
            raise MachineError(
                f"The plain broker did not start: {error}.", "Run the cell again; it takes another port."
            ) from error
        return self

    def stop(self) -> None:
        """Close every connection and forget everything."""
        if not self._thread.is_alive():
            return
        if self._broker is not None:
            asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(DEADLINE_SECONDS)
            self._broker = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_SECONDS)
        self._loop.close()

    async def _start(self) -> None:
        from amqtt.broker import Broker  # type: ignore[import-untyped]

        config = {
            "listeners": {"default": {"type": "tcp", "bind": f"{self.host}:{self.port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
        broker = Broker(config)
        await broker.start()
        self._broker = broker
