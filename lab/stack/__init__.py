"""The services of the workshop: started, stopped, asked and handled, whichever back end runs them."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from lab.base.addresses import Addresses
from lab.base.errors import LearnerError
from lab.base.progress import Report, quiet
from lab.base.settings import settings
from lab.stack.layout import Layout, layout
from lab.stack.service import SERVICES, ServiceStatus

__all__ = ["SERVICES", "Control", "Report", "ServiceStatus", "control", "down", "status", "up"]


class Control(Protocol):
    """Control of one service. `kill` is SIGKILL, `freeze` SIGSTOP, `thaw` SIGCONT."""

    @property
    def pid(self) -> int | None: ...

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def restart(self) -> None: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


class _Backend(Protocol):
    def up(self, layout: Layout, report: Report, wait: bool) -> Addresses: ...
    def down(self, layout: Layout, report: Report) -> None: ...
    def status(self, layout: Layout, where: Addresses) -> list[ServiceStatus]: ...


def up(report: Report | None = None, wait: bool = True) -> Addresses:
    """Start all services and return where they answer, once each answered a real request. Idempotent.

    Where influxd must first be downloaded or built, `wait` says whether to wait for that too.
    Raises LabError with cause and remedy when something cannot start.
    """
    return _backend().up(layout(), report or quiet, wait)


def down(report: Report | None = None) -> None:
    """Stop all services that were started here; none is left."""
    _backend().down(layout(), report or quiet)


def status() -> list[ServiceStatus]:
    """The state of every service at this moment. Raises LearnerError when no stack was ever started here."""
    from lab.base import addresses

    return _backend().status(layout(), addresses.load())


def control(name: str) -> Control:
    """Control of one service. Raises LearnerError when there is none of that name, or when it is not ours."""
    from lab.stack.compose import ComposeControl
    from lab.stack.service_control import ServiceControl

    if name not in SERVICES:
        raise LearnerError(f"There is no service {name}.", f"Services are {', '.join(SERVICES)}.")
    if settings().backend == "compose":
        return ComposeControl(name, layout())
    if settings().backend == "external" and name != "proxy":
        raise LearnerError(f"{name} is run by somebody else (LAB_BACKEND=external).", "Only the proxy is ours here.")
    return ServiceControl(name, layout())


def _backend() -> _Backend:
    return cast(_Backend, import_module(f"lab.stack.{settings().backend}"))
