"""GET /health and GET /metrics, served from a thread of its own so that a scrape never waits for the loop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, make_wsgi_app

from lab.errors import MachineError
from lab.proxy.config import Http
from lab.proxy.metrics import ProxyCollector

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Health = Callable[[], dict[str, object]]
Snapshots = Callable[[], dict[int, dict[str, Any]]]


class _Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
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
