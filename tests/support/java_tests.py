"""The plugin's own unit tests (JUnit 5), run on the Java runtime of the virtual environment."""

from __future__ import annotations

from dataclasses import dataclass

from lab.stack.java.jars import resolve
from lab.stack.java.plugin import PLUGIN, class_path, compile_java
from lab.stack.java.runtime import desk

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
    jars = class_path()
    with desk() as here:
        compile_java(sorted(TESTS.rglob("*.java")), [*jars, junit], here.folder / "classes")
        places = ("-cp", f"classes:{here.class_path(jars)}", "--scan-classpath", "classes")
        settings = [f"-D{item}" for item in properties]
        options = ("--disable-banner", "--details=summary", "--fail-if-no-tests")
        done = here.run(*settings, "-jar", here.name(junit), "execute", *places, *options, seconds=TIMEOUT_S)
    return TestRun(done.returncode == 0, done.stdout + done.stderr)
