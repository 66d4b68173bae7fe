"""The one command's verbs. Each imports what it runs when it runs, so that `status` does not wait for the proxy's code.

A LabError ends any verb with its cause and its remedy, a line each, and exit code 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lab.base.errors import LabError, LearnerError

if TYPE_CHECKING:
    from lab.influx.types import WrongType

app = typer.Typer(
    name="workshop",
    help="IoT data from MQTT through Kafka to InfluxDB and back. Without a verb: start everything and open JupyterLab.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
START, LEARN, LOOK, DEVELOP = "Start and stop", "Learn", "Look", "Develop"
"""The groups of verbs in the help text, in this order."""
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""For verbs whose arguments belong to the module that runs them."""
PYTEST_TOO = {"allow_extra_args": True, "ignore_unknown_options": True}
RESETTABLE = "kafka, connect, influxd, proxy, a lesson (07), an exercise (l05.lag) or everything."
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


def _version(wanted: bool) -> None:
    if not wanted:
        return
    import platform
    import tomllib

    from lab.base.settings import ROOT
    from lab.commands.console import out

    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    out.print(f"workshop {version}, Python {platform.python_version()}", soft_wrap=True)
    raise typer.Exit


@app.callback(invoke_without_command=True)
def everything(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Start the services, open JupyterLab at lesson 00, stop all at Ctrl-C."""
    if context.invoked_subcommand is None:
        from lab.commands.lab import workshop

        raise typer.Exit(workshop())


@app.command(rich_help_panel=START)
def up(
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for InfluxDB when it must be built.")] = False,
) -> None:
    """Start the services in the background; return when each answers a real request."""
    from lab import stack
    from lab.base.settings import settings
    from lab.commands.console import err, steps
    from lab.stack import proxy

    with steps() as report:
        stack.up(report, wait=not no_wait)
    if (warning := proxy.warning(settings())) is not None:
        err.print(warning, style="yellow")
    status()


@app.command(rich_help_panel=START)
def down() -> None:
    """Stop the services, in order; no process is left."""
    from lab import stack
    from lab.commands.console import steps

    with steps() as report:
        stack.down(report)


@app.command(rich_help_panel=START)
def status(as_json: Json = False) -> None:
    """Ask each service now and show where it runs. Exit code 1 when one is stopped or failed."""
    from lab import stack
    from lab.base import pace
    from lab.commands.console import out, status_table

    rows, factor = stack.status(), pace.pace()
    wrong = _wrong_types() if any(row.name == "influxd" and row.state == "ready" for row in rows) else []
    if as_json:
        told = {"influxd": [one.cause for one in wrong]}
        out.print_json(
            json.dumps([{**asdict(row), "pace": factor, "problems": told.get(row.name, [])} for row in rows])
        )
    else:
        out.print(status_table(rows))
        for one in wrong:
            out.print(one.cause, style="yellow", soft_wrap=True)
        for remedy in {one.remedy for one in wrong}:
            out.print(remedy, soft_wrap=True)
        if slow := pace.words(factor):
            out.print(slow, soft_wrap=True)
    if any(row.state in ("failed", "stopped") for row in rows):
        raise typer.Exit(1)


@app.command(rich_help_panel=START)
def logs(
    service: Annotated[str, typer.Argument(help="A service, supervisor, influxd-build or aot-training.")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing what is added.")] = False,
) -> None:
    """Show the last lines of a service's log."""
    from lab.stack.logs import show

    show(service, lines, follow)


@app.command(rich_help_panel=START)
def doctor(as_json: Json = False) -> None:
    """Check ports, memory, disk, Java, tools, clock and proxy variables; suggest a fix for each problem."""
    from lab.commands.doctor import examine, show

    findings = examine()
    show(findings, as_json)
    if any(finding.level == "bad" for finding in findings):
        raise typer.Exit(1)


@app.command(rich_help_panel=START)
def reset(
    what: Annotated[list[str], typer.Argument(help=RESETTABLE)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Reset a service, a lesson, an exercise or everything. It says what it removes, and keeps your notebooks."""
    from lab.commands.reset import reset as carry_out

    carry_out(what, yes)


@app.command(rich_help_panel=LEARN)
def lab(lesson: Annotated[str, typer.Argument(help="Number of the lesson to open.")] = "00") -> None:
    """Open a lesson in JupyterLab on services that run; Ctrl-C ends JupyterLab and leaves the services."""
    from lab.commands.lab import lab as open_lab

    raise typer.Exit(open_lab(lesson))


@app.command(rich_help_panel=LOOK)
def demo(  # noqa: PLR0917 - one parameter per option
    seconds: Annotated[int, typer.Option(min=1, help="How long readings are sent.")] = 60,
    generators: Annotated[int, typer.Option(min=1, help="How many generators.")] = 20,
    rate: Annotated[float, typer.Option(min=0.1, help="Readings a second of all generators together.")] = 200.0,
    faults: Annotated[bool, typer.Option("--faults", help="Kill and freeze services during the run.")] = False,
    as_json: Json = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the services running afterwards.")] = False,
) -> None:
    """Run the whole pipeline without JupyterLab: a live table of every hop, then the ledger and its verdict."""
    run = _load("lab.demo", "demo")
    raise typer.Exit(run(seconds=seconds, generators=generators, rate=rate, faults=faults, as_json=as_json, keep=keep))


@app.command(rich_help_panel=LOOK)
def drill(  # noqa: PLR0917 - one parameter per option
    names: Annotated[list[str] | None, typer.Argument(help="Drills to carry out; lists them without any.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every drill.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="How often each.")] = 1,
    pairs: Annotated[int, typer.Option("--random", min=0, help="So many pairs of faults, drawn from the seed.")] = 0,
    seed: Annotated[int | None, typer.Option(help="Repeats an earlier draw.")] = None,
    rate: Annotated[float, typer.Option(min=1, help="Readings a second.")] = 500.0,
    report: Annotated[Path | None, typer.Option(help="Folder for drill.json and the page drill.html.")] = None,
    as_json: Json = False,
) -> None:
    """Inject faults into the pipeline and count what is lost, hop by hop."""
    from lab.commands.drill import run

    raise typer.Exit(
        run(
            names or [],
            everything=everything,
            rounds=rounds,
            pairs=pairs,
            seed=seed,
            rate=rate,
            as_json=as_json,
            folder=report,
        )
    )


@app.command(
    "test", rich_help_panel=DEVELOP, context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def run_tests(
    context: typer.Context,
    thorough: Annotated[bool, typer.Option("--all", help="Run what takes many minutes as well.")] = False,
    durations: Annotated[bool, typer.Option("--durations", help="List the slowest tests and files.")] = False,
) -> None:
    """Run the tests, all four stages or those that are named: unit, services, notebooks, browser.

    Further arguments go to pytest: ./workshop test services -k proxy
    """
    from lab.commands.test import run

    raise typer.Exit(run(context.args, thorough, durations))


@app.command(rich_help_panel=DEVELOP, context_settings=PASSED_ON)
def build(context: typer.Context) -> None:
    """Build notebooks and solutions from course/."""
    raise typer.Exit(_load("lab.authoring.build", "main")(context.args))


@app.command(rich_help_panel=LEARN, context_settings=PASSED_ON)
def progress(context: typer.Context) -> None:
    """Show what is solved."""
    raise typer.Exit(_load("lab.checks.progress", "main")(context.args))


@app.command(rich_help_panel=LEARN, context_settings=PASSED_ON)
def goto(context: typer.Context) -> None:
    """Prepare the services and the data for a lesson."""
    raise typer.Exit(_load("lab.course.goto", "main")(context.args))


@app.command(rich_help_panel=LOOK)
def bench(
    name: Annotated[
        str | None, typer.Argument(help="proxy, proxy_idle, connect or widgets; lists them without one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run one benchmark, or list them."""
    from lab.commands.bench import run

    raise typer.Exit(run(name, as_json))


@app.command("help", rich_help_panel=LOOK)
def show_help(
    context: typer.Context, verb: Annotated[str | None, typer.Argument(help="A verb; all without one.")] = None
) -> None:
    """Show all verbs, or the help of one."""
    from lab.commands.console import out

    assert context.parent is not None
    if verb is None:
        out.print(context.parent.get_help(), markup=False)
    else:
        app(args=[verb, "--help"], prog_name="workshop")


def _wrong_types() -> list[WrongType]:
    """Fields of the pipeline's buckets whose type refuses every reading; none when InfluxDB cannot say now."""
    from lab.base import addresses
    from lab.influx.types import problems

    try:
        return problems(addresses.load())
    except LabError:
        return []


def _load(module: str, function: str) -> Callable[..., int]:
    """A verb that lives in another part of the kit. Raises LearnerError when this clone has no such part."""
    try:
        return getattr(import_module(module), function)  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise LearnerError(f"This clone has no {module}.", "Update the clone: git pull.") from error


def main(arguments: list[str] | None = None) -> int:
    """Run one verb and return the exit code; typer tells usage errors (2) and Ctrl-C itself."""
    from lab.base.interrupt import Ended, ended_by_signals
    from lab.commands.console import show_anything, show_error
    from lab.commands.crash import keep

    show_anything()
    try:
        with ended_by_signals():
            app(args=arguments, prog_name="workshop")
    except Ended as ended:
        return ended.exit_code
    except LabError as error:
        show_error(error)
    except ModuleNotFoundError as error:
        return _missing(error)
    except PermissionError as error:
        return _forbidden(error)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except Exception as error:  # noqa: BLE001 - the last place where an error can still be told in a person's words
        return keep(error)
    return 1


def _forbidden(error: PermissionError) -> int:
    """A file of another user's, such as one that a ./workshop of root's has left."""
    from pathlib import Path

    from lab.base.access import obstacle
    from lab.base.settings import settings
    from lab.commands.console import show_error
    from lab.commands.crash import keep

    if error.filename is None:
        return keep(error)
    path = Path(error.filename)
    ours = (("LAB_STATE", settings().state.absolute()), ("LAB_CACHE", settings().cache.absolute()))
    move = next(
        (f"Point {variable} at a new folder of yours" for variable, folder in ours if path.is_relative_to(folder)), None
    )
    why = obstacle(path) or error.strerror
    show_error(
        LabError(f"{path} may not be used: {why}.", f"{move or 'Ask its owner for access'}; then run this again.")
    )
    return 1


def _missing(error: ModuleNotFoundError) -> int:
    """A package is gone from the virtual environment: without its stamp the next start makes it from scratch."""
    from pathlib import Path

    from lab.commands.console import show_error

    remedy = "Run the same command again: it installs everything again."
    try:
        for stamp in (".installed", ".installed-test"):
            (Path(sys.prefix) / stamp).unlink(missing_ok=True)
    except OSError:  # another user's, or on a read-only disk
        remedy = "Set LAB_VENV to a new folder of yours, then run the same command again."
    show_error(LabError(f"The virtual environment {sys.prefix} lacks the module {error.name}.", remedy))
    return 1


if __name__ == "__main__":
    sys.exit(main())
