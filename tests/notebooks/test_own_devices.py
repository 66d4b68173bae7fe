"""Lesson 12 with the other devices: the same checks pass for each, with answers that follow from its description."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from lab.authoring import build
from lab.authoring.execute import execute, text_of
from lab.course import goto, manifest
from lab.fleet.description import KEYS, Description
from lab.fleet.devices import DEVICES

LESSON = manifest.lesson("l12")


def replacements(about: Description) -> dict[str, Any]:
    """What differs from the solution, by the id of the cell: a function from its text to the new one."""
    first, (field, compare, limit) = about.topic.split("/")[0], about.alarm
    declared = {key: value for key, value in asdict(about).items() if key in KEYS}
    rules = (
        f'[[rule]]\nname = "readings"\nmqtt = "{about.topic}"\ntopic = "{about.named("readings")}"\n'
        f'key = "{{{about.id}}}"\nheaders = {{ {about.id} = "{{{about.id}}}" }}\n'
        f'[[rule]]\nname = "rest"\nmqtt = "{first}/#"\ntopic = "{about.named("rest")}"\n'
    )
    level = about.topic.split("/").index(f"{{{about.id}}}")
    always = next(name for name in about.fields if name != field)
    precision = "Milliseconds" if about.precision == "ISO 8601" else about.precision
    return {
        "l12-device": lambda text: f'ex1 = exercise("l12.device")\ndevice = {declared!r}',
        "l12-rule": lambda text: text.replace(text[text.index("rules = ") : text.index("if ")], f"rules = {rules!r}\n"),
        "l12-sink": lambda text: text.replace('device["precision"]', repr(precision)),
        "l12-task": lambda text: (
            text.replace("l12_weather", f"l12_{about.name}")
            .replace("wind_kn", field)
            .replace('"station"', f'"{about.id}"')
            .replace("> 20.0 / 0.5144", f"{compare} {limit}")
        ),
        "l12-ledger": lambda text: text.replace('split("/")[2]', f'split("/")[{level}]').replace("pressure_hpa", always),
    }


@pytest.mark.thorough("lesson 12 from its first cell to its last, for each further device")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["machine", "home"])
def test_the_whole_lesson_with_another_device(name, stack, tmp_path):
    goto.prepare(LESSON, stack)
    notebook, changes = build.composed(LESSON, "solution"), replacements(DEVICES[name].truth)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = changes.get(cell.id, str)(cell.source)
            cell.source = cell.source.replace("devices.WEATHER", f"devices.{name.upper()}")
    execute(notebook, tmp_path, LESSON.folder)
    checks = [text_of(cell) for cell in notebook.cells if "check" in cell.metadata.get("tags", ())]
    assert len(checks) == 10
    assert [said for said in checks if "✔ Passed" not in said] == []
