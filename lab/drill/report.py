"""What a drill leaves behind: JSON for a program, and one page for a person with the table and a plot per fault."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from lab.base.files import write
from lab.drill.check import History, Verdict

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLUMNS = (
    "fault, round", "QoS", "acknowledged", "lost at Kafka", "kafka_raw", "kafka_downsampled", "generator_alarms",
    "refused", "late", "copies in Kafka", "twice after", "out of order", "first ack, s", "caught up, s",
    "status wrong", "verdict",
)  # fmt: skip
HEAD = "<!doctype html><meta charset=utf-8><title>Fault drills</title><style>body{font:15px sans-serif;margin:2em}"
STYLE = "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:3px 7px;text-align:right}.bad{color:#b00}"


def row(verdict: Verdict) -> tuple[str, ...]:
    """One line of the table."""
    c = verdict.counts
    numbers = (c.acknowledged, c.lost_kafka, c.lost_raw, c.lost_downsampled, c.lost_alarms, c.refused, c.late)
    return (
        f"{verdict.fault}, {verdict.round}",
        str(verdict.qos),
        *(f"{n:,}" for n in (*numbers, c.duplicates_kafka, c.duplicates_after, c.inversions)),
        "never" if verdict.first_ack_s is None else f"{verdict.first_ack_s:.1f}",
        "never" if verdict.caught_up_s is None else f"{verdict.caught_up_s:.1f}",
        f"{verdict.status_wrong} of {verdict.status_looks}",
        "; ".join(verdict.wrong) or "good",
    )


def summary(verdicts: Sequence[Verdict]) -> str:
    """One sentence for all rounds."""
    bad = [v for v in verdicts if not v.good]
    total, lost = sum(v.counts.acknowledged for v in verdicts), sum(v.counts.lost for v in verdicts)
    kinds = len({v.fault for v in verdicts})
    broken = f"{len(bad)} of the rounds broke a promise" if bad else "every promise was kept"
    return f"{total:,} acknowledged in {len(verdicts)} rounds of {kinds} faults: {lost:,} lost, {broken}."


def figure(history: History) -> Figure:
    """Rate of acknowledgements and lag over time, with the fault marked."""
    from plotly.subplots import make_subplots

    steps = list(pairwise(history.samples[::4]))
    drawn = make_subplots(
        rows=2, shared_xaxes=True, subplot_titles=("acknowledged, 1/s", "acknowledged, not in kafka_raw")
    )
    rate = [(b.acknowledged - a.acknowledged) / max(1e-3, b.at - a.at) for a, b in steps]
    drawn.add_scatter(x=[b.at for _, b in steps], y=rate, mode="lines", row=1, col=1)
    lag = [max(0, s.acknowledged - s.raw) for s in history.samples]
    drawn.add_scatter(x=[s.at for s in history.samples], y=lag, mode="lines", row=2, col=1)
    drawn.add_vrect(x0=history.injected, x1=max(history.healed, history.injected + 0.2), opacity=0.25, fillcolor="red")
    drawn.update_layout(
        title=f"{history.fault}, round {history.round}", height=380, showlegend=False, template="plotly_white"
    )
    return drawn


def save(folder: Path, verdicts: Sequence[Verdict], histories: Sequence[History], about: Mapping[str, object]) -> None:
    """Write drill.json and drill.html; the page plots the first round of each fault, and each that broke a promise."""
    rounds = [{**v.to_dict(), "history": asdict(h)} for v, h in zip(verdicts, histories, strict=True)]
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "drill.json", json.dumps({**about, "summary": summary(verdicts), "rounds": rounds}) + "\n")
    shown = [h for v, h in zip(verdicts, histories, strict=True) if not v.good or (v.round == 1 and "+" not in v.fault)]
    plots = [figure(h).to_html(full_html=False, include_plotlyjs=number == 0) for number, h in enumerate(shown)]
    told = "".join(f"<p>{escape(str(name))}: {escape(str(value))}</p>" for name, value in about.items())
    head = "".join(f"<th>{escape(name)}</th>" for name in COLUMNS)
    lines = "".join(_line(verdict) for verdict in verdicts)
    page = f"{HEAD}{STYLE}</style><h1>Fault drills</h1><p>{summary(verdicts)}</p>{told}<table><tr>{head}</tr>{lines}"
    write(folder / "drill.html", f"{page}</table>{''.join(plots)}\n")


def _line(verdict: Verdict) -> str:
    cells = "".join(f"<td>{escape(cell)}</td>" for cell in row(verdict))
    return f"<tr{'' if verdict.good else ' class=bad'}>{cells}</tr>"
