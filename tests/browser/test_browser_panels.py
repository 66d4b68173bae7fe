"""Every panel alone, on canned data: it draws, a scan finds nothing serious, the keyboard reaches everything."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from lab.widgets.lag_snapshot import LagComposer
from lab.widgets.map_snapshot import MapComposer
from lab.widgets.poller import Sample
from lab.widgets.topic_views import dead_letters, partitions
from tests.support import canned, harness

GRAVE = {"serious", "critical"}
CONTROLS = "button, input, select, textarea, summary, a[href], [tabindex='0']"


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
    expect(brokers.nth(1)).to_contain_text("broker 2 down")
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


@pytest.mark.parametrize("name", sorted(canned.PANELS))
def test_a_view_that_ends_leaves_no_listener(page: Page, name: str) -> None:
    show(page, name)
    snapshot, text = canned.PANELS[name][1](), page.locator(".lab-panel > details.lab-words")
    harness.feed(page, {**snapshot, "words": ["early"]})
    assert "early" in (text.text_content() or "")
    assert page.evaluate("window.listening()") > 0
    page.evaluate("window.unmount()")
    assert page.evaluate("window.listening()") == 0
    harness.feed(page, {**snapshot, "words": ["late"]})
    assert "late" not in (text.text_content() or "")


def test_a_panel_that_could_not_be_built_says_so_and_goes_on_saying_it(page: Page) -> None:
    show(page, "lag_view")
    opening = "function buildLag({ body }) {"
    source = harness.script("lag_view")
    assert opening in source
    broken = source.replace(opening, f"{opening} throw new Error('no room');")
    state = {"heading": "Lag", "snapshot": {"words": ["one"]}, "notice": {}}
    page.evaluate("document.querySelector('#here').replaceChildren()")
    page.evaluate(harness.MOUNT, [broken, state])
    expect(page.get_by_role("alert")).to_contain_text("could not be drawn: no room")
    harness.feed(page, {"words": ["two"]})
    expect(page.get_by_role("alert")).to_contain_text("could not be drawn: no room")


def test_a_lag_nobody_can_know_is_called_unknown(page: Page) -> None:
    held = {"members": {"m": ["l05_orders/0"]}, "ends": {"l05_orders/0": 9}}
    show(page, "lag_view", LagComposer("l05").compose(Sample(held, at=canned.NOW), canned.NOW))
    expect(page.locator(".lab-big")).to_have_text("lag unknown")
    expect(page.locator(".lab-bars li")).to_contain_text("unknown")


def test_the_map_before_its_first_look_shows_nothing_as_lost(page: Page) -> None:
    show(page, "pipeline_map", MapComposer(canned.NAMES).compose({}, canned.NOW))
    expect(page.locator(".lab-broker")).to_have_count(0)
    expect(page.locator("[data-state='down']")).to_have_count(0)


ODD = "a\"b'<i>${c}\\__proto__ \u00e9\U0001f600"


def test_odd_names_and_keys_are_shown_as_they_are(page: Page) -> None:
    records = [canned.record(0, n, key) for n, key in enumerate((ODD, "__proto__", "constructor", ""))]
    show(page, "partition_view", partitions(ODD, Sample({"partitions": {0: records}}, at=canned.NOW), {}))
    expect(page.locator(".lab-record b")).to_have_text(["no key", "constructor", "__proto__", ODD])  # newest first
    held = {"members": {ODD: [f"{ODD}/0"]}, "committed": {f"{ODD}/0": 1}, "ends": {f"{ODD}/0": 3}}
    show(page, "lag_view", LagComposer(ODD).compose(Sample(held, at=canned.NOW), canned.NOW))
    expect(page.locator(".lab-bars li")).to_contain_text(f"{ODD}/0")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_letters_with_one_offset_in_two_partitions_are_two(page: Page) -> None:
    held = {"partitions": {0: [canned.record(0, 3, "a")], 1: [canned.record(1, 3, 'b"<i>')]}}
    show(page, "dead_letter_view", dead_letters("dlq", Sample(held, at=canned.NOW)))
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody")).to_contain_text('b"<i>')


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


def test_the_slider_shows_what_was_asked_for_and_slow_steps_add_up(page: Page) -> None:
    page.clock.install()
    show(page, "fleet_panel", canned.fleet(load=41.0, demand=95.0))
    slider = page.get_by_label("Load of generator1 in percent")
    assert slider.input_value() == "95"
    expect(page.locator("[data-generator='generator1'] .lab-load")).to_have_text("load 41 %, asked for 95 %")
    slider.focus()
    for demand in (96.0, 97.0):
        page.keyboard.press("ArrowRight")
        page.clock.run_for(60_000)
        harness.feed(page, canned.fleet(load=42.0, demand=demand))
    assert [one["arguments"]["percent"] for one in harness.sent(page)] == [96, 97]
    assert slider.input_value() == "97"


def test_a_demand_that_the_fleet_never_takes_over_goes_back(page: Page) -> None:
    page.clock.install()
    show(page, "fleet_panel", canned.fleet(demand=50.0))
    slider = page.get_by_label("Load of generator1 in percent")
    slider.fill("90")
    harness.feed(page, canned.fleet(demand=50.0, load=49.0))
    assert slider.input_value() == "90"
    page.clock.run_for(60_000)
    harness.feed(page, canned.fleet(demand=50.0, load=48.0))
    assert slider.input_value() == "50"


def test_a_device_without_a_connection_is_not_taken_for_one_that_was_cut(page: Page) -> None:
    show(page, "fleet_panel", canned.fleet(connected=False))
    down, cut = (page.locator(f"[data-generator='generator{n}']") for n in (1, 2))
    expect(down).to_contain_text("offline: no connection")
    expect(down.get_by_role("button", name="Cut the network of generator1")).to_be_visible()
    expect(cut).to_contain_text("offline: cut")
    expect(cut.get_by_role("button", name="Restore the network of generator2")).to_be_visible()


def test_a_large_fleet_says_what_is_listed_and_any_generator_is_reached_by_name(page: Page) -> None:
    show(page, "fleet_panel")
    field = page.get_by_label("Generator", exact=True)
    expect(field).to_be_hidden()
    harness.feed(page, canned.fleet(1000))
    expect(page.locator(".lab-is-fleet tbody tr")).to_have_count(40)
    expect(page.locator(".lab-is-fleet")).to_contain_text("40 of 1,000 generators are listed")
    expect(page.locator(".lab-world title")).to_have_text("Map of the fleet: 998 with fuel, 1 need fuel, 1 offline")
    field.fill(" generator777 ")
    field.press("Enter")
    page.get_by_role("button", name="Follow", exact=True).click()
    assert harness.sent(page) == [{"command": "follow", "arguments": {"id": "generator777"}}] * 2


@pytest.mark.parametrize(("keys", "kept"), [("x", True), ("ArrowRight", True), ("Enter", True), ("Control+s", False)])
def test_single_keys_are_the_panels_and_those_with_ctrl_are_jupyterlabs(page: Page, keys: str, kept: bool) -> None:
    show(page, "fleet_panel")
    page.evaluate("""document.addEventListener('keydown', (event) => {
        window.kept = event.target.hasAttribute('data-lm-suppress-shortcuts'); event.preventDefault(); }, true)""")
    page.get_by_role("button", name="Refuel generator1").focus()
    page.keyboard.press(keys)
    assert page.evaluate("window.kept") is kept


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


EMPTY_FORM: dict[str, Any] = {"name": "n", "task": None, "runs": [], "log": [], "run": "", "words": []}
SAID_GOOD = "InfluxDB finds no error"


def checked(page: Page, errors: list[dict[str, Any]]) -> None:
    """Answer the form's newest check."""
    page.wait_for_function("window.sent.some((one) => one.command === 'check')")
    number = [one for one in harness.sent(page) if one["command"] == "check"][-1]["arguments"]["number"]
    page.evaluate("(held) => window.model.set('analysis', held)", {"errors": errors, "checked": number})


