"""The external back end: services that somebody else runs (here: the session's stack), and a proxy of our own."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import stack as services
from lab.base import addresses
from lab.base.addresses import Addresses
from lab.base.errors import LearnerError, ServiceError
from lab.base.settings import settings
from lab.stack import orphans
from lab.stack.layout import layout

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def external(stack: Addresses, tmp_path: Path) -> Iterator[Addresses]:
    """Settings that name the session's services, and a state folder of this test's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAB_BACKEND", "external")
        patch.setenv("LAB_STATE", str(tmp_path / "state"))
        patch.setenv("LAB_NAMESPACE", "class7_")
        patch.setenv("LAB_KAFKA_BOOTSTRAP", stack.kafka_bootstrap)
        patch.setenv("LAB_CONNECT_URL", stack.connect_url)
        patch.setenv("LAB_INFLUX_URL", stack.influx_url)
        patch.setenv("LAB_INFLUX_TOKEN", stack.influx_token)
        settings.cache_clear()
        try:
            yield stack
        finally:
            services.down()
    settings.cache_clear()


def test_only_the_proxy_is_ours(external: Addresses) -> None:
    where = services.up()
    assert (where.backend, where.namespace, where.kafka_bootstrap) == ("external", "class7_", external.kafka_bootstrap)
    assert where.mqtt_port != external.mqtt_port
    assert where == addresses.load()
    assert stat.S_IMODE(where.influx_token_file.stat().st_mode) == 0o600
    rows = {row.name: row for row in services.status()}
    assert {row.state for row in rows.values()} == {"ready"}, rows
    assert [name for name, row in rows.items() if row.pid] == ["proxy"]
    assert services.control("proxy").pid == rows["proxy"].pid
    with pytest.raises(LearnerError, match="run by somebody else"):
        services.control("kafka1")
    services.down()
    assert orphans.find(layout()) == []


def test_what_does_not_answer_is_named(external: Addresses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_CONNECT_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    with pytest.raises(ServiceError, match="connect does not answer"):
        services.up()
