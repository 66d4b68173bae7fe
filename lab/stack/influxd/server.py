"""InfluxDB 2 as a service, and its set-up: organisation, first bucket, all-access token.

The token is made here and written before it is given to InfluxDB, which stores only its hash: a kill between
the two leaves a token that the next start uses.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import httpx
from tenacity import retry, retry_if_exception_type, wait_fixed

from lab.base.addresses import Addresses
from lab.base.errors import ServiceError
from lab.base.files import write
from lab.base.pace import allow, stop_after
from lab.stack.layout import Layout
from lab.stack.ports import HOST, Ports
from lab.stack.service import Service

VERSION = "2.9.1"
USER = "workshop"
ANSWER_SECONDS = 60
"""Reading many shards after a hard stop takes its time."""


def argv(binary: Path, ports: Ports, layout: Layout) -> tuple[str, ...]:
    """The command line of influxd; nothing of the user's own configuration is read."""
    data = Path(layout.seen(layout.data / "influxd"))
    return (
        f"./{binary.name}",
        f"--http-bind-address={HOST}:{ports.influxd}",
        f"--bolt-path={data / 'influxd.bolt'}",
        f"--sqlite-path={data / 'influxd.sqlite'}",
        f"--engine-path={data / 'engine'}",
        "--reporting-disabled",
        "--log-level=info",
    )


def program(layout: Layout) -> Path:
    """What the supervisor runs: a link, so that a running supervisor starts another influxd when `up` is given one."""
    return layout.run / "influxd"


def used(layout: Layout) -> Path | None:
    """The influxd that the link names, None before the first start."""
    return program(layout).readlink() if program(layout).is_symlink() else None


def use(binary: Path, layout: Layout) -> None:
    """Make the next start of InfluxDB one of this binary; it need not be there yet."""
    layout.link(program(layout).name, binary)


def service(binary: Path, ports: Ports, layout: Layout, start: bool) -> Service:
    """Describe the process; `start` is False while the binary is still being made."""
    (layout.data / "influxd").mkdir(mode=0o700, parents=True, exist_ok=True)
    use(binary, layout)
    return Service(
        name="influxd",
        argv=argv(program(layout), ports, layout),
        log=layout.log("influxd"),
        environment={"INFLUXD_CONFIG_PATH": "influxd-none"},
        start=start,
    )


def onboard(addresses: Addresses, layout: Layout) -> None:
    """Set InfluxDB up unless it is. Raises ServiceError when it is set up and its token is lost."""
    allowed = _allowed(addresses.influx_url)
    if allowed:
        _set_up(addresses, layout)
    elif not layout.influx_token.exists():
        raise ServiceError(
            "influxd",
            f"InfluxDB is set up, but its token {layout.influx_token} is gone and cannot be read back.",
            "Begin from scratch with ./workshop reset influxd (this removes its data).",
        )


@retry(
    retry=retry_if_exception_type(httpx.TransportError),
    wait=wait_fixed(0.1),
    stop=stop_after(ANSWER_SECONDS),
    reraise=True,
)
def _allowed(url: str) -> bool:
    return bool(
        httpx.get(f"{url}/api/v2/setup", timeout=allow(5), trust_env=False).raise_for_status().json()["allowed"]
    )


def _set_up(addresses: Addresses, layout: Layout) -> None:
    password, token = _secret(layout.secrets / "influx-password", 16), _secret(layout.influx_token, 48)
    answer = httpx.post(
        f"{addresses.influx_url}/api/v2/setup",
        json={
            "username": USER,
            "password": password,
            "org": addresses.influx_org,
            "bucket": addresses.names.raw_bucket,
            "token": token,
        },
        timeout=allow(30),
        trust_env=False,
    )
    if answer.status_code != httpx.codes.CREATED:
        raise ServiceError(
            "influxd", f"InfluxDB could not be set up: {answer.text.strip()[:200]}", "See ./workshop logs influxd."
        )


def _secret(path: Path, size: int) -> str:
    """A secret kept in a file of mode 0600, made when missing; `size` is random bytes."""
    if not path.exists():
        write(path, secrets.token_urlsafe(size) + "\n")
    return path.read_text().strip()
