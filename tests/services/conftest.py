"""What the service tests share: topics, a bucket and connectors of a test's own on the session's stack."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bench.connect_trial import Trial
from lab.base.addresses import Addresses


@pytest.fixture
def trial(stack: Addresses, request: pytest.FixtureRequest) -> Iterator[Trial]:
    """Topics and a bucket of this test's own, named after it."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).removeprefix("test-")[:40].strip("-")
    with Trial(stack, name) as made:
        yield made
