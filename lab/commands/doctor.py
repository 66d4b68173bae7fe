"""Is this machine fit? One small examination each, a remedy for what is not.

An examination looks and returns a Finding; it never repairs and never raises for what it finds.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from ipaddress import ip_address, ip_network
from typing import Literal

from lab.base import access
from lab.base import pace as paces
from lab.base.errors import LabError
from lab.base.settings import settings
from lab.stack import limits, ports, shared, supervisor
from lab.stack.influxd import binary, toolchain
from lab.stack.layout import layout

DISK_GB = 3.0
"""What data and downloads need. The README says the same."""
EPOCH_2026 = 1_767_225_600
"""A clock before this is wrong: certificates fail and device times make no sense."""
LOOPBACK = ip_address("127.0.0.1")
Level = Literal["good", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """`what` was looked at, what was `seen`, and a `remedy` unless it is good."""

    what: str
    level: Level
    seen: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Every examination, in the order a person would fix things."""
    return [finding for examination in EXAMINATIONS for finding in examination()]


def state_folder() -> list[Finding]:
    here = layout()
    try:
        shared.require(here)
        here.prepare()
    except LabError as error:
        return [Finding("state folder and cache", "bad", error.cause, error.remedy)]
    return [Finding("state folder", "good", f"{here.state} can be written")]


def notebooks() -> list[Finding]:
    """What is typed into a lesson is saved in the clone."""
    from lab.base.settings import ROOT

    if (why := access.obstacle(ROOT / "notebooks")) is None:
        return []
    return [Finding("notebooks", "note", f"they cannot be saved: {why}", "Copy the clone into a folder of yours.")]


def disk() -> list[Finding]:
    found = []
    for what, folder in (("disk of the state folder", layout().state), ("disk of the cache", layout().cache)):
        free = shutil.disk_usage(access.nearest(folder)).free / 1e9
        level: Level = "good" if free >= DISK_GB else "bad"
        remedy = "" if level == "good" else f"Free {DISK_GB - free:.1f} GB, or set LAB_STATE or LAB_CACHE elsewhere."
        found.append(Finding(what, level, f"{free:.1f} GB free", remedy))
    return found


def machine() -> list[Finding]:
    """Memory and the limits of this account; what the running services use is not missing."""
    free = f"{limits.available_memory() / 1e9:.1f} GB available"
    if supervisor.processes(layout()) is not None or not (small := limits.look(layout())):
        return [Finding("memory and limits", "good", free)]
    return [Finding(one.what, "bad" if one.fatal else "note", one.cause, one.remedy) for one in small]


def python_packages() -> list[Finding]:
    """Every pinned package is installed in the pinned version."""
    from lab.base.settings import ROOT

    wrong = missing_packages((ROOT / "requirements.txt").read_text())
    if not wrong:
        return [Finding("Python packages", "good", "all as pinned")]
    remedy = f"Remove {sys.prefix} and run ./workshop again."
    return [Finding("Python packages", "bad", f"missing or of another version: {', '.join(wrong[:8])}", remedy)]


def missing_packages(requirements: str) -> list[str]:
    """Names of pinned packages that are not installed in that version; those for other systems are left out."""
    from packaging.requirements import Requirement

    wrong = []
    for line in requirements.splitlines():
        text = line.rstrip("\\ ").strip()
        if not text or text.startswith(("#", "-")) or line.startswith(" "):
            continue
        pinned = Requirement(text)
        meant = pinned.marker is None or pinned.marker.evaluate()
        if meant and not _installed(pinned.name, str(pinned.specifier).removeprefix("==")):
            wrong.append(pinned.name)
    return wrong


def _installed(name: str, version: str) -> bool:
    try:
        return importlib.metadata.version(name) == version
    except importlib.metadata.PackageNotFoundError:
        return False


def java() -> list[Finding]:
    from lab.stack.java import runtime

    try:
        return [Finding("Java", "good", runtime.check())]
    except LabError as error:
        return [Finding("Java", "bad", error.cause, error.remedy)]


def influxdb() -> list[Finding]:
    """influxd is at hand, or what would get it is."""
    try:
        found = binary.find()
    except LabError as error:
        return [Finding("influxd", "bad", error.cause, error.remedy)]
    if found:
        return [Finding("influxd", "good", str(found))]
    return [Finding("influxd", "note", "not here yet", "./workshop up downloads or builds it."), *tools()]


