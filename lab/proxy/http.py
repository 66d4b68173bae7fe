"""GET /health and GET /metrics, served from threads of their own so that a scrape never waits for the loop.

A few requests at a time, each with a deadline: connections on which nothing comes hold no more than those.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, make_wsgi_app

from lab.base.errors import MachineError
from lab.proxy.config import Http
from lab.proxy.metrics import ProxyCollector

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Health = Callable[[], dict[str, object]]
Snapshots = Callable[[], dict[int, dict[str, Any]]]


log = logging.getLogger(__name__)

REQUESTS_MAX = 8
"""Requests answered at the same time; one more is closed at once."""
REQUEST_SECONDS = 5.0


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128
    """Connections that wait to be accepted; with the default of 5, a burst of them would hold up a scrape."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self._free = BoundedSemaphore(REQUESTS_MAX)
        super().__init__(*arguments, **more)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away or took too long is no news."""
        log.debug("an HTTP request ended early", exc_info=True)


class _Silent(WSGIRequestHandler):
    timeout = REQUEST_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Requests for health come every second and say nothing."""


def serve(http: Http, health: Health, snapshots: Snapshots) -> WSGIServer:
    """Answer until `shutdown()`. Raises MachineError when the port is taken."""
    registry = CollectorRegistry()
    registry.register(ProxyCollector(snapshots))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    try:
        server = make_server(http.host, http.port, _application(health, make_wsgi_app(registry)), _Threaded, _Silent)
    except OSError as error:
        raise MachineError(
            f"Cannot serve health on {http.host}:{http.port}: {error.strerror}.", "Choose another port under [http]."
        ) from error
    Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server


def _application(health: Health, metrics: WSGIApplication) -> WSGIApplication:
    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == "/metrics":
            return metrics(environ, start)
        state = health() if path == "/health" else {"error": "This server has /health and /metrics."}
        status = "200 OK" if state.get("ok") else "404 Not Found" if "error" in state else "503 Service Unavailable"
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(state).encode()]

    return answer
