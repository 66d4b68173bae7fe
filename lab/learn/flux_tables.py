"""Flux results as a notebook shows them: one table per group key, and a plot.

Shows at most MAX_TABLES tables of MAX_ROWS rows and says how many more there are; nothing is left out silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from lab.base import palette

MAX_TABLES = 8
MAX_ROWS = 10
_HIDDEN = ("result", "table")
"""Columns of the answer's own bookkeeping."""


@dataclass(frozen=True)
class TablesView:
    """FluxTables that display themselves, with the group key above each."""

    tables: Sequence[Any]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.text, "text/html": self.html}

    def __repr__(self) -> str:
        return self.text

    @property
    def summary(self) -> str:
        rows = sum(len(table.records) for table in self.tables)
        return f"{_count(len(self.tables), 'table')}, {_count(rows, 'row')}"

    @property
    def text(self) -> str:
        """Every shown table as aligned text."""
        parts = [_text_table(number, table) for number, table in enumerate(self.tables[:MAX_TABLES], 1)]
        return "\n".join([self.summary, *parts, *self._more()])

    @property
    def html(self) -> str:
        """Every shown table as an HTML table; columns of the group key say so and have a heavier line."""
        parts = [_html_table(number, table) for number, table in enumerate(self.tables[:MAX_TABLES], 1)]
        more = "".join(f"<div>{line}</div>" for line in self._more())
        return f"<div><strong>{self.summary}</strong>{''.join(parts)}{more}</div>"

    def _more(self) -> list[str]:
        left = len(self.tables) - MAX_TABLES
        return [f"... and {_count(left, 'more table')}"] if left > 0 else []


def figure(tables: Sequence[Any]) -> Any:
    """A plotly Figure: one line per table over _time, of _value or, after a pivot, of each numeric column."""
    import plotly.graph_objects as go

    chart = go.Figure()
    for table in tables:
        for column in _value_columns(table):
            chart.add_scatter(
                x=[record.values.get("_time") for record in table.records],
                y=[record.values.get(column) for record in table.records],
                mode="lines+markers",
                name=_line_name(table, column),
            )
    chart.update_layout(
        height=320,
        margin={"t": 24, "b": 40},
        xaxis_title="_time (UTC)",
        template="plotly_white",
        colorway=palette.SERIES,
    )
    return chart


def group_key(table: Any) -> dict[str, str]:
    """The columns and values that all rows of a table share by grouping."""
    first = table.records[0].values if table.records else {}
    return {c.label: _cell(first.get(c.label, c.default_value)) for c in table.columns if c.group}


def _value_columns(table: Any) -> list[str]:
    numeric = [column.label for column in table.columns if column.data_type in ("double", "long", "unsignedLong")]
    return [name for name in numeric if name not in _HIDDEN]


def _line_name(table: Any, column: str) -> str:
    parts = [words for name, words in group_key(table).items() if name not in ("_start", "_stop", "_measurement")]
    return " ".join([*parts, *([] if column == "_value" else [column])])


def _heading(number: int, table: Any) -> str:
    key = ", ".join(f"{name}={words}" for name, words in group_key(table).items())
    return f"Table {number}: group key [{key}]"


def _columns(table: Any) -> list[Any]:
    return [column for column in table.columns if column.label not in _HIDDEN]


def _text_table(number: int, table: Any) -> str:
    names = [column.label for column in _columns(table)]
    rows = [[_cell(record.values.get(name)) for name in names] for record in table.records[:MAX_ROWS]]
    widths = [max(len(row[i]) for row in [names, *rows]) for i in range(len(names))]
    lines = ["  ".join(words.ljust(width) for words, width in zip(row, widths, strict=True)) for row in [names, *rows]]
    return "\n".join(["", _heading(number, table), *(f"  {line}".rstrip() for line in lines), *_rows_left(table)])


def _html_table(number: int, table: Any) -> str:
    columns = _columns(table)
    head = "".join(_html_head(column) for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(record.values.get(c.label)))}</td>" for c in columns) + "</tr>"
        for record in table.records[:MAX_ROWS]
    )
    more = "".join(f"<div>{line}</div>" for line in _rows_left(table))
    style = "text-align:left;caption-side:top;white-space:nowrap"
    caption = f"<caption style='{style}'>{escape(_heading(number, table))}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _html_head(column: Any) -> str:
    kind = f"{column.data_type}, key" if column.group else column.data_type
    style = f" style='border-bottom:2px solid {palette.SERIES[0]}'" if column.group else ""
    return f"<th scope='col'{style}>{escape(column.label)}<br><small>{escape(kind)}</small></th>"


def _rows_left(table: Any) -> list[str]:
    left = len(table.records) - MAX_ROWS
    return [f"  ... and {_count(left, 'more row')}"] if left > 0 else []


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        text = f"{value:.6g}" if abs(value) < 1e6 else f"{value:.1f}"
        return text if any(sign in text for sign in ".en") else f"{text}.0"
    return "" if value is None else str(value)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
