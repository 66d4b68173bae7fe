"""What a lesson's first cell imports: nothing that only a later cell or a check needs."""

from __future__ import annotations

import subprocess
import sys

from lab.settings import ROOT

CLIENTS = (
    "kafka",
    "confluent_kafka",
    "influxdb_client",
    "httpx",
    "numpy",
    "plotly",
    "nbformat",
    "jsonschema",
    "paho.mqtt",
)


def test_the_first_cell_imports_no_client_of_a_service() -> None:
    """They take seconds on a slow machine, before a learner has seen anything."""
    said = f"import sys; from lab.learn import exercise; print([m for m in {CLIENTS} if m in sys.modules])"
    done = subprocess.run((sys.executable, "-c", said), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