def drafted(page: Page, part: str) -> dict[str, Any]:
    """The unsaved text that the form has handed to the kernel, once it holds `part`."""
    page.wait_for_function("(part) => window.model.get('draft').flux?.includes(part)", arg=part)
    found: dict[str, Any] = page.evaluate("window.model.get('draft')")
    return found


@pytest.mark.parametrize("snapshot", [EMPTY_FORM, canned.task()], ids=["no task yet", "a saved task"])
def test_unsaved_flux_is_there_when_the_form_is_drawn_again(page: Page, snapshot: dict[str, Any]) -> None:
    show(page, "task_form", snapshot)
    page.get_by_label("Every", exact=False).fill("33s")
    page.get_by_label("Flux", exact=True).fill("half a thought")
    draft = drafted(page, "half a thought")
    harness.mount(
        page, "task_form", "InfluxDB task", snapshot, start={"flux": "the beginning"}, analysis={}, draft=draft
    )
    harness.feed(page, {**snapshot, "words": ["again"]})
    assert page.get_by_label("Flux", exact=True).input_value() == "half a thought"
    assert page.get_by_label("Every", exact=False).input_value() == "33s"


def test_the_last_keys_are_kept_when_the_view_ends_at_once(page: Page) -> None:
    show(page, "task_form", EMPTY_FORM)
    page.evaluate("""() => { const area = document.querySelector('textarea'); area.value = 'quick';
        area.dispatchEvent(new Event('input')); window.unmount(); }""")
    assert drafted(page, "quick")["flux"] == "quick"


