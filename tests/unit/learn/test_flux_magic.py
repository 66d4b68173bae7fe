"""%%flux: the server's complaints under the line they blame, tables by group key, options."""

import json
from datetime import UTC, datetime

import pytest
from influxdb_client.client.flux_table import FluxColumn, FluxRecord, FluxTable

from lab.base.errors import LearnerError
from lab.learn import flux_magic
from lab.learn.flux_errors import Blame, blames, explain, marked
from lab.learn.flux_tables import MAX_ROWS, MAX_TABLES, TablesView, figure

QUERY = 'from(bucket: "b")\n    |> range(start: -1h)\n    |> fliter(fn: (r) => true)'


class Refused:
    """An ApiException as the client raises it."""

    reason = "Bad Request"

    def __init__(self, message):
        self.body = json.dumps({"code": "invalid", "message": message})


def test_a_compile_error_is_shown_under_its_line():
    card = explain(QUERY, Refused("compilation failed: error @3:8-3:14: undefined identifier fliter"))
    assert "Line 3, column 8: undefined identifier fliter" in card.text
    shown, carets = card.code.splitlines()
    assert shown.endswith("|> fliter(fn: (r) => true)")
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "fliter"


def test_several_complaints_are_kept_apart():
    message = "compilation failed: error @1:1-1:5: first\n\nerror @2:8-2:13: second"
    assert blames(message) == [Blame("first", 1, 1, 4), Blame("second", 2, 8, 5)]


def test_a_complaint_without_a_place_is_shown_as_it_is():
    assert blames("could not find bucket") == [Blame("could not find bucket")]
    assert explain(QUERY, Refused("could not find bucket")).code == ""


def test_a_span_over_several_lines_marks_its_beginning():
    assert blames("runtime error @1:1-3:9: map: missing") == [Blame("map: missing", 1, 1, 1)]
    assert marked(QUERY, Blame("x", 9, 1)) == ""


def table(generator, rows):
    found = FluxTable()
    for index, (label, kind, grouped) in enumerate(
        [("result", "string", False), ("table", "long", False), ("generatorID", "string", True),
         ("_time", "dateTime:RFC3339", False), ("_value", "double", False)]
    ):  # fmt: skip
        found.columns.append(FluxColumn(index, label, kind, grouped, ""))
    for second in range(rows):
        values = {"result": "_result", "table": 0, "generatorID": generator}
        values |= {"_time": datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC), "_value": 700.0 + second}
        found.records.append(FluxRecord(0, values))
    return found


def test_each_table_is_shown_with_its_group_key():
    shown = TablesView([table("generator1", 1), table("generator2", 2)])
    assert shown.text.startswith("2 tables, 3 rows")
    assert "Table 2: group key [generatorID=generator2]" in shown.text
    assert "2026-01-01T00:00:01Z" in shown.text
    assert shown.html.count("<table>") == 2
    assert shown.html.count(", key</small>") == 2
    assert "700.0" in shown.text


def test_what_is_left_out_is_said():
    shown = TablesView([table(f"generator{i}", MAX_ROWS + 1) for i in range(MAX_TABLES + 2)])
    assert "... and 2 more tables" in shown.text
    assert shown.text.count("... and 1 more row") == MAX_TABLES
    assert "... and 2 more tables" in shown.html


def test_no_table_is_said_as_well():
    assert TablesView([]).text == "0 tables, 0 rows"


def test_the_plot_has_a_line_per_table():
    names = [line.name for line in figure([table("generator1", 2), table("generator2", 2)]).data]
    assert names == ["generator1", "generator2"]


class Shell:
    """What the magic needs of a notebook."""

    def __init__(self):
        self.user_ns = {}


@pytest.fixture
def shown(monkeypatch):
    cards = []
    monkeypatch.setattr(flux_magic, "display", cards.append)
    monkeypatch.setattr(flux_magic, "run", lambda query: flux_magic.FluxResult(query, (table("generator1", 2),)))
    return cards


def test_into_keeps_the_result(shown):
    shell = Shell()
    flux_magic.flux(shell, "--into rows", QUERY)
    assert shell.user_ns["rows"].query == QUERY
    assert [row["_value"] for row in shell.user_ns["rows"].rows] == [700.0, 701.0]
    assert isinstance(shown[0], TablesView)


def test_plot_shows_a_figure_too(shown):
    flux_magic.flux(Shell(), "--plot", QUERY)
    assert len(shown) == 2


def test_a_cell_of_comments_asks_nobody(shown):
    shell = Shell()
    flux_magic.flux(shell, "--into rows", "// TODO: everything\n")
    assert shell.user_ns["rows"] is None
    assert "No Flux" in shown[0].text


def test_an_unknown_option_is_explained():
    with pytest.raises(LearnerError, match="unrecognized arguments: --chart"):
        flux_magic.flux(Shell(), "--chart", QUERY)
