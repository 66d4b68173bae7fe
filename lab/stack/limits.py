"""What this machine and this account allow, held against what the services need.

`look` finds what is too small; `up` refuses what cannot work before it writes anything, `doctor` lists all of it. The
numbers were measured on the services after all lessons. Bytes and counts throughout.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from lab.base import access
from lab.base.errors import LabError, MachineError
from lab.stack import orphans
from lab.stack.influxd import binary
from lab.stack.layout import Layout

GB = 10**9
THREADS = 500
"""Three brokers 95 each, Connect 60, influxd and proxy 25, JupyterLab, two kernels and what `up` starts for a while."""
LEAST_MEMORY, MEMORY = 1.0 * GB, 3.0 * GB
"""The services alone have 1.1 GB resident; with JupyterLab and its kernels 2 GB, and some room."""
UNLIMITED = resource.RLIM_INFINITY
CGROUPS = Path("/sys/fs/cgroup")
NO_LIMIT = 2**60
"""What the first kind of control groups says for none is near 2**63."""
CLOSE = "Close other programs, or use a machine or container with more memory."


@dataclass(frozen=True)
class Limit:
    """A limit of the account: `shell` is how a shell shows it, `unit` how many bytes or pieces it counts in."""

    what: str
    number: int
    need: int
    shell: str
    unit: int = 1


LIMITS = (
    Limit("open files", resource.RLIMIT_NOFILE, 1024, "ulimit -n"),
    Limit("address space", resource.RLIMIT_AS, 12 * 2**30, "ulimit -v", 1024),
    Limit("data segment", resource.RLIMIT_DATA, 2 * 2**30, "ulimit -d", 1024),
    Limit("size of a file", resource.RLIMIT_FSIZE, 2**29, "ulimit -f", 1024),
)
"""A broker has 300 files open and 8.5 GB of address space, most of it mapped indexes, and is given more topics by
learners; Connect has a data segment of 0.7 GB; influxd is a file of 150 MB, Kafka's segments are 64 MB."""


@dataclass(frozen=True)
class Shortage:
    """What is too small: cause and remedy as in an error; `fatal` when the services cannot work with it."""

    what: str
    cause: str
    remedy: str
    fatal: bool = True


def look(where: Layout) -> list[Shortage]:
    """Everything that is too small on this machine for services that do not run yet.

    What an ended supervisor left running counts as free: `up` ends it before it starts anything.
    """
    threads, memory = share_of(orphans.find(where))
    return [*account_limits(), *_threads(threads), *little_memory(available_memory() + memory), *_disks(where)]


def share_of(processes: Iterable[psutil.Process]) -> tuple[int, int]:
    """Threads and resident bytes of these processes together."""
    threads = memory = 0
    for process in processes:
        with suppress(psutil.Error):
            threads, memory = threads + process.num_threads(), memory + process.memory_info().rss
    return threads, memory


def require(where: Layout) -> list[str]:
    """Raise soft limits as far as the services need; what is small but may do, a line each.

    Raises MachineError naming everything that is still too small.
    """
    for limit in LIMITS:
        raise_soft(limit.number, limit.need)
    found = look(where)
    if fatal := [shortage for shortage in found if shortage.fatal]:
        raise MachineError(" ".join(one.cause for one in fatal), " ".join(dict.fromkeys(one.remedy for one in fatal)))
    return [f"{one.cause} {one.remedy}" for one in found]


def raise_soft(number: int, need: int) -> None:
    """A soft limit below the need becomes the hard one; services inherit it."""
    soft, hard = resource.getrlimit(number)
    if too_small(soft, need):
        with suppress(ValueError, OSError):  # macOS promises more open files than it gives
            resource.setrlimit(number, (hard, hard))


def too_small(value: int, need: int) -> bool:
    return value not in (UNLIMITED, -1) and value < need


def account_limits(get: Callable[[int], tuple[int, int]] = resource.getrlimit) -> Iterator[Shortage]:
    """Limits of this account that cannot be raised to what is needed."""
    for limit in LIMITS:
        hard = get(limit.number)[1]
        if too_small(hard, limit.need):
            yield Shortage(
                limit.what,
                f"The limit of {limit.what} of this account ({limit.shell}) is {hard // limit.unit}, "
                f"and the services need {limit.need // limit.unit}.",
                f"Raise it ({limit.shell} {limit.need // limit.unit} in a new terminal, or ask who set it), "
                "then run the command again.",
            )


