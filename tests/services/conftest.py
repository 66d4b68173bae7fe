"""The services that the tests of this folder run against: one private stack for the whole session.

It has a state folder of its own, so neither the learner's data nor the learner's ports are touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import stack as services
from lab.addresses import Addresses
from lab.connect.trial import Trial
from lab.settings import settings


@pytest.fixture(scope="session")
def stack_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of the session's stack; LAB_STATE names it until the session ends."""
    state = tmp_path_factory.mktemp("stack") / "state"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_STATE", str(state))
        settings.cache_clear()
        yield state
    settings.cache_clear()


@pytest.fixture(scope="session")
def stack(stack_state: Path) -> Iterator[Addresses]:
    """Where a running stack answers, every service ready; stopped at the end of the session."""
    try:
        yield services.up()
    finally:
        services.down()


@pytest.fixture
def trial(stack: Addresses, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """Topics and a bucket of this test's own, named after it."""
    with Trial(stack, request.node.name.replace("_", "-").removeprefix("test-")[:40]) as made:
        yield made