def test_another_view_shows_what_this_one_wrote(page: Page) -> None:
    show(page, "task_form", EMPTY_FORM)
    page.evaluate(
        "(text) => window.model.set('draft', {...window.model.get('start'), flux: text})", "from the other view"
    )
    assert page.get_by_label("Flux", exact=True).input_value() == "from the other view"


def test_what_is_saved_is_no_draft_and_the_form_follows_the_saved_task(page: Page) -> None:
    show(page, "task_form")
    area = page.get_by_label("Flux", exact=True)
    area.fill("of my own")
    drafted(page, "of my own")
    saved = canned.task()
    saved["task"]["flux"] = "of my own"
    harness.feed(page, saved)
    assert page.evaluate("window.model.get('draft')") == {}
    saved["task"]["flux"] = "changed elsewhere"
    harness.feed(page, saved)
    assert area.input_value() == "changed elsewhere"


def test_a_verdict_ends_with_its_text_and_one_that_failed_replaces_it(page: Page) -> None:
    show(page, "task_form", EMPTY_FORM)
    area, verdict = page.get_by_label("Flux", exact=True), page.locator(".lab-problems")
    area.fill("one")
    checked(page, [])
    expect(verdict).to_contain_text(SAID_GOOD)
    area.press("x")
    expect(verdict).not_to_contain_text(SAID_GOOD)
    checked(page, [{"line": 1, "column": 1, "message": "undefined identifier one"}])
    expect(page.locator(".lab-gutter .lab-wrong")).to_have_count(1)
    page.get_by_role("button", name="Check").click()
    checked(page, [{"line": None, "column": 0, "message": "InfluxDB did not answer."}])
    expect(verdict).to_have_text("✗ InfluxDB did not answer.")
    expect(verdict.get_by_role("button")).to_have_count(0)
    expect(page.locator(".lab-gutter .lab-wrong")).to_have_count(0)


@pytest.mark.parametrize(("kind", "label"), [("every", "Every (10s, 5m, 1h)"), ("cron", "Cron (minute hour")])
def test_an_error_of_the_schedule_leads_to_its_field(page: Page, kind: str, label: str) -> None:
    show(page, "task_form", EMPTY_FORM)
    page.get_by_label("Schedule", exact=True).select_option(kind)
    checked(page, [{"line": 0, "column": 30, "message": "invalid expression"}])
    page.get_by_role("button", name="The schedule").click()
    expect(page.get_by_label(label)).to_be_focused()


