"""What is made of the Java sources: the plugin's own tests, its reference page, its archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lab.connect import build, javatests, reference
from lab.connect.archive import archive
from lab.errors import MachineError


@pytest.mark.timeout(900)
def test_the_plugins_own_tests() -> None:
    """Among them the source against a model of a bucket, thousands of random histories."""
    result = javatests.run()
    assert result.passed, result.output[-6000:]
    assert "SweepModelTest" in "".join(path.name for path in javatests.TESTS.rglob("*.java"))


def test_the_reference_page_is_up_to_date() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run python -m lab.connect.reference"


def test_the_archive_is_a_plugin(tmp_path: Path) -> None:
    made = archive(tmp_path)
    with zipfile.ZipFile(made) as packed:
        names = packed.namelist()
    root = made.stem
    assert f"{root}/manifest.json" in names
    assert f"{root}/lib/{build.NAME}-{build.version()}.jar" in names
    assert any(name.startswith(f"{root}/lib/influxdb-client-java") for name in names)
    assert not any("kafka-clients" in name for name in names)


def test_a_source_that_does_not_compile_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "Wrong.java"
    wrong.write_text("class Wrong { int x = y; }\n")
    with pytest.raises(MachineError, match=r"Wrong\.java"):
        build.compile_java([wrong], [], tmp_path / "classes")
