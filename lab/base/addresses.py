"""Where the services of this clone answer: stack.json, written by `up`, read by everything else.

Notebooks, tests and the demo take every host, port and credential from here and from nowhere else, so they
do not care which back end runs or which port had to move.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lab.base import files
from lab.base.errors import LearnerError, MachineError
from lab.base.names import Names
from lab.base.settings import settings


class KafkaSecurity(BaseModel):
    """How Kafka clients authenticate; the native back end needs none."""

    model_config = ConfigDict(frozen=True)

    protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None


class Addresses(BaseModel):
    """The addresses of one running stack."""

    model_config = ConfigDict(frozen=True)

    backend: str
    namespace: str = ""
    mqtt_host: str
    mqtt_port: int
    proxy_url: str | None = None
    """The proxy's health and metrics over HTTP."""
    kafka_bootstrap: str
    """Comma-separated host:port of the brokers."""
    kafka_security: KafkaSecurity = KafkaSecurity()
    kafka_cluster: str | None = None
    """The cluster's id, which every answer must show; None where somebody else runs Kafka."""
    connect_url: str
    influx_url: str
    influx_org: str
    influx_token_file: Path
    pace: float = 1.0
    """How many times longer than the reference machine this one takes, as `up` measured it (`lab.base.pace`)."""

    @property
    def names(self) -> Names:
        return Names(self.namespace)

    @property
    def influx_token(self) -> str:
        """The all-access token. Raises LearnerError while InfluxDB has not been set up."""
        return _secret(self.influx_token_file, "InfluxDB has no token yet: it is not set up.")

    def kafka_python(self) -> dict[str, Any]:
        """Keyword arguments for any kafka-python client."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.kafka_bootstrap.split(","),
            "security_protocol": self.kafka_security.protocol,
        }
        if self.kafka_security.ca_file:
            arguments["ssl_cafile"] = str(self.kafka_security.ca_file)
        if self.kafka_security.sasl_mechanism:
            arguments["sasl_mechanism"] = self.kafka_security.sasl_mechanism
            arguments["sasl_plain_username"] = self.kafka_security.username
            arguments["sasl_plain_password"] = self._kafka_password()
        return arguments

    def librdkafka(self) -> dict[str, str]:
        """Configuration for any librdkafka client."""
        config = {
            "bootstrap.servers": self.kafka_bootstrap,
            "security.protocol": self.kafka_security.protocol,
            "log_level": "4",  # warnings: what it notes of its own queues helps nobody at a terminal
        }
        if self.kafka_security.ca_file:
            config["ssl.ca.location"] = str(self.kafka_security.ca_file)
        if self.kafka_security.sasl_mechanism:
            config["sasl.mechanism"] = self.kafka_security.sasl_mechanism
            config["sasl.username"] = self.kafka_security.username or ""
            config["sasl.password"] = self._kafka_password()
        return config

    def influx(self) -> dict[str, Any]:
        """Keyword arguments for influxdb_client.InfluxDBClient."""
        return {"url": self.influx_url, "token": self.influx_token, "org": self.influx_org}

    def _kafka_password(self) -> str:
        if self.kafka_security.password_file is None:
            raise LearnerError(
                "Kafka wants a password and none is set.", "Set LAB_KAFKA_SASL_PASSWORD, then ./workshop up."
            )
        return _secret(self.kafka_security.password_file, "Kafka's password file is missing.")


def stack_file(state: Path | None = None) -> Path:
    """Path of stack.json under the state folder."""
    return (state or settings().state) / "stack.json"


def load(state: Path | None = None) -> Addresses:
    """The addresses of the running stack.

    Raises LearnerError when no stack was ever started here and MachineError when stack.json cannot be read.
    """
    path = stack_file(state)
    try:
        return Addresses.model_validate_json(path.read_text())
    except FileNotFoundError as error:
        raise LearnerError(
            "The services are not running: there is no stack.json.", "Start them with ./workshop up."
        ) from error
    except (OSError, ValidationError) as error:
        raise MachineError(f"{path} cannot be read: {error}", "Write it again with ./workshop up.") from error


def save(addresses: Addresses, state: Path | None = None) -> None:
    """Write stack.json in one step, so that a reader never sees half of it."""
    files.write(stack_file(state), addresses.model_dump_json(indent=2) + "\n")


def _secret(path: Path, cause: str) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise LearnerError(
            cause, "Run ./workshop up and wait until ./workshop status shows every service ready."
        ) from error
