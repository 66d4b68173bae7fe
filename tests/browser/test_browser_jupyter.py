"""The course as a learner meets it: JupyterLab, the panels and the real services, in a real browser.

One JupyterLab serves all tests of this module; each test waits on what a learner would see. With LAB_PICTURES set
to a folder, the pictures of the documentation are taken on the way.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from tenacity import retry, retry_if_exception_type, wait_fixed

from lab.base.pace import allow_ms, stop_after
from lab.faults import Poison
from lab.jupyter import JupyterCommand
from lab.widgets.panels.fault_panel import SLOW_S
from tests.support.waiting import until

PATIENCE_MS = allow_ms(180)
WIDGET = "application/vnd.jupyter.widget-view+json"
RUN_TRIES, RUN_TRY_MS = 5, allow_ms(20)
CELLS = {
    "fleet": "fleet_panel",
    "replicas": "replica_view",
    "faults": "fault_panel",
    "task": "task_form",
    "partitions": "partition_view",
    "lag": "lag_view",
    "connector": "connector_panel",
    "letters": "dead_letter_view",
}
"""Panel of each cell of the notebook that these tests write, and the call that shows it."""


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A window that remembers every host it asked for anything."""
    held = browser.new_context(viewport={"width": 1560, "height": 980})
    held.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield held
    held.close()


@pytest.fixture(scope="module")
def hosts(context: BrowserContext) -> set[str]:
    seen: set[str] = set()
    context.on("request", lambda request: seen.add(urlsplit(request.url).hostname or ""))
    return seen


@pytest.fixture(scope="module")
def lesson(context: BrowserContext, hosts: set[str], jupyter: JupyterCommand) -> Page:
    """Lesson 00, opened by the address that ./workshop prints."""
    page = context.new_page()
    page.goto(jupyter.url)
    return page


@pytest.fixture(scope="module")
def panels(lesson: Page, context: BrowserContext, jupyter: JupyterCommand) -> Page:
    """A notebook with one panel per cell, all run. It asks for `lesson` first, which brings the cookie."""
    name = "notebooks/panels.ipynb"
    sources = ["from lab import widgets", *(f"widgets.{call}()" for call in CELLS.values())]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in sources], metadata=kernel)
    nbformat.write(book, jupyter.cwd / name)
    page = context.new_page()
    page.goto(jupyter.url.partition("/lab/")[0] + f"/lab/workspaces/panels/tree/{name}")
    run_all(page, "panels.ipynb")
    expect(page.locator(".jp-Notebook .lab-panel")).to_have_count(len(CELLS))
    return page


def run_all(page: Page, title: str) -> None:
    """Run every cell by the menu, to the last one's number; again when JupyterLab dropped cells, its kernel connecting.

    A cell that raised an error keeps the ones after it without a number: that fails here, with the error.
    """
    expect(page.locator(".jp-Notebook")).to_be_visible()
    expect(page.locator("#jp-main-statusbar")).to_contain_text("| Idle")
    prompt = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").last
    before = prompt.inner_text()
    for _ in range(RUN_TRIES):
        page.get_by_role("tab", name=title).click()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            expect(prompt).not_to_have_text(before, timeout=RUN_TRY_MS)
        except AssertionError:
            continue
        expect(prompt).not_to_have_text("[*]:")
        wrong = page.locator(".jp-Notebook [data-mime-type='application/vnd.jupyter.error']")
        assert [one.inner_text() for one in wrong.all()] == []
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"))
        return
    raise AssertionError(f"JupyterLab did not run {title}")


def panel(page: Page, name: str) -> Locator:
    """A panel of the notebook, not the docked one."""
    found = page.locator(f".jp-Notebook .lab-is-{name}")
    found.scroll_into_view_if_needed()
    return found


def picture(shown: Page | Locator, name: str) -> None:
    """Keep a picture for the documentation, when asked to."""
    folder = os.environ.get("LAB_PICTURES")
    if folder:
        shown.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")


