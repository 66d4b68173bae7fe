"""The ledger: what the proxy acknowledged against what arrived at every hop.

`judge` is pure and decides from evidence; `collect` fetches the evidence from Kafka and InfluxDB. docs/ledger.md says
what every number means.
"""

from lab.ledger.collect import Collector, Marks, marks
from lab.ledger.evidence import AlarmRecord, Evidence, KafkaRecord
from lab.ledger.judge import Ledger, judge

__all__ = ["AlarmRecord", "Collector", "Evidence", "KafkaRecord", "Ledger", "Marks", "judge", "marks"]
