"""The plugin's own unit tests (JUnit 5), run on the Java runtime of the virtual environment."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.connect.build import NAME, PLUGIN, compile_java, plugin_folder
from lab.pace import allow
from lab.stack.jars import KAFKA_LOCK, resolve
from lab.stack.java import java

TESTS = PLUGIN / "src" / "test" / "java"
JUNIT_LOCK = PLUGIN / "locks" / "junit.lock.toml"
TIMEOUT_S = 600


@dataclass(frozen=True)
class TestRun:
    """What JUnit said; `output` ends with its summary."""

    __test__ = False  # not a test itself, whatever its name

    passed: bool
    output: str


def run(*properties: str) -> TestRun:
    """Compile and run the tests. `properties` are Java's, such as `sweep.seed=1`.

    Raises MachineError when they do not compile.
    """
    [junit] = resolve(JUNIT_LOCK)
    jars = [*sorted((plugin_folder() / NAME).glob("*.jar")), *resolve(KAFKA_LOCK)]
    with tempfile.TemporaryDirectory(prefix="junit-") as scratch:
        compile_java(sorted(TESTS.rglob("*.java")), [*jars, junit], Path(scratch))
        joined = os.pathsep.join(map(str, [scratch, *jars]))
        settings = [f"-D{item}" for item in properties]
        command = [str(java()), *settings, "-XX:+UseSerialGC", "-jar", str(junit), "execute", "-cp", joined]
        command += ["--scan-classpath", scratch, "--disable-banner", "--details=summary", "--fail-if-no-tests"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=allow(TIMEOUT_S), check=False)
    return TestRun(done.returncode == 0, done.stdout + done.stderr)
