"""`./workshop goto LESSON`: bring the stack and its state to what a lesson needs, whatever was there before.

The manifest names the state; `lab.provision` builds it. A lesson that needs more has a state.py with
`prepare(addresses)`. Everything here is idempotent.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Sequence

from rich.console import Console

from lab.base.addresses import Addresses, load
from lab.base.errors import LabError
from lab.course import manifest
from lab.course.manifest import Lesson


def prepare(lesson: Lesson, addresses: Addresses | None = None) -> None:
    """Build the state that a lesson needs on the running stack. Raises LabError when a service refuses."""
    where = addresses or load()
    for need in lesson.needs:
        _builder(need)(where)
    if (lesson.path / "state.py").exists():
        importlib.import_module(f"course.{lesson.folder}.state").prepare(where)


def main(argv: Sequence[str] | None = None) -> int:
    """`./workshop goto LESSON`."""
    parser = argparse.ArgumentParser(prog="workshop goto", description="Bring the stack to what a lesson needs.")
    parser.add_argument("lesson", help="such as l02, 02 or 02_publishing_over_mqtt")
    name = parser.parse_args(argv).lesson
    console = Console()
    try:
        lesson = manifest.lesson(name)
        with console.status(f"Preparing {lesson.id}: starting the services"):
            where = _up()
        with console.status(f"Preparing {lesson.id}: {', '.join(lesson.needs) or 'nothing more to build'}"):
            prepare(lesson, where)
    except LabError as error:
        console.print(error.cause, error.remedy, sep="\n", markup=False, highlight=False)
        return 1
    console.print(f"Ready for {lesson.number} · {lesson.title}: open notebooks/{lesson.notebook}.ipynb")
    return 0


def _up() -> Addresses:
    from lab import stack

    return stack.up()


def _builder(need: str) -> Callable[[Addresses], object]:
    from lab import provision

    known: dict[str, Callable[[Addresses], object]] = {
        "topics": provision.topics,
        "buckets": provision.buckets,
        "task": provision.task,
        "sink": provision.sink,
        "source": provision.source,
    }
    return known[need]


if __name__ == "__main__":
    raise SystemExit(main())
