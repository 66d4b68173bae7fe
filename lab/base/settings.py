"""Every setting the kit reads from outside, in one place.

Each is an environment variable with the prefix LAB_ (LAB_STATE, LAB_INFLUXD, ...). No other variable
with that prefix is read outside the tests; what the machine's own tools use (PATH, DISPLAY, proxies, Rust's homes) is
read where it is needed. Where services actually listen is not a setting: it is
written by `up` and read through `lab.base.addresses`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from platformdirs import user_cache_path
from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from lab.base.errors import LearnerError

ROOT = Path(__file__).resolve().parents[2]
"""The clone: what holds notebooks/, course/ and, unless LAB_STATE says otherwise, .lab/."""


NAMESPACE_MOST = 100
"""Characters: a topic's name has 249 at most, and connectors' consumer groups and dead letters add to it."""


class Settings(BaseSettings):
    """Settings of one clone, frozen once read."""

    model_config = SettingsConfigDict(env_prefix="LAB_", frozen=True, extra="ignore")

    state: Path = ROOT / ".lab"
    """Data, logs, secrets, progress and stack.json of this clone."""
    cache: Path = user_cache_path("hybrid-iot-workshop")
    """Downloads and builds shared by every clone of this user."""
    venv: Path | None = None
    """The virtual environment, for a clone that cannot be written; the script `workshop` reads it."""
    backend: Literal["native", "compose", "external"] = "native"
    influxd: Path | None = None
    """An influxd 2 binary to use before any other."""
    practice: bool = False
    """Check without recording progress and without progress lines: what the builder and the tests set."""
    pace: float | None = None
    """How many times slower than the reference machine this one is, instead of what `up` measured (`lab.base.pace`)."""

    mqtt_listen: str | None = None
    """host:port of one more MQTT listener, for devices on the network; it takes accounts only (`mqtt_passwords`)."""
    mqtt_passwords: Path | None = None
    """The proxy's password file, written by `python -m lab.proxy passwd FILE NAME`."""

    namespace: str = ""
    """Prefix of topics, buckets, connectors and consumer groups, so that several people share one cluster."""
    kafka_bootstrap: str | None = None
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: str | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: Path | None = None
    connect_url: str | None = None
    influx_url: str | None = None
    influx_token: SecretStr | None = None
    influx_org: str = "workshop"

    @field_validator("namespace")
    @classmethod
    def _fits_topics(cls, value: str) -> str:
        """Kafka's rule for names of topics (org.apache.kafka.common.internals.Topic), with room for the longest."""
        if not re.fullmatch(rf"[A-Za-z0-9._-]{{0,{NAMESPACE_MOST}}}", value):
            raise ValueError(
                f"{value!r} goes before names of topics, which have letters, digits, '.', '_' and '-' only, "
                f"and may have {NAMESPACE_MOST} of them"
            )
        if value in (".", "..") or value.startswith("_"):
            raise ValueError(
                f"{value!r} must not begin names: '.' and '..' are no names, '_' is kept for internal ones"
            )
        return value

    @field_validator("pace")
    @classmethod
    def _positive(cls, value: float | None) -> float | None:
        if value is not None and not 0 < value < float("inf"):
            raise ValueError("it must be a number above 0")
        return value

    @field_validator("connect_url", "influx_url")
    @classmethod
    def _answers_http(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                parts = urlsplit(value)
                good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            except ValueError:
                good = False
            if not good:
                raise ValueError(f"{value!r} is no address such as http://host:8083")
        return value

    @field_validator("kafka_bootstrap")
    @classmethod
    def _lists_brokers(cls, value: str | None) -> str | None:
        if value is None:
            return None
        brokers = [one.strip() for one in value.split(",")]
        for one in brokers:
            host, _, port = one.rpartition(":")
            if not host or "/" in host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
                raise ValueError(f"{one!r} is no host:port; brokers are separated by commas")
        return ",".join(brokers)

    @field_validator("state", "cache", "venv", "influxd", "mqtt_passwords", "kafka_ssl_cafile", mode="before")
    @classmethod
    def _named(cls, value: object) -> object:
        """An empty path would be the current folder, whatever that holds."""
        if isinstance(value, str) and not value.strip():
            raise ValueError("it is set and empty")
        return Path(value) if isinstance(value, str) else value


@cache
def settings() -> Settings:
    """The settings of this process, read once. Raises LearnerError naming the first variable that is wrong."""
    try:
        return Settings()
    except ValidationError as wrong:
        first = wrong.errors()[0]
        name = f"LAB_{first['loc'][0]}".upper()
        why = first["msg"].removeprefix("Value error, ")
        raise LearnerError(
            f"The setting {name} is wrong: {why[0].lower()}{why[1:]}.",
            f"Unset {name}, or set it to what docs/operating.md says.",
        ) from None
