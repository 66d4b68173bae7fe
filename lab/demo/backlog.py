"""What lies before a run when it begins: records that the sink and the dispatcher have to take first."""

from __future__ import annotations

from dataclasses import dataclass

from tenacity import retry, retry_if_exception_type, wait_fixed

from lab.base.addresses import Addresses
from lab.base.errors import ServiceError
from lab.base.pace import stop_after
from lab.ledger import GroupReader

SMALL = 10_000
"""A backlog that the sink works off within the task's ordinary look-back."""
SLOW_SINK_PER_S = 300
"""A sink that refuses every record and is slow at it; what the look-back reckons with."""
MARGIN_S = 180
ANSWER_S = 30.0
"""Right after its start Kafka moves the coordinators of groups between brokers, and then refuses the question."""
LONGEST_S = 3600
"""The task and the source read the whole look-back again and again; beyond an hour that costs more than it saves."""


@dataclass(frozen=True)
class Backlog:
    """Records not yet taken."""

    sink: int
    dispatcher: int

    @property
    def lookback(self) -> int | None:
        """Seconds that readings may be late behind this backlog; None when the ordinary look-back is enough.

        Readings wait behind the backlog, so they come into the raw bucket long after their slots have closed. The task
        writes their rows, and the source hands them over, only as far as they look back.
        """
        return None if self.sink < SMALL else min(LONGEST_S, MARGIN_S + self.sink // SLOW_SINK_PER_S)

    def words(self) -> list[str]:
        """A line for each hop that has records before it."""
        lines = []
        if self.sink:
            lines.append(
                f"The sink has {self.sink:,} records before it. This run's readings wait behind them: they may come to "
                "kafka_raw late, and the ledger waits as long as the sink goes on."
            )
        if self.dispatcher:
            lines.append(f"The dispatcher has {self.dispatcher:,} alarms of earlier runs before it. They send no fuel.")
        return lines


@retry(retry=retry_if_exception_type(ServiceError), stop=stop_after(ANSWER_S), wait=wait_fixed(0.5), reraise=True)
def see_backlog(addresses: Addresses) -> Backlog:
    """Ask Kafka. The topics must exist. Raises ServiceError when it does not answer in time."""
    names = addresses.names
    with GroupReader(addresses, names.sink_group) as sink, GroupReader(addresses, names.dispatchers) as dispatcher:
        return Backlog(sink.position(names.readings).behind, dispatcher.position(names.alarms).behind)