def load_at(page: Page, hop: str) -> float:
    """The followed generator's load at one hop; -1 while none was seen."""
    text = panel(page, "fleet").locator(f"[data-hop='{hop}'] strong").inner_text()
    found = re.search(r"[\d.]+", text)
    return float(found.group()) if found else -1.0


def wait_for_load(page: Page, hop: str, wanted: float) -> None:
    """Wait until that hop shows about the wanted load."""
    script = """([hop, wanted]) => {
      const shown = document.querySelector(`.jp-Notebook .lab-is-fleet [data-hop="${hop}"] strong`)?.textContent;
      return Math.abs(parseFloat(shown) - wanted) < 6; }"""
    page.wait_for_function(script, arg=[hop, wanted], timeout=PATIENCE_MS)


def test_lesson_00_opens_with_the_map_docked_and_the_files_on_notebooks(lesson: Page) -> None:
    expect(lesson.locator("#workshop-map .lab-broker")).to_have_count(3)
    expect(lesson.locator("#workshop-map .lab-broker[data-state='ready']")).to_have_count(3)
    expect(lesson.locator(".jp-FileBrowser-crumbs")).to_contain_text("notebooks")
    beside = lesson.locator("#workshop-map").bounding_box()
    notebook = lesson.locator(".jp-NotebookPanel").bounding_box()
    assert beside is not None
    assert notebook is not None
    assert beside["x"] >= notebook["x"] + notebook["width"]


FITS = """() => { const map = document.querySelector('#workshop-map');
  const code = document.querySelector('.jp-CodeCell .cm-line');
  const pen = document.createElement('canvas').getContext('2d'), looks = getComputedStyle(code);
  pen.font = `${looks.fontSize} ${looks.fontFamily}`;
  const room = code.clientWidth - parseFloat(looks.paddingLeft) - parseFloat(looks.paddingRight);
  const light = document.querySelector('.jp-Notebook-ExecutionIndicator').getBoundingClientRect();
  return [map.scrollHeight <= map.clientHeight && map.scrollWidth <= map.clientWidth,
          pen.measureText('x'.repeat(80)).width <= room, light.width > 0 && light.right < innerWidth]; }"""
"""Whether the whole map is in sight, 80 characters fit in a line of code, and the kernel's light shows."""


def test_code_and_map_share_one_screen(browser: Browser, jupyter: JupyterCommand) -> None:
    held = browser.new_context(viewport={"width": 1440, "height": 900})
    held.set_default_timeout(PATIENCE_MS)
    page = held.new_page()
    page.goto(jupyter.url.replace("/lab/tree/", "/lab/workspaces/screen/tree/"))
    expect(page.locator("#workshop-map .lab-broker[data-state='ready']")).to_have_count(3)
    expect(page.locator(".jp-CodeCell .cm-line").first).to_be_visible()
    expect(page.locator(".jp-FileBrowser")).to_be_hidden()
    page.wait_for_function(f"({FITS})().every(Boolean)")
    picture(page, "screen")
    page.set_viewport_size({"width": 1024, "height": 768})  # a projector's: the light stays, the map scrolls
    expect(page.locator(".jp-Notebook-ExecutionIndicator")).to_be_in_viewport()
    held.close()


def test_lesson_00_runs_and_shows_the_map_in_its_cell(lesson: Page) -> None:
    run_all(lesson, "00_start_here.ipynb")
    expect(lesson.locator(".jp-Notebook .lab-is-map .lab-broker")).to_have_count(3)
    expect(lesson.locator(".jp-Notebook .lab-is-map .lab-broker[data-state='ready']")).to_have_count(3)
    picture(lesson, "lesson")


def test_the_launcher_brings_the_map_back(lesson: Page) -> None:
    lesson.get_by_role("tab", name="Pipeline map").get_by_title("Close").or_(
        lesson.locator(".lm-TabBar-tab", has_text="Pipeline map").locator(".lm-TabBar-tabCloseIcon")
    ).first.click()
    expect(lesson.locator("#workshop-map")).to_have_count(0)
    lesson.keyboard.press("Control+Shift+l")
    lesson.locator(".jp-LauncherCard", has_text="Pipeline map").first.click()
    expect(lesson.locator("#workshop-map .lab-broker")).to_have_count(3)


