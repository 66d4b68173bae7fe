"""`python -m lab.proxy`: run the proxy, or manage its password file.

python -m lab.proxy --config proxy.toml [--workers N] [--log-level LEVEL]
python -m lab.proxy check --config proxy.toml
python -m lab.proxy passwd FILE NAME [--remove]
"""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated, Optional

import typer
import uvloop

from lab.base.errors import LabError, LearnerError
from lab.proxy import accounts
from lab.proxy.config import Config, load
from lab.proxy.logs import configure
from lab.proxy.run import single
from lab.proxy.run import worker as one_of_several
from lab.proxy.workers import Supervisor
from lab.proxy.workers import check as shareable

app = typer.Typer(add_completion=False, help="An MQTT server that hands every publish to Kafka.")


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    config: Annotated[Optional[Path], typer.Option(help="The TOML file; docs/proxy.md describes it.")] = None,  # noqa: UP045
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the ports.")] = 1,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run until SIGTERM; SIGHUP reloads rules and passwords."""
    if context.invoked_subcommand is not None:
        return
    if config is None:
        raise LearnerError("No configuration was given.", "Name one with --config FILE; docs/proxy.md has an example.")
    configure(log_level)
    found = load(config)
    if workers == 1:
        uvloop.run(single(config, found))
        return
    shareable(found)
    uvloop.run(supervisor(config, found, workers, log_level))


async def supervisor(path: Path, config: Config, count: int, level: str) -> None:
    """Run `count` workers."""
    await Supervisor(path, config, count, level).run()


@app.command(hidden=True)
def worker(
    config: Annotated[Path, typer.Option()],
    channel: Annotated[int, typer.Option()],
    log_level: Annotated[str, typer.Option()] = "info",
) -> None:
    """One of several processes, started by the supervisor; `channel` is its descriptor of the socket pair."""
    configure(log_level)
    uvloop.run(one_of_several(config, load(config), channel))


@app.command()
def check(config: Annotated[Path, typer.Option(help="The TOML file.")]) -> None:
    """Say whether a configuration is right, without starting anything."""
    found = load(config)
    typer.echo(f"{config}: {len(found.rule)} rules, {len(found.listener)} listeners, no mistakes found.")


@app.command()
def passwd(
    file: Annotated[Path, typer.Argument(help="The password file; made when missing.")],
    name: Annotated[str, typer.Argument(help="The account.")],
    remove: Annotated[bool, typer.Option("--remove", help="Remove the account.")] = False,
) -> None:
    """Set an account's password, asked for or read from standard input, or remove the account."""
    accounts.write(file, name, None if remove else _password())
    typer.echo(f"{name} {'removed from' if remove else 'set in'} {file}. Send the proxy SIGHUP to make it known.")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass("Password: ")
    if first != getpass("Again: "):
        raise LearnerError("The two passwords differ.", "Type the same one twice.")
    return first


def main() -> None:
    """Run a verb; a LabError becomes two lines and exit code 1."""
    try:
        app(standalone_mode=True)
    except LabError as error:
        sys.stderr.write(f"Error: {error}\n")
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
