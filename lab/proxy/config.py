"""The proxy's configuration file (TOML), checked before anything starts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lab.base.errors import LearnerError
from lab.proxy.core.opening import Limits
from lab.proxy.core.rules import Rule

PROMISED = {
    "acks",
    "request.required.acks",
    "enable.idempotence",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
}
"""What the delivery promise rests on, with librdkafka's other names for it: not for a configuration to change."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Kafka(_Part):
    """`[kafka]`: where Kafka is and how long it may take."""

    bootstrap: str
    """Comma-separated host:port."""
    settings: dict[str, str | int | float | bool] = {}
    """Passed to librdkafka after the proxy's own; none of `PROMISED`."""
    message_timeout: float = Field(default=300.0, gt=0)
    """Seconds after which an unconfirmed publish is refused. Longer than a restart of all brokers on a crowded machine
    (two minutes here), so that it costs time and not connections; short enough that a client hears a no."""
    linger_ms: float = Field(default=16.0, ge=0)
    """How long librdkafka gathers a batch. Measured with three brokers on two cores at 5,000 readings/s: below 4 ms
    the slowest hundredth of the acknowledgements is three times as slow; throughput was best with 16 ms."""

    @model_validator(mode="after")
    def _keeps_the_promise(self) -> Kafka:
        for name in self.settings:
            if name in PROMISED:
                raise ValueError(f"{name} cannot be set: an acknowledgement could mean less than that Kafka has it")
        return self


class Listener(_Part):
    """`[[listener]]`: one socket."""

    kind: Literal["tcp", "tls", "ws", "wss"] = "tcp"
    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65_535)
    anonymous: bool = False
    certificate: Path | None = None
    """PEM file with the server's chain (tls, wss)."""
    key: Path | None = None
    client_ca: Path | None = None
    """PEM file of the authorities whose client certificates are accepted; asking for one is then on."""
    require_client_certificate: bool = False
    own_client_id: bool = False
    """A client id must be the user's or the certificate's name, so that nobody takes over another's session."""
    path: str = "/mqtt"
    """Path of the WebSocket (ws, wss)."""

    @model_validator(mode="after")
    def _tls(self) -> Listener:
        if self.kind in ("tls", "wss") and not (self.certificate and self.key):
            raise ValueError(f"the {self.kind} listener on port {self.port} needs certificate and key")
        if self.client_ca and self.kind not in ("tls", "wss"):
            raise ValueError(f"the {self.kind} listener on port {self.port} has client_ca; only tls and wss check it")
        if self.require_client_certificate and not self.client_ca:
            raise ValueError(f"the listener on port {self.port} requires client certificates and names no client_ca")
        return self


class Http(_Part):
    """`[http]`: /health and /metrics."""

    host: str = "127.0.0.1"
    port: int = Field(ge=0, le=65_535)


class Bounds(_Part):
    """`[limits]`: what one client, and all together, may have open. Sizes in bytes, times in seconds."""

    packet: int = Field(default=1_000_000, ge=1_024)
    receive_maximum: int = Field(default=1_024, ge=1, le=65_535)
    """Publishes in flight per connection; told to 5.0 clients, kept by not reading from 3.1.1 clients."""
    in_flight: int = Field(default=50_000, ge=1)
    """Publishes in flight in all."""
    in_flight_bytes: int = Field(default=64_000_000, ge=1_000_000)
    """What they take in memory, in all: payload, topic, key, headers, and the objects around them."""
    held_bytes: int = Field(default=64_000_000, ge=1_000_000)
    """What connections hold besides, in all: what is read ahead, packets not yet whole, logins, wills, aliases."""
    read_ahead: int = Field(default=4_000_000, ge=4_096)
    """How far one connection is read ahead while its publishes wait for Kafka, so that its pings are answered."""
    connections: int = Field(default=50_000, ge=1)
    connect_timeout: float = Field(default=10.0, gt=0)
    login_timeout: float = Field(default=20.0, gt=0)
    """How long a CONNECT may wait for its password to be checked before it is told that the server is busy. Clients
    give up after 5 to 60 s; the right answer to a queue is to come back, and what was found by then is remembered."""
    keep_alive: int = Field(default=3_600, ge=1, le=65_535)
    session_expiry: int = Field(default=3_600, ge=0)
    sessions: int = Field(default=100_000, ge=1)
    """Sessions kept for clients that are away; beyond it the one nearest its end goes first."""
    session_bytes: int = Field(default=64_000_000, ge=1_000_000)
    """What they may take in memory, with their wills; beyond it as above."""
    topic_aliases: int = Field(default=16, ge=0, le=65_535)
    drain: float = Field(default=8.0, ge=0)
    """How long SIGTERM waits for Kafka to confirm what is in flight."""

    def session(self) -> Limits:
        """The part that the protocol core needs."""
        return Limits(self.packet, self.receive_maximum, self.topic_aliases, self.keep_alive, self.session_expiry)


class Config(_Part):
    """The whole file."""

    kafka: Kafka
    listener: list[Listener] = Field(min_length=1)
    http: Http | None = None
    limits: Bounds = Bounds()
    rule: list[Rule] = Field(min_length=1)
    passwords: Path | None = None
    """File of `name:hash` lines, written by `python -m lab.proxy passwd`."""

    @model_validator(mode="after")
    def _names(self) -> Config:
        names = [rule.name for rule in self.rule]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two rules are called {sorted(twice)[0]!r}")
        for one in self.listener:
            if not (self.passwords or one.anonymous or one.client_ca):
                raise ValueError(
                    f"nobody could connect to the listener on port {one.port}: "
                    "set passwords, or client_ca or anonymous = true on it"
                )
        return self


def load(path: Path) -> Config:
    """Read and check the file; relative paths inside it count from its folder.

    Raises LearnerError that names the file, the place and what is wrong.
    """
    try:
        with path.open("rb") as file:
            data = tomllib.load(file)
    except OSError as error:
        cause = f"{path} cannot be read: {error.strerror}."
        raise LearnerError(cause, "Give an existing file with --config.") from error
    except tomllib.TOMLDecodeError as error:
        raise LearnerError(f"{path} is not TOML: {error}.", "Correct that line.") from error
    try:
        return _absolute(Config.model_validate(data), path.resolve().parent)
    except ValidationError as error:
        raise LearnerError(f"{path}: {_first(error)}.", "Correct it; docs/proxy.md lists every setting.") from error


def _first(error: ValidationError) -> str:
    one = error.errors()[0]
    place = ".".join(str(part) for part in one["loc"]) or "file"
    more = error.error_count() - 1
    return f"{place}: {one['msg']}" + (f" (and {more} more)" if more else "")


def _absolute(config: Config, folder: Path) -> Config:
    def place(path: Path | None) -> Path | None:
        return path and folder / path

    listeners = [
        one.model_copy(
            update={"certificate": place(one.certificate), "key": place(one.key), "client_ca": place(one.client_ca)}
        )
        for one in config.listener
    ]
    return config.model_copy(update={"listener": listeners, "passwords": place(config.passwords)})