def tools() -> list[Finding]:
    found = toolchain.look()
    rust = Finding("Rust", "good", str(found.cargo))
    try:
        toolchain.require(found)
    except LabError as error:
        rust = Finding("Rust", "bad", found.old_rust or "none that runs", error.remedy)
    absent = "absent or too old", "It is installed from PyPI for the build; nothing to do."
    return [
        Finding("Go", "good", str(found.go)) if found.go else Finding("Go", "note", *absent),
        Finding("C compiler", "good", str(found.compiler))
        if found.compiler
        else Finding("C compiler", "note", *absent),
        rust,
    ]


def taken_ports() -> list[Finding]:
    """Ports that somebody else has; not looked at while our own services have them."""
    if supervisor.processes(layout()) is not None:
        return [Finding("ports", "good", "in use by the running services")]
    wanted = ports.remembered(layout().state / "ports.json")
    taken = [f"{port} ({name})" for name, port in wanted.model_dump().items() if not _choosable(port)]
    if not taken:
        return [Finding("ports", "good", "all free")]
    return [Finding("ports", "note", f"taken: {', '.join(taken)}", "Nothing to do: ./workshop up uses free ones.")]


def _choosable(port: int) -> bool:
    return ports.is_free(port) and not ports.is_held(port)


def clock() -> list[Finding]:
    now = time.time()
    if now > EPOCH_2026:
        return [Finding("clock", "good", time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(now)))]
    return [Finding("clock", "bad", time.ctime(now), "Set the clock: device times and certificates depend on it.")]


def pace() -> list[Finding]:
    """How fast this machine is: what `up` measured for the running stack, else measured now."""
    running = supervisor.processes(layout()) is not None
    factor = paces.pace() if running else paces.Stopwatch().pace()
    slow = paces.words(factor)
    if not slow:
        return [Finding("speed", "good", f"pace {factor:.1f} (1 is the reference machine)")]
    return [Finding("speed", "note", slow, "Close other programs; ./workshop down and ./workshop up measure again.")]


def proxy_variables() -> list[Finding]:
    """A proxy that is also used for this machine's own addresses breaks every client that honours it."""
    names = ("http_proxy", "https_proxy", "all_proxy")
    proxies = [name for name in names if os.environ.get(name) or os.environ.get(name.upper())]
    spared = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if not proxies or spares_loopback(spared):
        return [Finding("proxy variables", "good", ", ".join(proxies) or "none set")]
    remedy = "Set NO_PROXY=localhost,127.0.0.1 so that clients reach the services directly."
    return [Finding("proxy variables", "bad", f"{', '.join(proxies)} also for 127.0.0.1", remedy)]


def spares_loopback(spared: str) -> bool:
    """True when a NO_PROXY spares 127.0.0.1: by its address, by a network it lies in, or by `*`."""
    for entry in (part.strip() for part in spared.split(",")):
        if entry == "*":
            return True
        address = entry.partition(":")[0] if entry.count(":") == 1 else entry
        with suppress(ValueError):
            if LOOPBACK in ip_network(address, strict=False):
                return True
    return False


EXAMINATIONS: tuple[Callable[[], list[Finding]], ...] = (
    state_folder,
    notebooks,
    disk,
    machine,
    python_packages,
    java,
    influxdb,
    taken_ports,
    clock,
    pace,
    proxy_variables,
)


def show(findings: list[Finding], as_json: bool) -> None:
    """A line per finding, its remedy below it."""
    from rich.markup import escape

    from lab.commands.console import out

    if as_json:
        out.print_json(json.dumps([asdict(finding) for finding in findings]))
        return
    marks = {"good": "[green]✓[/]", "note": "[yellow]•[/]", "bad": "[red]✗[/]"}
    for finding in findings:
        out.print(f"{marks[finding.level]} {finding.what}: {escape(finding.seen)}", soft_wrap=True)
        if finding.remedy:
            out.print(f"  {escape(finding.remedy)}", soft_wrap=True)
    out.print(f"Back end {settings().backend}, state {layout().state}, cache {layout().cache}", soft_wrap=True)
