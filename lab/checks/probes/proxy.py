"""What the MQTT proxy counted: its Prometheus metrics, now and since an attempt began."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from lab.base.addresses import Addresses
from lab.base.errors import ServiceError
from lab.base.pace import allow

TIMEOUT_SECONDS = 5.0
Wait = Callable[..., Any]


def counters(where: Addresses) -> dict[str, float]:
    """Every sample of the proxy's metrics, written `name` or `name{label="value",...}` with labels in order."""
    return _samples(where.proxy_url)


class ProxyProbe:
    """Questions to the proxy."""

    def __init__(self, url: str | None, baseline: dict[str, float], wait: Wait) -> None:
        self._url = url
        self._baseline = baseline
        self._wait = wait

    def now(self) -> dict[str, float]:
        """Every sample as it is now."""
        return _samples(self._url)

    def grown(self, name: str) -> float:
        """By how much the samples of this name grew since the attempt began, over all labels."""
        return _total(self.now(), name) - _total(self._baseline, name)


def _total(samples: dict[str, float], name: str) -> float:
    return sum(value for key, value in samples.items() if key.split("{")[0] == name)


def _samples(url: str | None) -> dict[str, float]:
    if url is None:
        raise ServiceError("proxy", "The proxy's metrics have no address.", "Run ./workshop up.")
    text = httpx.get(f"{url}/metrics", timeout=allow(TIMEOUT_SECONDS), trust_env=False).raise_for_status().text
    return {
        _key(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _key(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f'{label}="{value}"' for label, value in sorted(labels.items()))
    return f"{name}{{{inner}}}" if inner else name