def test_a_load_set_by_the_slider_arrives_downstream(panels: Page) -> None:
    fleet = panel(panels, "fleet")
    expect(fleet.locator("tbody tr")).to_have_count(5)
    wanted = 95 if load_at(panels, "device") < 60 else 15
    fleet.get_by_label("Load of generator1 in percent").fill(str(wanted))
    for hop in ("device", "Kafka", "kafka_raw", "kafka_downsampled", "alarm in Kafka"):
        wait_for_load(panels, hop, wanted)
    picture(fleet, "fleet")


def test_keys_in_a_panel_do_their_work_there_and_leave_the_cells_alone(panels: Page) -> None:
    fleet, cells = panel(panels, "fleet"), panels.locator(".jp-Notebook .jp-Cell")
    active, before = (
        "document.querySelector('.jp-Notebook .jp-Cell.jp-mod-active .lab-is-fleet') !== null",
        cells.count(),
    )
    slider = fleet.get_by_label("Load of generator3 in percent")
    slider.click()
    asked = int(slider.input_value())
    panels.keyboard.press("ArrowRight")
    panels.keyboard.press("ArrowUp")
    expect(slider).to_have_value(str(asked + 2))
    assert panels.evaluate(active)
    fleet.get_by_role("button", name="Refuel generator3").focus()
    panels.keyboard.press("x")
    panels.keyboard.press("Enter")
    expect(fleet.locator(".lab-notice")).to_contain_text("generator3 has a full tank")
    assert cells.count() == before
    assert panels.evaluate(active)


def wait_for_acknowledgement(page: Page, lowest_ms: float, highest_ms: float) -> None:
    """Wait until the followed device's last acknowledgement took so long."""
    script = """([lowest, highest]) => {
      const shown = document.querySelector('.jp-Notebook .lab-is-fleet [data-hop="device"]')?.textContent ?? '';
      const took = parseFloat((/acknowledged after ([\\d,]+) ms/.exec(shown)?.[1] ?? '').replace(',', ''));
      return took >= lowest && took < highest; }"""
    page.wait_for_function(script, arg=[lowest_ms, highest_ms], timeout=PATIENCE_MS)


def test_a_slow_network_shows_in_the_acknowledgements_until_it_is_undone(panels: Page) -> None:
    faults, slow_ms = panel(panels, "faults"), 2_000 * SLOW_S
    wait_for_acknowledgement(panels, 0, slow_ms)
    faults.get_by_role("button", name="Make the network slow").click()
    expect(faults.locator(".lab-notice")).to_contain_text(f"takes {SLOW_S} s longer each way")
    wait_for_acknowledgement(panels, slow_ms, 60_000)
    picture(panel(panels, "fleet"), "slow")
    faults.get_by_role("button", name="Make the network fast again").click()
    wait_for_acknowledgement(panels, 0, slow_ms)


def test_a_cut_device_leaves_its_will_in_kafka(panels: Page) -> None:
    fleet = panel(panels, "fleet")
    fleet.get_by_role("button", name="Cut the network of generator2").click()
    expect(fleet.locator(".lab-eventbox")).to_contain_text("generator2: Kafka holds its last will: offline")
    row = fleet.locator("[data-generator='generator2']")
    expect(row).to_contain_text("offline")
    picture(fleet, "will")
    picture(panels, "jupyterlab")
    row.get_by_role("button", name="Restore the network").click()
    expect(fleet.locator(".lab-eventbox")).to_contain_text("generator2: Kafka holds online")


def led_by(replicas: Locator) -> dict[int, list[int]]:
    """The partitions that each broker leads, as the replica view shows them."""
    rows = replicas.locator("tbody tr")
    led: dict[int, list[int]] = {1: [], 2: [], 3: []}
    for partition in range(rows.count()):
        roles = [cell.get_attribute("data-role") for cell in rows.nth(partition).locator("td").all()]
        if "leader" in roles:
            led[roles.index("leader") + 1].append(partition)
    return led


