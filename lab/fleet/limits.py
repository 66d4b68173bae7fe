"""What a fleet asks of its arguments and of the machine before it starts."""

from __future__ import annotations

import resource
from collections.abc import Container, Sequence

from lab.base.errors import LearnerError, MachineError

SPARE_FILES = 256
"""File descriptors left for the rest of the process."""


def check_arguments(names: Sequence[str], rate: float, speedup: float, qos: int) -> None:
    """Raises LearnerError when an argument makes no sense."""
    wrong = [
        (not names or len(set(names)) < len(names), "A fleet needs at least one generator, each with its own name."),
        (not all(name and not set(name) & set("/+#\0") for name in names), "A generator's name may not hold / + # ."),
        (rate <= 0 or speedup <= 0, "Rate, interval and speed-up must be above 0."),
        (qos not in (0, 1, 2), "QoS is 0, 1 or 2."),
    ]
    for is_wrong, cause in wrong:
        if is_wrong:
            raise LearnerError(cause, "Call Fleet again with other arguments.")


def allow_connections(count: int) -> None:
    """Raise this process's limit of open files to what the connections need. Raises MachineError when it may not."""
    wanted = count + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
    except (OSError, ValueError) as error:
        raise MachineError(f"This process may open {soft} files and needs {wanted}.", f"ulimit -n {wanted}") from error
    if 0 <= hard < wanted:
        raise MachineError(f"This process may open {hard} files and needs {wanted}.", f"ulimit -n {wanted}")


def free_name(taken: Container[str], count: int) -> str:
    """The first generatorN that is not taken, from N = count + 1 on."""
    number = count + 1
    while f"generator{number}" in taken:
        number += 1
    return f"generator{number}"


def some(names: Sequence[str]) -> str:
    """The first few names, for a message."""
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