def _threads(comes_back: int) -> Iterator[Shortage]:
    """`comes_back` of the threads in use end before anything starts."""
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    if os.getuid() != 0 and hard != UNLIMITED:  # the kernel does not hold root to it
        yield from few_threads(hard, threads_of(os.getuid()) - comes_back, "this account (ulimit -u)")
    for folder in groups("pids"):
        most, used = count_in(folder / "pids.max"), count_in(folder / "pids.current")
        if most is not None and used is not None:
            yield from few_threads(most, used - comes_back, "this container (pids.max)")


def few_threads(most: int, used: int, whose: str) -> Iterator[Shortage]:
    """`most` processes and threads are allowed and `used` are there."""
    if most - used < THREADS:
        yield Shortage(
            "processes and threads",
            f"The limit of processes and threads of {whose} is {most}, {used} are in use, and the services need "
            f"{THREADS} more.",
            f"Raise it to {used + THREADS} or more (in a new terminal, or ask who set it), then run the command again.",
        )


def threads_of(user: int) -> int:
    """Threads of all processes of a user."""
    count = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.uids().real == user:
                count += process.num_threads()
    return count


def available_memory() -> float:
    """Bytes that programs can still get here: of the machine with its swap, and of each container it is in."""
    machine = float(psutil.virtual_memory().available + psutil.swap_memory().free)
    return min([machine, *(room for folder in groups("memory") if (room := room_of(folder)) is not None)])


def room_of(folder: Path) -> float | None:
    """Bytes that a control group's programs can still get, None where it sets no limit; files' pages can be dropped."""
    most = count_in(folder / "memory.max") or count_in(folder / "memory.limit_in_bytes")
    used = count_in(folder / "memory.current") or count_in(folder / "memory.usage_in_bytes")
    if most is None or used is None or most >= NO_LIMIT:
        return None
    table = dict(line.split(" ", 1) for line in text_of(folder / "memory.stat").splitlines() if " " in line)
    return float(most - used + int(table.get("total_inactive_file", table.get("inactive_file", "0"))))


def little_memory(free: float) -> Iterator[Shortage]:
    """`free` bytes are available and the services do not run yet."""
    seen = f"{free / GB:.1f} GB of memory are available"
    if free < LEAST_MEMORY:
        yield Shortage("memory", f"{seen}, and the services alone need {LEAST_MEMORY / GB:.0f} GB.", CLOSE)
    elif free < MEMORY:
        why = f"{seen}; with JupyterLab {MEMORY / GB:.0f} GB are wanted, so the system may end a service."
        yield Shortage("memory", why, CLOSE, fatal=False)


def groups(controller: str, described: str | None = None, root: Path = CGROUPS) -> list[Path]:
    """The folders of this process's control group and of those it lies in, nearest first.

    `described` is what /proc/self/cgroup says. In a container the path may be one of the host's: then its own root is
    all there is to see.
    """
    lines = (text_of(Path("/proc/self/cgroup")) if described is None else described).splitlines()
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / controllers if controllers else root
        own = top / path.lstrip("/")
        found = [folder for folder in (own, *own.parents) if folder == top or folder.is_relative_to(top)]
        if (there := [folder for folder in found if folder.is_dir()]) and (controllers or len(lines) == 1):
            return there
    return []


def count_in(file: Path) -> int | None:
    """The number in a small file, None when there is none ("max")."""
    text = text_of(file).strip()
    return int(text) if text.isdigit() else None


def text_of(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _disks(where: Layout) -> Iterator[Shortage]:
    places = [("state", where.state, "LAB_STATE", "Kafka's compression")]
    if _uses_cached_influxd():
        places.append(("cache", where.cache, "LAB_CACHE", "InfluxDB"))
    for what, folder, variable, who in places:
        if not access.runs_programs(folder):
            yield Shortage(
                f"disk of the {what} folder",
                f"The disk of the {what} folder {folder} runs no programs (it is mounted with noexec), "
                f"and {who} needs that.",
                f"Point {variable} at a folder on another disk.",
            )


def _uses_cached_influxd() -> bool:
    with suppress(LabError):  # a wrong LAB_INFLUXD is told elsewhere
        return binary.find() in (None, binary.cached())
    return False
