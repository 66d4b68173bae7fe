"""What is made of the Java sources: the plugin's own tests, its reference page, its archive."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from lab.authoring import connectors_reference
from lab.base.errors import MachineError
from lab.stack.java import plugin
from lab.stack.java.archive import archive
from tests.support import java_tests


@pytest.mark.timeout(900)
def test_the_plugins_own_tests() -> None:
    """Among them the source against a model of a bucket, thousands of random histories."""
    result = java_tests.run()
    assert result.passed, result.output[-6000:]
    assert "RescanWindowModelTest" in "".join(path.name for path in java_tests.TESTS.rglob("*.java"))


def test_the_reference_page_is_up_to_date() -> None:
    assert connectors_reference.PAGE.read_text() == connectors_reference.page(), (
        "run python -m lab.authoring.connectors_reference"
    )


def test_the_archive_is_a_plugin(tmp_path: Path) -> None:
    made = archive(tmp_path)
    with zipfile.ZipFile(made) as packed:
        names = packed.namelist()
    root = made.stem
    assert f"{root}/manifest.json" in names
    assert f"{root}/lib/{plugin.NAME}-{plugin.version()}.jar" in names
    assert any(name.startswith(f"{root}/lib/influxdb-client-java") for name in names)
    assert f"{root}/lib/jackson-core-2.21.2.jar" in names
    assert not any("kafka-clients" in name for name in names)


def test_a_source_that_does_not_compile_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "Wrong.java"
    wrong.write_text("class Wrong { int x = y; }\n")
    with pytest.raises(MachineError, match=r"Wrong\.java"):
        plugin.compile_java([wrong], [], tmp_path / "classes")


@pytest.mark.timeout(1200)
@pytest.mark.skipif(shutil.which("mvn") is None, reason="Maven is not installed")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param(
            ["-DskipTests"], id="quick"
        ),  # the plugin's tests run above; javac, its warnings and the archive here
        pytest.param([], id="whole", marks=pytest.mark.thorough("the whole of mvn verify")),
    ],
)
def test_maven_verifies_the_plugin_and_makes_the_same_archive(tmp_path: Path, options: list[str]) -> None:
    ours = archive(tmp_path)
    done = subprocess.run(
        ["mvn", "-B", "-q", *options, "clean", "verify"],
        cwd=plugin.PLUGIN,
        capture_output=True,
        text=True,
        timeout=1000,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    theirs = plugin.PLUGIN / "target" / ours.name
    jar = f"{ours.stem}/lib/{plugin.NAME}-{plugin.version()}.jar"
    with zipfile.ZipFile(ours) as one, zipfile.ZipFile(theirs) as other:
        names = {name for name in other.namelist() if not name.endswith("/")}
        assert names == set(one.namelist())
        assert [name for name in sorted(names) if name != jar and one.read(name) != other.read(name)] == []
        assert sources_of(one.read(jar)) == sources_of(other.read(jar))


def sources_of(jar: bytes) -> set[str]:
    """Resources, and classes without those that a compiler adds by a number."""
    with zipfile.ZipFile(io.BytesIO(jar)) as packed:
        names = {
            name for name in packed.namelist() if not name.endswith("/") and not name.startswith("META-INF/maven/")
        }
    return {name for name in names if not re.search(r"\$\d+\.class$", name)}