def test_every_way_to_run_a_task_is_sent(page: Page) -> None:
    show(page, "task_form")
    for name in ("Run now", "Run for that time"):
        page.get_by_role("button", name=name).click()
    page.get_by_label("A past time (UTC)").fill("2026-03-01T12:00:05")
    page.get_by_role("button", name="Run for that time").click()
    page.get_by_role("button", name="Run again").last.click()
    page.get_by_role("button", name="Log of the run").first.click()
    page.get_by_role("button", name="Disable").click()
    assert [(one["command"], one["arguments"]) for one in harness.sent(page) if one["command"] != "check"] == [
        ("run", {}),
        ("run_for", {"when": ""}),
        ("run_for", {"when": "2026-03-01T12:00:05"}),
        ("retry", {"run": "a"}),
        ("look", {"run": "b"}),
        ("enable", {"active": False}),
    ]


BROKEN_WORDS = """() => { const broken = [], walk = document.createTreeWalker(document.querySelector('.lab-panel'), 4);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const over = node.parentElement;
    if (!over.checkVisibility() || over.closest('.lab-aloud, .lab-words, textarea')) continue;
    for (const word of node.data.matchAll(/[A-Za-z0-9]+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index); range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) broken.push(word[0]);
    } }
  return broken; }"""
"""Words of the panel that begin on one line and end on another."""
SMALL_TEXT = """() => [...document.querySelectorAll('.lab-panel *')].filter((node) => node.checkVisibility()
  && [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim())
  && parseFloat(getComputedStyle(node).fontSize) < 12).map((node) => node.textContent)"""


@pytest.mark.parametrize("name", sorted(canned.PANELS))
def test_text_has_twelve_pixels_and_words_are_whole(page: Page, name: str) -> None:
    show(page, name)
    assert page.evaluate(SMALL_TEXT) == []
    assert page.evaluate(BROKEN_WORDS) == []


@pytest.mark.parametrize("make", [canned.healthy_map, canned.broken_map])
def test_the_whole_map_fits_beside_a_lesson(page: Page, make: Any) -> None:
    page.set_viewport_size({"width": 580, "height": 816})
    show(page, "pipeline_map", make())
    assert page.evaluate("document.documentElement.scrollHeight") <= 816
    assert page.evaluate("document.documentElement.scrollWidth") <= 580
    assert page.evaluate(BROKEN_WORDS) == []


def test_the_narrowest_map_breaks_no_name(page: Page) -> None:
    page.set_viewport_size({"width": 440, "height": 816})
    show(page, "pipeline_map")
    assert page.evaluate(BROKEN_WORDS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 440


def many(keys: int, lanes: int = 12) -> dict[str, Any]:
    """So many keys with long names over 12 partitions, ten records in each."""
    held = {
        p: [canned.record(p, n, f"emergency-generator-of-the-hospital-{(p + lanes * n) % keys}") for n in range(10)]
        for p in range(lanes)
    }
    return partitions("l04_wide", Sample({"partitions": held}, at=canned.NOW), {})


def test_a_partition_keeps_its_newest_record_in_sight_and_each_key_has_its_colour(page: Page) -> None:
    show(page, "partition_view", many(100))
    for records in page.locator(".lab-records").all():
        newest = records.locator(".lab-record", has_text="@9").bounding_box()
        lane = records.bounding_box()
        assert newest is not None
        assert lane is not None
        assert lane["x"] <= newest["x"]
        assert newest["x"] + newest["width"] <= lane["x"] + lane["width"]
    colours = page.evaluate("""() => Object.entries(Object.groupBy(document.querySelectorAll('.lab-record'),
        (one) => one.title.split(',')[0])).map(([, ones]) => new Set(ones.map((o) => o.style.borderTopColor)))
        .map((held) => [...held].join('|'))""")
    assert len(colours) == 100
    assert len(set(colours)) == 100


@pytest.mark.parametrize("name", ["fleet_panel", "fault_panel", "connector_panel", "task_form"])
def test_a_notice_moves_no_button(page: Page, name: str) -> None:
    show(page, name)
    places = "[...document.querySelectorAll('.lab-panel button')].map((one) => one.getBoundingClientRect().top)"
    before = page.evaluate(places)
    page.evaluate("""window.model.set('notice', {level: 'trouble', text: 'What happened, and why. '.repeat(8),
        remedy: 'What to do next.', number: 1})""")
    expect(page.locator(".lab-notice")).to_be_visible()
    assert page.evaluate(places) == before
