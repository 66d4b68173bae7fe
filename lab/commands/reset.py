"""Reset: a service, a lesson or everything.

What will be removed is decided and said first, with its place and size, then asked for, then removed. Only what a
stack made goes, by name, and only from a folder that is a stack's own. Notebooks are never removed: what the learner
wrote is moved aside into a dated folder, `.lab/kept/`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lab.base.errors import LearnerError, MachineError
from lab.base.pace import allow
from lab.base.settings import ROOT, settings
from lab.commands.console import err, steps
from lab.stack import kafka, native, supervisor
from lab.stack.layout import FILES, FOLDERS, KEPT, Layout, layout
from lab.stack.service import SERVICES

if TYPE_CHECKING:
    from lab.course.manifest import Lesson

EVERYTHING = (*FOLDERS, *FILES, "progress.toml", "jupyter")
"""What a reset of everything takes: what the learner keeps, and the mark of the folder, stay."""
CONNECT_TOPICS = ("connect-configs", "connect-offsets", "connect-status")


@dataclass(frozen=True)
class Plan:
    """What goes: `lines` say it, `paths` are removed with the services stopped, `lessons` are written again."""

    lines: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    lessons: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    connect: bool = False

    def __add__(self, other: Plan) -> Plan:
        return Plan(
            self.lines + other.lines,
            self.paths + other.paths,
            self.lessons + other.lessons,
            self.exercises + other.exercises,
            self.connect or other.connect,
        )


def plan(what: Sequence[str], here: Layout) -> Plan:
    """What these words mean. Raises LearnerError for a word that means nothing."""
    total = Plan()
    for word in what:
        total = total + _meaning(word, here)
    return total


def _meaning(word: str, here: Layout) -> Plan:
    if word in ("everything", "all"):
        paths = tuple(here.state / name for name in EVERYTHING)
        return Plan(("all data, secrets, logs and progress of this clone",), paths, ("*",))
    if word == "kafka" or (word in SERVICES and word.startswith("kafka")):
        brokers = (service for service in SERVICES if service.startswith("kafka"))
        paths = tuple(here.data / name for name in (*brokers, kafka.CLUSTER_ID))
        return Plan(("all topics and consumer groups in Kafka, and with them the connectors",), paths)
    if word == "influxd":
        secrets = (here.influx_token, here.secrets / "influx-password")
        return Plan(("all buckets, points and tasks in InfluxDB",), (here.data / "influxd", *secrets))
    if word == "connect":
        return Plan(("all connectors and their offsets",), connect=True)
    if word == "proxy":
        return Plan(("nothing: the proxy keeps no data; it is only started again",), (here.state / "proxy.toml",))
    return _exercise_plan(word) if "." in word else _lesson_plan(word)


def _exercise_plan(name: str) -> Plan:
    from lab.checks import exercise

    found = exercise.find(name)
    return Plan((f"progress of exercise {found.id}; its cell becomes what it was",), exercises=(found.id,))


def _lesson_plan(word: str) -> Plan:
    lesson = _lesson(word)
    return Plan((f"progress of lesson {lesson.id}; its notebook is written again",), lessons=(lesson.id,))


def _lesson(word: str) -> Lesson:
    from lab.course import manifest

    try:
        return manifest.lesson(word)
    except LearnerError as error:
        raise LearnerError(
            f"There is no service and no lesson {word}.", "Say kafka, connect, influxd, proxy, a lesson, or everything."
        ) from error


def reset(what: Sequence[str], yes: bool) -> None:
    """Say, ask, remove, and start again what ran before. Raises typer.Abort when the answer is no."""
    if settings().backend != "native":
        raise LearnerError("Only services of the native back end can be reset here.", "Reset yours with its own tools.")
    here = layout()
    here.require_own()
    planned = plan(what, here)
    for line in planned.lines:
        err.print(f"This removes {line}.", soft_wrap=True)
    for path in there(planned):
        err.print(f"  {path} ({size(path)})", markup=False, soft_wrap=True)
    if not yes:
        typer.confirm("Continue?", abort=True, err=True)
    _carry_out(planned, here)


def _carry_out(planned: Plan, here: Layout) -> None:
    ran = supervisor.processes(here) is not None
    with steps() as report:
        if planned.lessons:
            report("Moving your notebooks aside and writing them again")
            for lesson in planned.lessons:
                renew(lesson, here)
        for name in planned.exercises:
            renew_exercise(name)
        if planned.connect:
            _forget_connectors(here)
        if not planned.paths:
            return
        native.down(here, report)
        report("Removing")
        for path in there(planned):
            remove(path)
        if ran:
            native.up(here, report)


def there(planned: Plan) -> list[Path]:
    """The paths of a plan that exist; a link counts, wherever it leads."""
    return [path for path in planned.paths if path.is_symlink() or path.exists()]


def remove(path: Path) -> None:
    """Remove a file, a folder, or a link without what it leads to. Raises MachineError naming what stays."""
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise MachineError(
            f"{error.filename or path} cannot be removed: {error.strerror or error}.",
            "Fix its permissions, or close what has it open, then run the same reset again.",
        ) from error


def size(path: Path) -> str:
    """What a path takes on the disk, links not followed: `12.3 MB`."""
    files = [path] if path.is_symlink() or path.is_file() else [one for one in path.rglob("*") if not one.is_dir()]
    taken = 0
    for file in files:
        with suppress(OSError):  # a running service removes files at the same time
            taken += file.lstat().st_blocks * 512
    return f"{taken / 1e6:.1f} MB"


def renew(lesson: str, here: Layout) -> None:
    """Keep the notebooks of a lesson (`*` for all) in a dated folder, write them again, delete the progress."""
    from lab.authoring import build
    from lab.checks import exercise, progress
    from lab.course import manifest

    chosen = manifest.authored() if lesson == "*" else (manifest.lesson(lesson),)
    kept = here.state / KEPT / time.strftime("%Y-%m-%d_%H%M%S")
    for one in chosen:
        keep_aside(build.target(one, "learner"), kept)
        build.build(one, run=False, console=err)
        progress.forget(list(exercise.of_lesson(one)))
    if kept.exists():
        err.print(f"Your notebooks are in {kept}", soft_wrap=True)


def renew_exercise(name: str) -> None:
    """Make an exercise's cell in the learner's notebooks the stub again and forget its progress."""
    from lab.checks.reset import reset as reset_exercise

    for copy in reset_exercise(name):
        err.print(f"Your notebook is in {copy}", soft_wrap=True)


def keep_aside(notebook: Path, kept: Path) -> None:
    """Copy a notebook into the folder of what is kept."""
    if notebook.exists():
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copy2(notebook, kept / notebook.relative_to(ROOT).name)


def _forget_connectors(here: Layout) -> None:
    """Connect keeps all it knows in three topics: without them it starts from scratch. Raises LearnerError."""
    from lab.base import addresses
    from lab.kafka.client import admin
    from lab.stack import ready

    if supervisor.processes(here) is None:
        raise LearnerError("Connect's state lies in Kafka, which does not run.", "Start it first with ./workshop up.")
    where = addresses.load(here.state)
    supervisor.stop("connect", here)
    client = admin(where)  # it must outlive its answers
    for deleted in client.delete_topics(list(CONNECT_TOPICS), operation_timeout=allow(20)).values():
        deleted.exception(allow(30))
    supervisor.start("connect", here)
    ready.connect(where, here)
