"""The ledger: what the proxy acknowledged against what arrived at every hop.

`judge` is pure and decides from evidence; `collect` fetches the evidence from Kafka and InfluxDB. docs/ledger.md says
what every number means.
"""

from lab.kafka.groups import GroupPosition, GroupReader
from lab.ledger.collect import Baseline, Collector, take_baseline
from lab.ledger.evidence import (
    ALARMS,
    DEAD_LETTERS,
    DOWNSAMPLED,
    KAFKA,
    RAW,
    AlarmRecord,
    Evidence,
    KafkaRecord,
    Positions,
)
from lab.ledger.judge import LATE, LOST, WHOLE, Ledger, judge
from lab.ledger.missing import Late
from lab.ledger.progress import Progress, progress

__all__ = [
    "ALARMS",
    "DEAD_LETTERS",
    "DOWNSAMPLED",
    "KAFKA",
    "LATE",
    "LOST",
    "RAW",
    "WHOLE",
    "AlarmRecord",
    "Baseline",
    "Collector",
    "Evidence",
    "GroupPosition",
    "GroupReader",
    "KafkaRecord",
    "Late",
    "Ledger",
    "Positions",
    "Progress",
    "judge",
    "progress",
    "take_baseline",
]