@retry(retry=retry_if_exception_type(AssertionError), stop=stop_after(120), wait=wait_fixed(0.5), reraise=True)
def wait_for_leaders(replicas: Locator, wanted: list[int]) -> None:
    """Wait until the brokers lead so many partitions, in their order, and no replica is behind."""
    assert [len(partitions) for partitions in led_by(replicas).values()] == wanted
    expect(replicas.locator("[data-role='behind']")).to_have_count(0)


def moved(partition: int, old: object, new: object) -> re.Pattern[str]:
    """The event that says so; other partitions may have moved along."""
    return re.compile(rf"partitions? (\d, )*{partition}(, \d)*: leader moved from broker {old} to {new}")


def test_the_leaders_of_a_stopped_broker_move_and_come_back(panels: Page) -> None:
    replicas, faults = panel(panels, "replicas"), panel(panels, "faults")
    wait_for_leaders(replicas, [2, 2, 2])
    own = led_by(replicas)[2][0]
    faults.get_by_role("button", name="Stop kafka2").click()
    expect(replicas.locator(".lab-eventbox")).to_contain_text(moved(own, 2, r"\d"))
    expect(replicas.locator("[data-role='behind']")).to_have_count(6)
    picture(replicas, "replicas")
    faults.get_by_role("button", name="Undo stop kafka2").click()
    expect(replicas.locator(".lab-eventbox")).to_contain_text("broker 2 rejoined the in-sync replicas")
    expect(replicas.locator(".lab-eventbox")).to_contain_text(moved(own, r"\d", 2))
    wait_for_leaders(replicas, [2, 2, 2])


def test_the_leaders_of_a_killed_broker_move_and_come_back(panels: Page) -> None:
    """It may be back so soon that nobody saw it out of sync; its leaders move all the same."""
    replicas, faults = panel(panels, "replicas"), panel(panels, "faults")
    wait_for_leaders(replicas, [2, 2, 2])
    own = led_by(replicas)[3][0]
    faults.get_by_role("button", name="Kill kafka3").click()
    expect(faults.locator(".lab-notice")).to_contain_text("kafka3 is killed")
    expect(replicas.locator(".lab-eventbox")).to_contain_text(moved(own, 3, r"\d"))
    expect(replicas.locator(".lab-eventbox")).to_contain_text(moved(own, r"\d", 3))
    wait_for_leaders(replicas, [2, 2, 2])
    picture(faults, "faults")


def test_a_task_is_written_corrected_scheduled_and_runs(panels: Page) -> None:
    form = panel(panels, "task")
    form.get_by_label("Name", exact=True).fill("first_task")
    form.get_by_label("Every").fill("5s")
    form.get_by_label("Offset", exact=True).fill("0s")
    form.get_by_label("Flux", exact=True).fill('from(bucket: "kafka_raw")\n    |> rnge(start: -1m)')
    expect(form.locator(".lab-problems")).to_contain_text("undefined identifier rnge")
    expect(form.locator(".lab-gutter .lab-wrong")).to_have_text("✗ 2")
    form.get_by_label("Flux", exact=True).fill('from(bucket: "kafka_raw")\n    |> range(start: -1m)\n    |> last()')
    expect(form.locator(".lab-problems")).to_contain_text("InfluxDB finds no error")
    form.get_by_role("button", name="Create task").click()
    expect(form).to_contain_text("first_task is active")
    expect(form.locator("[data-run]").first).to_contain_text("success")
    picture(form, "task")
    form.get_by_role("button", name="Log of the run").first.click()
    expect(form.locator(".lab-log")).to_contain_text("Completed")
    form.get_by_role("button", name="Disable").click()
    expect(form).to_contain_text("first_task is inactive")


