"""The one command's verbs. Each imports what it runs when it runs, so that `status` does not wait for the proxy's code.

A LabError ends any verb with its cause and its remedy, a line each, and exit code 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from typing import Annotated

import typer

from lab.errors import LabError, LearnerError

app = typer.Typer(
    name="workshop",
    help="IoT data from MQTT through Kafka to InfluxDB and back. Without a verb: start everything and open JupyterLab.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
)
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""For verbs whose arguments belong to the module that runs them."""
RESETTABLE = "kafka, connect, influxd, proxy, a lesson (07), an exercise (l05.lag) or everything."
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]


@app.callback(invoke_without_command=True)
def everything(context: typer.Context) -> None:
    """Start the services, open JupyterLab at lesson 00, stop all at Ctrl-C."""
    if context.invoked_subcommand is None:
        from lab.stack.jupyter import workshop

        raise typer.Exit(workshop())


@app.command()
def up(
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait for InfluxDB when it must be built.")] = False,
) -> None:
    """Start the services in the background; return when each answers a real request."""
    from lab import stack
    from lab.settings import settings
    from lab.stack import proxy
    from lab.stack.console import err, steps

    with steps() as report:
        stack.up(report, wait=not no_wait)
    if (warning := proxy.warning(settings())) is not None:
        err.print(warning, style="yellow")
    status()


@app.command()
def down() -> None:
    """Stop the services, in order; no process is left."""
    from lab import stack
    from lab.stack.console import steps

    with steps() as report:
        stack.down(report)


@app.command()
def status(as_json: Json = False) -> None:
    """What runs where, each service asked at this moment. Exit code 1 when one is stopped or failed."""
    from lab import pace, stack
    from lab.stack.console import out, status_table

    rows, factor = stack.status(), pace.pace()
    if as_json:
        out.print_json(json.dumps([{**asdict(row), "pace": factor} for row in rows]))
    else:
        out.print(status_table(rows))
        if slow := pace.words(factor):
            out.print(slow, soft_wrap=True)
    if any(row.state in ("failed", "stopped") for row in rows):
        raise typer.Exit(1)


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="A service, supervisor, influxd-build or aot-training.")],
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing what is added.")] = False,
) -> None:
    """The last lines of a service's log."""
    from lab.stack.logs import show

    show(service, lines, follow)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Is this machine fit: ports, memory, disk, Java, toolchains, clock, proxy variables; a remedy each."""
    from lab.stack.doctor import examine, show

    findings = examine()
    show(findings, as_json)
    if any(finding.level == "bad" for finding in findings):
        raise typer.Exit(1)


@app.command()
def reset(
    what: Annotated[list[str], typer.Argument(help=RESETTABLE)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Begin anew: a service, a lesson, an exercise, everything. Says what it removes; your notebooks are put aside."""
    from lab.stack.reset import reset as begin_anew

    begin_anew(what, yes)


@app.command()
def lab(lesson: Annotated[str, typer.Argument(help="Number of the lesson to open.")] = "00") -> None:
    """JupyterLab on a running stack; Ctrl-C ends JupyterLab and leaves the services."""
    from lab.stack.jupyter import lab as open_lab

    raise typer.Exit(open_lab(lesson))


@app.command()
def demo(  # noqa: PLR0917 - one parameter per option
    seconds: Annotated[int, typer.Option(min=1, help="How long readings are sent.")] = 60,
    generators: Annotated[int, typer.Option(min=1, help="How many generators.")] = 20,
    rate: Annotated[float, typer.Option(min=0.1, help="Readings a second of all generators together.")] = 200.0,
    faults: Annotated[bool, typer.Option("--faults", help="Kill and freeze services meanwhile.")] = False,
    as_json: Json = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the services running afterwards.")] = False,
) -> None:
    """The whole pipeline without JupyterLab: a live table of every hop, then the ledger and its verdict."""
    run = _load("lab.demo", "demo")
    raise typer.Exit(run(seconds=seconds, generators=generators, rate=rate, faults=faults, as_json=as_json, keep=keep))


@app.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run_tests(
    context: typer.Context,
    thorough: Annotated[bool, typer.Option("--all", help="Run what takes many minutes as well.")] = False,
    durations: Annotated[bool, typer.Option("--durations", help="List the slowest tests and files.")] = False,
) -> None:
    """Run the tests, all four stages or those that are named: unit, services, notebooks, browser.

    Further arguments go to pytest: ./workshop test services -k proxy
    """
    from lab.stack.testing import run

    raise typer.Exit(run(context.args, thorough, durations))


@app.command(context_settings=PASSED_ON)
def build(context: typer.Context) -> None:
    """Notebooks and solutions from course/."""
    raise typer.Exit(_load("lab.course.build", "main")(context.args))


@app.command(context_settings=PASSED_ON)
def progress(context: typer.Context) -> None:
    """What is solved."""
    raise typer.Exit(_load("lab.checks.progress", "main")(context.args))


@app.command(context_settings=PASSED_ON)
def goto(context: typer.Context) -> None:
    """Bring the stack and the state to what a lesson needs."""
    raise typer.Exit(_load("lab.course.goto", "main")(context.args))


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="proxy, proxy_idle, connect or widgets.")], as_json: Json = False
) -> None:
    """Run one benchmark."""
    from lab.stack.benches import run

    raise typer.Exit(run(name, as_json))


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
    from lab.stack.console import show_anything, show_error
    from lab.stack.crash import keep

    show_anything()
    try:
        app(args=arguments, prog_name="workshop")
    except LabError as error:
        show_error(error)
    except ModuleNotFoundError as error:
        return _missing(error)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except Exception as error:  # noqa: BLE001 - the last place where an error can still be told in a person's words
        return keep(error)
    return 1


def _missing(error: ModuleNotFoundError) -> int:
    """A package is gone from the virtual environment: without its stamp the next start makes it anew."""
    from lab.settings import ROOT
    from lab.stack.console import show_error

    for stamp in (".installed", ".installed-test"):
        (ROOT / ".venv" / stamp).unlink(missing_ok=True)
    cause = f"The virtual environment lacks the module {error.name}."
    show_error(LabError(cause, "Run the same command again: it installs everything again."))
    return 1


if __name__ == "__main__":
    sys.exit(main())
