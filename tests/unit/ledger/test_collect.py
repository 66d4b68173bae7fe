"""What the collector does where Kafka has no such topic: it says so, because nothing read is not nothing there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Self

import pytest

from lab.base.errors import ServiceError
from lab.ledger import Collector, collect
from lab.ledger.collect import Baseline, take_baseline
from tests.support.nowhere import nowhere


class NoTopics:
    """A reader of a cluster that has no topics."""

    def __init__(self, *_: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def partitions(self, _topic: str) -> tuple[()]:
        return ()

    def ends(self, _topic: str) -> dict[int, int]:
        return {}

    def first_since(self, _topic: str, _since: int) -> dict[int, int]:
        return {}

    def read(self, *_: object) -> Iterator[Any]:
        return iter(())


@pytest.mark.parametrize(
    "ask",
    [
        lambda collector: take_baseline(nowhere(), 0),
        lambda collector: collector.kafka(),
        lambda collector: collector.alarms(),
        lambda collector: collector.refused(),
    ],
    ids=["baseline", "readings", "alarms", "dead letters"],
)
def test_a_topic_that_is_gone_is_an_error_and_no_loss(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[Collector], object]
) -> None:
    monkeypatch.setattr(collect, "TopicReader", NoTopics)
    with pytest.raises(ServiceError, match="Kafka has no topic"):
        ask(Collector(nowhere(), Baseline({}, {}, 0)))
