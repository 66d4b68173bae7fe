"""`./workshop drill`: inject faults into the running pipeline and count what is lost."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

from lab import provision
from lab.base.errors import LabError, LearnerError
from lab.base.interrupt import Interrupt, interruptible
from lab.base.pace import pace
from lab.commands.console import err, out, steps
from lab.demo.restore import pipeline, running_stack
from lab.drill import plan, report
from lab.drill.check import History, Verdict
from lab.drill.faults import BY_NAME, PAIRED, TABLE, Drill, pair
from lab.drill.runner import EVERY_S, LOOKBACK_S, SOURCE_LOOKBACK_S, Settings, run_round


def run(
    names: list[str], *, everything: bool, rounds: int, pairs: int, seed: int | None, rate: float, as_json: bool,
    folder: Path | None,
) -> int:  # fmt: skip
    """Carry out the drills; without any, list them. 0 when every promise was kept, 1 when one was broken.

    Raises LearnerError when there is no drill of a name, LabError when the stack cannot be brought up.
    """
    chosen = [drill.name for drill in TABLE] if everything else names
    if not chosen and not pairs:
        return _list()
    if unknown := [name for name in chosen if name not in BY_NAME]:
        raise LearnerError(f"There is no drill {unknown[0]}.", f"Known: {', '.join(BY_NAME)}.")
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    order = plan.rounds(chosen, rounds) + plan.pairs(PAIRED, pairs, seed)
    about: dict[str, object] = {
        "seed": seed,
        "rate": rate,
        "pace": pace(),
        "netem": "not used: the relay is the network",
    }
    err.print(f"{len(order)} rounds at {rate:,.0f} readings a second; seed {seed}", soft_wrap=True)
    with interruptible() as interrupt:
        verdicts, failed = _rounds(order, rate, interrupt, folder, about)
    _show(verdicts, as_json)
    if interrupt:
        return interrupt.exit_code
    return 1 if failed or not verdicts or any(not v.good for v in verdicts) else 0


def _list() -> int:
    for drill in TABLE:
        out.print(f"{drill.name:<20}{drill.what}", soft_wrap=True)
    return 0


def _rounds(
    order: list[str], rate: float, interrupt: Interrupt, folder: Path | None, about: dict[str, object]
) -> tuple[list[Verdict], list[str]]:
    """Carry them out, and save after each: a run that is ended early has its report."""
    verdicts, histories, failed, counts = list[Verdict](), list[History](), list[str](), dict[str, int]()
    with (
        steps() as progress,
        running_stack(False, progress) as running,
        pipeline(running.addresses, EVERY_S, LOOKBACK_S, False, progress),
    ):
        provision.source(running.addresses, SOURCE_LOOKBACK_S)
        how = Settings(running.addresses, rate, 20, interrupt, progress)
        for name in order:
            if interrupt:
                break
            counts[name] = counts.get(name, 0) + 1
            try:
                verdict, history = run_round(_drill(name), counts[name], how)
            except LabError as error:
                if interrupt:
                    break
                failed.append(f"{name}: {error.cause}")
                err.print(f"{name}: not judged. {error.cause}", style="red", soft_wrap=True)
                continue
            if interrupt:
                break
            verdicts.append(verdict)
            histories.append(history)
            err.print(f"{verdict.fault}: {'; '.join(verdict.wrong) or 'good'}", soft_wrap=True)
            if folder is not None:
                report.save(folder, verdicts, histories, {**about, "not judged": failed})
    return verdicts, failed


def _drill(name: str) -> Drill:
    first, _, second = name.partition(plan.PAIR)
    return pair(BY_NAME[first], BY_NAME[second]) if second else BY_NAME[first]


def _show(verdicts: list[Verdict], as_json: bool) -> None:
    if as_json:
        told = {"summary": report.summary(verdicts), "rounds": [verdict.to_dict() for verdict in verdicts]}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return
    for verdict in verdicts:
        numbers = zip(report.COLUMNS[2:], report.row(verdict)[2:], strict=True)
        out.print(f"{report.row(verdict)[0]}: " + ", ".join(f"{name} {told}" for name, told in numbers), soft_wrap=True)
    out.print(report.summary(verdicts), soft_wrap=True)
