"""The cell magic %%flux: runs Flux on the lab's InfluxDB and shows what came back as Flux thinks, table by table.

    %%flux [--into NAME] [--plot] [--exercise HANDLE ID]

`--into` keeps the result in a variable, `--plot` also draws it, `--exercise` begins an attempt whose answer is the
cell. An error of the server is shown under the line it blames and raises nothing, so that Run All goes on.
"""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass
from typing import Any, NoReturn

from IPython.display import display

from lab.base.addresses import load
from lab.base.errors import LearnerError
from lab.checks.exercise_api import flux_exercise
from lab.checks.view import Card
from lab.learn.flux_errors import explain
from lab.learn.flux_tables import TablesView, figure

QUERY_SECONDS = 30.0


@dataclass(frozen=True)
class FluxResult:
    """What a %%flux cell gave: the query's text and its tables, one per group key."""

    query: str
    tables: tuple[Any, ...]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every row of every table as a dict."""
        return [dict(record.values) for table in self.tables for record in table.records]

    def __repr__(self) -> str:
        return f"{len(self.tables)} tables, {len(self.rows)} rows"


class _Parser(argparse.ArgumentParser):
    """A parser that never ends the kernel."""

    def error(self, message: str) -> NoReturn:
        raise LearnerError(f"%%flux does not understand its first line: {message}.", self.format_usage().strip())


def _options(line: str) -> argparse.Namespace:
    parser = _Parser(prog="%%flux", add_help=False)
    parser.add_argument("--into", metavar="NAME")
    parser.add_argument("--plot", action="store_true")
    parser.add_argument("--exercise", nargs=2, metavar=("HANDLE", "ID"))
    return parser.parse_args(shlex.split(line))


def run(query: str) -> FluxResult:
    """Run a query on the lab's InfluxDB.

    Raises ApiException with the server's words and ServiceError when it does not answer.
    """
    from lab.influx.api import Influx  # by the first query: it takes half of what a lesson's first cell would take

    with Influx(load(), timeout=QUERY_SECONDS) as influx:
        return FluxResult(query, tuple(influx.tables(query)))


def flux(shell: Any, line: str, cell: str) -> None:
    """The magic itself."""
    options = _options(line)
    if options.exercise:
        handle, exercise_id = options.exercise
        shell.user_ns[handle] = flux_exercise(exercise_id, cell)
    result = _shown(cell, options.plot)
    if options.into:
        shell.user_ns[options.into] = result


def _shown(query: str, plot: bool) -> FluxResult | None:
    if not any(line.strip() and not line.strip().startswith("//") for line in query.splitlines()):
        display(Card("○ No Flux in this cell yet", ()))
        return None
    from influxdb_client.rest import ApiException

    try:
        result = run(query)
    except ApiException as error:
        display(explain(query, error))
        return None
    display(TablesView(result.tables))
    if plot:
        display(figure(result.tables))
    return result


def load_ipython_extension(shell: Any) -> None:
    """Make %%flux known to a notebook; `import lab.learn` and `%load_ext lab.learn.flux_magic` both do it."""
    shell.register_magic_function(lambda line, cell: flux(shell, line, cell), magic_kind="cell", magic_name="flux")