def rows_in_raw(lesson: Page) -> int:
    """What the docked map counts in kafka_raw."""
    return int(re.sub(r"\D", "", lesson.locator("#workshop-map .lab-at-raw p").first.inner_text()))


def test_a_poison_reading_lands_in_the_dead_letters_and_the_sink_goes_on(panels: Page, lesson: Page) -> None:
    there = panel(panels, "letters").locator("tbody tr").count()
    panel(panels, "faults").get_by_role("button", name="Send poison readings").click()
    expect(panel(panels, "letters").locator("tbody tr")).to_have_count(there + len(Poison.RECORDS))
    expect(panel(panels, "letters").locator("tbody tr").first).to_contain_text("poison")
    before = rows_in_raw(lesson)
    until(lambda: rows_in_raw(lesson) > before + 25, 180)
    expect(panel(panels, "connector")).to_contain_text("running")


def test_a_paused_sink_falls_behind_and_catches_up(panels: Page) -> None:
    connector, lag = panel(panels, "connector"), panel(panels, "lag")
    connector.get_by_role("button", name="Pause").click()
    expect(connector).to_contain_text("paused")
    behind = "() => parseInt(document.querySelector('.jp-Notebook .lab-is-lag .lab-big').textContent.replace(',', ''))"
    panels.wait_for_function(f"({behind})() > 20", timeout=PATIENCE_MS)
    picture(lag, "lag")
    panel(panels, "connector").get_by_role("button", name="Resume").click()
    panels.wait_for_function(f"({behind})() < 15", timeout=PATIENCE_MS)


def test_unsaved_flux_outlives_the_cell_run_again_and_the_page_loaded_again(
    panels: Page, jupyter: JupyterCommand
) -> None:
    flux = panel(panels, "task").get_by_label("Flux", exact=True)
    flux.fill("half a thought")
    run_all(panels, "panels.ipynb")
    expect(flux).to_have_value("half a thought")
    saved_outputs(panels, jupyter.cwd / "notebooks" / "panels.ipynb")
    flux.fill("three quarters")
    panels.reload()  # at once: the last key counts as much as the first
    expect(flux).to_have_value("three quarters")


def test_running_a_cell_again_reuses_the_panel_and_the_saved_notebook_keeps_a_still(
    panels: Page, jupyter: JupyterCommand
) -> None:
    saved = jupyter.cwd / "notebooks" / "panels.ipynb"
    before = saved_outputs(panels, saved)
    assert all("lab-still" in html for html in before["text/html"])
    run_all(panels, "panels.ipynb")
    assert saved_outputs(panels, saved)[WIDGET] == before[WIDGET]


@retry(
    retry=retry_if_exception_type(AssertionError),
    stop=stop_after(90),
    wait=wait_fixed(1.0),
    reraise=True,
)
def saved_outputs(page: Page, saved: Path) -> dict[str, list[str]]:
    """Save by the menu, and read what each panel's cell left: the widget's model id and the static snapshot."""
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.locator(".lm-Menu-item[data-command='docmanager:save']").click()
    cells = json.loads(saved.read_text())["cells"]
    found: dict[str, list[str]] = {WIDGET: [], "text/html": []}
    for output in (output for cell in cells for output in cell.get("outputs", [])):
        for kind, held in found.items():
            if kind in output.get("data", {}):
                shown = output["data"][kind]
                held.append(shown["model_id"] if kind == WIDGET else "".join(shown))
    assert [len(held) for held in found.values()] == [len(CELLS), len(CELLS)]
    return found


def test_no_thread_wrote_into_a_cell(panels: Page) -> None:
    """By now brokers were killed and stopped, the sink was paused and the proxy's network was slow."""
    expect(panels.locator(".jp-Notebook .lab-panel")).to_have_count(len(CELLS))
    expect(panels.locator(".jp-Notebook [data-mime-type*='std']")).to_have_count(0)


def test_nothing_was_asked_of_any_other_host(panels: Page, hosts: set[str]) -> None:
    assert hosts <= {"127.0.0.1", ""}
