"""The plugin's build: Java sources to a folder that Kafka Connect can load.

Nothing but the Java runtime of the virtual environment is needed: the Eclipse compiler comes as a jar. The
result lies in the cache under a hash of everything it is made of, so a second build is a look-up, and a
half-made one never gets that name.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from lab.base.errors import MachineError
from lab.base.progress import Report, quiet
from lab.base.settings import ROOT, settings
from lab.stack.java.jars import KAFKA_LOCK, resolve
from lab.stack.java.runtime import QUICK, desk, java

PLUGIN = ROOT / "lab" / "connect" / "plugin"
SOURCES = PLUGIN / "src" / "main" / "java"
RESOURCES = PLUGIN / "src" / "main" / "resources"
PLUGIN_LOCK = PLUGIN / "locks" / "plugin.lock.toml"
"""What the plugin brings along: a set of its own, since it must not meet the worker's jars."""
COMPILER_LOCK = PLUGIN / "locks" / "compiler.lock.toml"
NAME = "kafka-connect-influxdb2"
ECJ = "org.eclipse.jdt.internal.compiler.batch.Main"
JAVA_LEVEL = "17"
"""The oldest Java that Kafka Connect 4 runs on. Not `--release`: the runtime has no signature file of older Javas."""
COMPILE_TIMEOUT_S = 300


def plugin_folder(report: Report | None = None) -> Path:
    """The folder for `plugin.path`, built when it is not in the cache.

    Raises MachineError when a jar cannot be had or the sources do not compile.
    """
    say = report or quiet
    folder = plugin_place()
    if not folder.exists():
        say("Building the Connect plugin")
        build(folder, say)
    return folder


def plugin_place() -> Path:
    """Where the built plugin lies in the cache, whether or not it is there yet."""
    return settings().cache.absolute() / "connect-plugin" / fingerprint()


def class_path() -> list[Path]:
    """The built plugin with its jars and the worker's, for running its classes outside Connect."""
    return [*sorted((plugin_folder() / NAME).glob("*.jar")), *resolve(KAFKA_LOCK)]


def version() -> str:
    """The plugin's version, of pom.xml."""
    found = ElementTree.parse(PLUGIN / "pom.xml").findtext("{http://maven.apache.org/POM/4.0.0}version")  # noqa: S314
    if found is None:
        raise MachineError("The plugin's pom.xml has no version.", "Restore lab/connect/plugin/pom.xml.")
    return found


def fingerprint() -> str:
    """A hash of the sources, the resources, the locks and this file."""
    digest = hashlib.sha256()
    inputs = [p for root in (SOURCES, RESOURCES) for p in root.rglob("*") if p.is_file()]
    for path in sorted([*inputs, PLUGIN / "pom.xml", PLUGIN_LOCK, COMPILER_LOCK, KAFKA_LOCK, Path(__file__)]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def build(folder: Path, report: Report = quiet) -> None:
    """Build into `folder`, which appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    libraries = resolve(PLUGIN_LOCK, report)
    with tempfile.TemporaryDirectory(prefix=".build-", dir=folder.parent) as scratch:
        made = Path(scratch) / "made"
        plugin = made / NAME
        plugin.mkdir(parents=True)
        classes = Path(scratch) / "classes"
        compile_java(sorted(SOURCES.rglob("*.java")), [*libraries, *resolve(KAFKA_LOCK, report)], classes)
        copy_resources(classes)
        write_jar(classes, plugin / f"{NAME}-{version()}.jar")
        for library in libraries:
            shutil.copyfile(library, plugin / library.name)
        _keep(made, folder)


def _keep(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        if not folder.exists():  # another process may have been faster, with the same result
            raise


def compile_java(sources: list[Path], jars: list[Path], into: Path) -> None:
    """Compile with the Eclipse compiler. Raises MachineError with the compiler's words."""
    into.mkdir(parents=True, exist_ok=True)
    [ecj] = resolve(COMPILER_LOCK)
    options = (f"-{JAVA_LEVEL}", "-g", "-encoding", "UTF-8", "-proc:none", "-nowarn")
    with desk() as here:
        places = ("--system", here.place(java().parents[1]), "-d", "classes", "-cp", here.class_path(jars))
        done = here.run(
            QUICK, "-cp", here.name(ecj), ECJ, *options, *places, *map(here.copy, sources), seconds=COMPILE_TIMEOUT_S
        )
        if (here.folder / "classes").exists():
            shutil.copytree(here.folder / "classes", into, dirs_exist_ok=True)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()
        raise MachineError(
            f"The plugin's Java sources do not compile:\n{said[-4000:]}",
            "Correct the file and line named above, then run the command again.",
        )


def copy_resources(into: Path) -> None:
    """Copy the resources; pom.xml's version takes its place in version.properties."""
    for path in RESOURCES.rglob("*"):
        if path.is_file():
            target = into / path.relative_to(RESOURCES)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(path.read_text().replace("${project.version}", version()))


def write_jar(classes: Path, jar: Path) -> None:
    """Pack a folder of classes."""
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\r\nImplementation-Version: {version()}\r\n\r\n"
        )
        for path in sorted(classes.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(classes).as_posix())
