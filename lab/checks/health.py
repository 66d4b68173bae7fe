"""Is a service alive? Asked before any learner is blamed for a missing effect.

One real request per service with a short deadline; the answer is None or the trouble with its remedy.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lab.base.addresses import Addresses, load
from lab.base.errors import LabError
from lab.base.pace import allow, allow_ms
from lab.checks.outcome import Outcome, Verdict

TIMEOUT_SECONDS = 3.0


def _http(url: str) -> None:
    import httpx  # not before a check asks: a lesson's first cell imports this module

    httpx.get(url, timeout=allow(TIMEOUT_SECONDS), trust_env=False).raise_for_status()


def _kafka(where: Addresses) -> None:
    from lab.checks.probes import kafka

    with kafka.consumer(where, bootstrap_timeout_ms=allow_ms(TIMEOUT_SECONDS)) as client:
        client.topics()


_ASK: dict[str, Callable[[Addresses], None]] = {
    "kafka": _kafka,
    "connect": lambda where: _http(f"{where.connect_url}/connectors"),
    "influxd": lambda where: _http(f"{where.influx_url}/health"),
    "proxy": lambda where: _http(f"{where.proxy_url}/health"),
}


def trouble(services: tuple[str, ...]) -> Verdict | None:
    """Ask these services side by side; the first trouble, or None when all answer."""
    if not services:
        return None
    try:
        where = load()
    except LabError as error:
        return Verdict(Outcome.TROUBLE, error.cause, next_step=error.remedy)
    with ThreadPoolExecutor() as pool:
        return next(filter(None, pool.map(lambda name: _ask(name, where), services)), None)


def _ask(name: str, where: Addresses) -> Verdict | None:
    try:
        _ASK[name](where)
    except Exception as error:  # noqa: BLE001 - whatever it is, the service did not answer
        return service_down(name, error)
    return None


def service_down(name: str, error: BaseException) -> Verdict:
    """The verdict about a service that did not answer a check."""
    return Verdict(
        Outcome.TROUBLE,
        f"{name} does not answer ({type(error).__name__}). This is the lab's fault, not yours.",
        next_step=f"Run ./workshop up in a terminal and check again; ./workshop logs {name} says more.",
    )
