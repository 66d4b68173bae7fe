"""Connections for the tests of the protocol core: new ones, open ones, and how one ended."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lab.proxy.core.opening import Grant, Limits
from lab.proxy.core.packets import V5, V311, Connect, Ended
from lab.proxy.core.session import Session
from tests.support import publisher

VERSIONS = pytest.mark.parametrize("version", [V311, V5])


def fresh(limits: Limits | None = None) -> Session:
    return Session(limits or Limits(), 0.0)


def opened(version: int = V311, limits: Limits | None = None, grant: Grant | None = None, **fields: object) -> Session:
    session = fresh(limits)
    session.receive(publisher.connect(Connect(version, "c", True, 60, **fields)), 0.0)  # type: ignore[arg-type]
    session.accept(grant or Grant("c"))
    session.take_output()
    return session


def end_of(events: Sequence[object]) -> Ended:
    [ended] = [event for event in events if isinstance(event, Ended)]
    return ended
