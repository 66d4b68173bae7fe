"""Every panel alone, on canned data: it draws, a scan finds nothing serious, the keyboard reaches everything."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

GRAVE = {"serious", "critical"}
CONTROLS = "button, input, select, textarea, summary, a[href], [tabindex='0']"


def neighbour(name: str) -> ModuleType:
    """A module beside this file; the folder is no package."""
    key = f"browser_{name}"
    if key not in sys.modules:
        spec = importlib.util.spec_from_file_location(key, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        sys.modules[key] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[key])
    return sys.modules[key]


canned, harness = neighbour("canned"), neighbour("harness")


def show(page: Page, name: str, snapshot: dict[str, Any] | None = None, light: bool = True) -> None:
    heading, make = canned.PANELS[name]
    harness.mount(page, name, heading, snapshot or make(), light, **canned.EXTRA.get(name, dict)())


@pytest.mark.parametrize("light", [True, False], ids=["light", "dark"])
@pytest.mark.parametrize("name", sorted(canned.PANELS))
def test_a_scan_finds_nothing_serious(page: Page, name: str, light: bool) -> None:
    show(page, name, light=light)
    for twin in page.locator("details.lab-words > summary").all():
        twin.click()
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["help"]) for one in found if one["impact"] in GRAVE] == []


@pytest.mark.parametrize("name", sorted(canned.PANELS))
def test_the_keyboard_reaches_every_control_and_each_has_a_name(page: Page, name: str) -> None:
    show(page, name)
    wanted = page.locator(".lab-panel").locator(CONTROLS).and_(page.locator(":visible:not(:disabled)")).count()
    reached: set[str] = set()
    for _ in range(wanted * 3 + 5):
        page.keyboard.press("Tab")
        at = page.evaluate(
            """() => { const node = document.activeElement;
            if (!node.closest('.lab-panel')) return null;
            node.dataset.reached ??= String(Math.random());
            const name = node.ariaLabel || node.textContent || node.labels?.[0]?.textContent;
            return node.dataset.reached + (name?.trim() ? '' : ' nameless'); }"""
        )
        if at:
            reached.add(at)
    assert len(reached) == wanted
    assert not [one for one in reached if "nameless" in one]


@pytest.mark.parametrize("name", sorted(canned.PANELS))
def test_the_text_twin_says_what_the_picture_shows(page: Page, name: str) -> None:
    snapshot = canned.PANELS[name][1]()
    show(page, name, snapshot)
    page.locator(".lab-panel > details.lab-words > summary").click()
    assert page.locator(".lab-panel > details.lab-words li").all_inner_texts() == snapshot["words"]


def test_a_broken_snapshot_is_told_in_the_cell_and_the_next_one_draws(page: Page) -> None:
    show(page, "pipeline_map")
    harness.feed(page, {"nodes": [{"id": "fleet"}], "flows": {}})
    expect(page.get_by_role("alert")).to_contain_text("could not be drawn")
    harness.feed(page, canned.healthy_map())
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_map_shows_leaders_that_moved_a_lost_broker_and_a_lost_service(page: Page) -> None:
    show(page, "pipeline_map", canned.broken_map())
    brokers = page.locator(".lab-broker")
    expect(brokers.nth(1)).to_contain_text("broker 2 lost")
    expect(brokers.nth(1).locator(".lab-topic").first.locator("[data-role='behind']")).to_have_count(6)
    expect(brokers.nth(2).locator(".lab-topic").first.locator("[data-role='leader']")).to_have_count(4)
    expect(page.locator(".lab-at-raw")).to_contain_text("Restart influxd")
    expect(page.locator(".lab-eventbox")).to_contain_text("leader moved from broker 2 to 3")
    expect(page.locator(".lab-panel > [aria-live='polite']").last).not_to_be_empty()


def test_motion_stops_by_its_switch_and_by_the_systems_wish(page: Page) -> None:
    moving = "getComputedStyle(document.querySelector('.lab-dot')).animationName"
    show(page, "pipeline_map")
    assert page.evaluate(moving) == "lab-travel"
    page.get_by_role("switch", name="Motion").uncheck()
    assert page.evaluate(moving) == "none"
    page.emulate_media(reduced_motion="reduce")
    show(page, "pipeline_map")
    assert page.evaluate(moving) == "none"


def test_a_view_that_ends_leaves_no_listener(page: Page) -> None:
    show(page, "task_form")
    page.evaluate("window.unmount()")
    page.evaluate("window.model.set('analysis', {errors: [{line: 1, column: 1, message: 'x'}], checked: 0})")
    harness.feed(page, {"loading": True, "words": ["late"]})
    assert "late" not in page.locator(".lab-panel").inner_text()


def test_a_generator_is_driven_by_keyboard_alone(page: Page) -> None:
    show(page, "fleet_panel")
    page.get_by_label("Load of generator4 in percent").focus()
    page.keyboard.press("End")
    page.wait_for_function("window.sent.some((one) => one.command === 'set_load')")
    assert harness.sent(page)[-1] == {"command": "set_load", "arguments": {"id": "generator4", "percent": 100}}
    page.get_by_role("button", name="Cut the network of generator4").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Restore the network of generator2").focus()
    page.keyboard.press("Space")
    assert [one["command"] for one in harness.sent(page)[-2:]] == ["cut", "restore"]


def test_the_slider_stays_in_the_learners_hand_while_snapshots_come(page: Page) -> None:
    show(page, "fleet_panel")
    slider = page.get_by_label("Load of generator1 in percent")
    slider.focus()
    page.keyboard.press("Home")
    harness.feed(page, canned.fleet())
    assert slider.input_value() == "0"


def test_every_fault_has_its_undo(page: Page) -> None:
    show(page, "fault_panel")
    page.get_by_role("button", name="Kill kafka1").click()
    page.get_by_role("button", name="Undo freeze kafka2").click()
    page.get_by_role("button", name="Undo everything").click()
    assert harness.sent(page) == [
        {"command": "kill", "arguments": {"service": "kafka1"}},
        {"command": "undo", "arguments": {"key": "freeze kafka2"}},
        {"command": "heal", "arguments": {}},
    ]


def test_the_servers_errors_show_at_their_line_and_lead_there(page: Page) -> None:
    show(page, "task_form", {"name": "n", "task": None, "runs": [], "log": [], "run": "", "words": []})
    page.get_by_label("Flux", exact=True).fill('from(bucket: "a")\n  |> rnge()')
    page.wait_for_function("window.sent.some((one) => one.command === 'check')")
    checked = [one for one in harness.sent(page) if one["command"] == "check"][-1]["arguments"]["number"]
    errors = [{"line": 2, "column": 6, "message": "undefined identifier rnge"}]
    page.evaluate("(held) => window.model.set('analysis', held)", {"errors": errors, "checked": checked})
    expect(page.locator(".lab-gutter .lab-wrong")).to_have_text("✗ 2")
    page.get_by_role("button", name="Line 2, column 6").click()
    assert page.evaluate("document.activeElement.selectionStart") == len('from(bucket: "a")\n') + 5


def test_an_answer_about_an_older_text_is_dropped(page: Page) -> None:
    show(page, "task_form", {"name": "n", "task": None, "runs": [], "log": [], "run": "", "words": []})
    page.get_by_label("Flux", exact=True).fill("x")
    page.wait_for_function("window.sent.some((one) => one.command === 'check')")
    page.evaluate("window.model.set('analysis', {errors: [{line: 1, column: 1, message: 'old'}], checked: 99})")
    expect(page.locator(".lab-gutter .lab-wrong")).to_have_count(0)
