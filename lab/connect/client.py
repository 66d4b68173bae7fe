"""A small, typed client of Kafka Connect's REST interface.

Every failure becomes a ServiceError in words; while the workers rebalance, Connect answers 409, and so do
restarts of the worker for a moment: such calls are repeated until PATIENCE_S has passed.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from lab.base.errors import LearnerError, ServiceError
from lab.base.pace import allow
from lab.connect.models import Connector, ConnectorStatus, Offset, Plugin, Problem, Validation

PATIENCE_S = 20.0
"""A rebalance of one worker is over in a second or two; a restarted worker answers within ten."""
TIMEOUT_S = 30.0
"""The sink's validation may ask InfluxDB for five seconds; Connect itself gives up after ninety."""
SERVICE = "connect"


class _TryAgainError(Exception):
    """Connect is rebalancing or just starting."""


class Connect:
    """Kafka Connect at `url`. Usable as a context manager; every method may raise ServiceError."""

    def __init__(self, url: str, patience_s: float = PATIENCE_S, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url.rstrip("/")
        self._patience_s = allow(patience_s)
        self._http = httpx.Client(base_url=self.url, timeout=allow(timeout_s), trust_env=False)

    def __enter__(self) -> Connect:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def version(self) -> str:
        """The worker's version of Apache Kafka."""
        return str(self._json("GET", "/")["version"])

    def plugins(self) -> list[Plugin]:
        """The connectors that the worker can run."""
        return [Plugin.from_json(found) for found in self._json("GET", "/connector-plugins")]

    def connectors(self) -> list[str]:
        """Names of the connectors that exist."""
        return sorted(self._json("GET", "/connectors"))

    def all(self) -> dict[str, Connector]:
        """Every connector by name, with its configuration and its state, from one request."""
        found = self._json("GET", "/connectors?expand=info&expand=status")
        return {name: Connector.from_json(about) for name, about in sorted(found.items())}

    def get(self, path: str) -> Any:
        """GET any path, read as JSON, e.g. `/connectors/NAME/topics`."""
        return self._json("GET", path)

    def validate(self, config: dict[str, str]) -> Validation:
        """What is wrong with a configuration, property by property. Raises LearnerError without a connector.class."""
        kind = config.get("connector.class")
        if not kind:
            raise LearnerError("The configuration has no connector.class.", 'Add "connector.class": "InfluxDB2Sink".')
        plugin = quote(kind.rpartition(".")[2], safe="")
        named = {"name": "validated", **config}
        return Validation.from_json(self._json("PUT", f"/connector-plugins/{plugin}/config/validate", named))

    def create_or_update(self, name: str, config: dict[str, str]) -> None:
        """Make the connector, or change it to this configuration. Raises LearnerError when Connect refuses it."""
        self._json("PUT", f"{_path(name)}/config", config)

    def config(self, name: str) -> dict[str, str]:
        """The connector's configuration as Connect keeps it."""
        return dict(self._json("GET", f"{_path(name)}/config"))

    def status(self, name: str) -> ConnectorStatus:
        """How the connector and its tasks are, with the first cause where one failed."""
        return ConnectorStatus.from_json(self._json("GET", f"{_path(name)}/status"))

    def pause(self, name: str) -> None:
        """Let the tasks live but hand them nothing."""
        self._json("PUT", f"{_path(name)}/pause")

    def resume(self, name: str) -> None:
        """End a pause or a stop."""
        self._json("PUT", f"{_path(name)}/resume")

    def stop(self, name: str) -> None:
        """End the tasks and keep configuration and offsets; offsets can then be altered."""
        self._json("PUT", f"{_path(name)}/stop")

    def restart(self, name: str, only_failed: bool = False) -> None:
        """Restart the connector and its tasks, or only those that failed."""
        flags = f"includeTasks=true&onlyFailed={str(only_failed).lower()}"
        self._json("POST", f"{_path(name)}/restart?{flags}")

    def offsets(self, name: str) -> list[Offset]:
        """How far the connector is: one entry per partition of its source."""
        return [Offset.from_json(entry) for entry in self._json("GET", f"{_path(name)}/offsets")["offsets"]]

    def alter_offsets(self, name: str, offsets: list[Offset]) -> None:
        """Set offsets of a stopped connector; an offset of None forgets that partition."""
        self._json("PATCH", f"{_path(name)}/offsets", {"offsets": [offset.to_json() for offset in offsets]})

    def reset_offsets(self, name: str) -> None:
        """Forget all offsets of a stopped connector: it starts from scratch."""
        self._json("DELETE", f"{_path(name)}/offsets")

    def delete(self, name: str) -> None:
        """Remove the connector; nothing happens when it does not exist."""
        self._json("DELETE", _path(name), missing_ok=True)

    def _json(self, method: str, path: str, body: object = None, missing_ok: bool = False) -> Any:
        attempts = Retrying(
            retry=retry_if_exception_type(_TryAgainError),
            stop=stop_after_delay(self._patience_s),
            wait=wait_exponential_jitter(multiplier=0.1, max=1.0, jitter=0.1),
            reraise=True,
        )
        try:
            response = attempts(self._once, method, path, body)
        except _TryAgainError as error:
            raise ServiceError(
                SERVICE,
                f"Kafka Connect still cannot answer after {self._patience_s:.0f} s: {error}",
                "Look at ./workshop logs connect, and run the step again.",
            ) from error
        if response.is_success:
            return response.json() if response.content else None
        if response.status_code == httpx.codes.NOT_FOUND and missing_ok:
            return None
        raise _refusal(method, path, response)

    def _once(self, method: str, path: str, body: object) -> httpx.Response:
        try:
            response = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise ServiceError(
                SERVICE,
                f"Kafka Connect does not answer at {self.url}: {error}",
                "Start it with ./workshop up and wait until ./workshop status shows it ready.",
            ) from error
        if response.status_code == httpx.codes.CONFLICT and "rebalanc" in response.text.lower():
            raise _TryAgainError(_message(response))
        if response.status_code == httpx.codes.NOT_FOUND and "No status found" in response.text and self._is_new(path):
            raise _TryAgainError(_message(response))
        return response

    def _is_new(self, path: str) -> bool:
        """Whether the connector exists all the same: its first status comes a moment after its configuration."""
        return self._http.get(path.removesuffix("/status")).is_success


def _path(name: str) -> str:
    return f"/connectors/{quote(name, safe='')}"


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["message"]).strip()
    except (ValueError, KeyError, TypeError):
        return response.text.strip() or response.reason_phrase


def _refusal(method: str, path: str, response: httpx.Response) -> LearnerError | ServiceError:
    said = _message(response)
    if response.status_code == httpx.codes.NOT_FOUND:
        return LearnerError(
            f"Kafka Connect has no {path.partition('?')[0]}: {said}", "List what there is with Connect.connectors()."
        )
    if response.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.CONFLICT):
        return LearnerError(
            f"Kafka Connect refuses this: {said}",
            "Correct what it names; Connect.validate(config) shows each property.",
        )
    return ServiceError(
        SERVICE,
        f"Kafka Connect answered {response.status_code} to {method} {path}: {said}",
        "Look at ./workshop logs connect for the cause.",
    )


__all__ = ["Connect", "Connector", "ConnectorStatus", "Offset", "Plugin", "Problem", "Validation"]
