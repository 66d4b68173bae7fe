"""What a lesson's first cell imports: nothing that belongs to one service or to drawing."""

from __future__ import annotations

import subprocess
import sys

from lab.base.settings import ROOT

HEAVY = {
    "aiokafka", "anywidget", "confluent_kafka", "influxdb_client", "ipywidgets", "jsonschema", "jupytext", "kafka",
    "nbclient", "nbformat", "numpy", "pandas", "plotly", "reactivex", "rfc3987_syntax", "supervisor", "typer",
}  # fmt: skip
"""Packages that take a tenth of a second or more, many times that on a slow machine."""


def test_the_first_import_of_a_lesson_brings_no_heavy_package() -> None:
    code = "import sys; from lab.learn import allow, exercise, LearnerError; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in done.stdout.split()} & HEAVY == set()
