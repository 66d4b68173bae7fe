"""The supervisor: a process of its own that outlives notebook kernels and restarts what dies.

supervisor (PyPI) does the work; here are its configuration, its start, and the calls over its private unix
socket. It knows processes and nothing of readiness: that a pid lives says little, so `probes` asks further.

supervisor's configuration cuts values at ` ;` and ` #`, expands percent signs, and quotes by rules of its own. So it
holds plain names only: of files relative to the run folder, where the supervisor itself works, and of a shell
script per service, which becomes the service.
"""

from __future__ import annotations

import resource
import shlex
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, cast

from tenacity import retry, retry_if_exception_type, wait_fixed

from lab.base.diagnosis import cause
from lab.base.environment import small
from lab.base.errors import MachineError, ServiceError
from lab.base.files import write
from lab.base.pace import allow, stop_after
from lab.stack.layout import Layout
from lab.stack.service import Service

MARK = "LAB_SUPERVISED"
"""Environment variable of everything the supervisor starts; its value is the state folder. It finds orphans."""
OPEN_FILES = 65536
"""Wanted limit of open files: a thousand MQTT clients and Kafka's segments; the machine's hard limit caps it."""
START_SECONDS = 8
"""A service that ends sooner has failed to start; after the fifth time in a row supervisor gives it up. A slow machine
needs longer to find out that a service cannot run, so this is multiplied by the pace."""
SUPERVISORD = """\
from supervisor import options, supervisord
options.ServerOptions.cleanup_fds = lambda self: None
supervisord.main()
"""
"""supervisord, but it does not close what it was given: the sockets that keep the stack's ports. Services get none."""
ALREADY_STARTED, NOT_RUNNING = 60, 70
"""supervisor.xmlrpc.Faults."""


@dataclass(frozen=True)
class Process:
    """What the supervisor says of one process; `state` is its word (RUNNING, BACKOFF, FATAL, ...)."""

    name: str
    state: str
    pid: int | None
    seconds: int
    description: str


def configuration(services: Iterable[Service], layout: Layout) -> str:
    """supervisord.conf: the daemon, its socket and one program per service."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    head = [
        "[supervisord]",
        f"logfile={layout.seen(layout.log('supervisor'))}",
        "logfile_maxbytes=1MB",
        "logfile_backups=1",
        "pidfile=supervisord.pid",
        f"childlogdir={layout.seen(layout.logs)}",
        "identifier=lab",
        "umask=077",
        f"minfds={files}",
        "[unix_http_server]",
        f"file={layout.socket.name if layout.socket.parent == layout.run else layout.socket}",
        "chmod=0700",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    return "\n".join([*head, *(line for service in services for line in _program(service, layout))]) + "\n"


def _program(service: Service, layout: Layout) -> list[str]:
    return [
        f"[program:{service.name}]",
        f"command=/bin/sh {service.name}.sh",
        f"autostart={str(service.start).lower()}",
        f"autorestart={'true' if service.restart else 'false'}",
        f"startsecs={int(allow(START_SECONDS)) if service.restart else 0}",
        "startretries=4",
        f"stopwaitsecs={int(allow(service.stop_seconds))}",
        "stopasgroup=true",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={layout.seen(service.log)}",
        "stdout_logfile_maxbytes=10MB",
        "stdout_logfile_backups=1",
    ]


def script(service: Service) -> str:
    """The shell script that becomes the service: a shell's quoting holds any word."""
    variables = (f"export {name}={shlex.quote(value)}" for name, value in service.environment.items())
    return "\n".join(["#!/bin/sh", *variables, f"exec {shlex.join(service.argv)}", ""])


def call(layout: Layout, method: str, *arguments: object) -> Any:
    """One call of supervisor's XML-RPC interface. Raises OSError when nobody listens, Fault when it refuses."""
    from supervisor.xmlrpc import SupervisorTransport

    transport = SupervisorTransport(None, None, f"unix://{layout.socket}")
    try:
        server = xmlrpc.client.ServerProxy("http://127.0.0.1", cast(Any, transport))
        return getattr(server.supervisor, method)(*arguments)
    except HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        transport.close()


def processes(layout: Layout) -> dict[str, Process] | None:
    """Every process by name, or None when no supervisor answers."""
    try:
        found = call(layout, "getAllProcessInfo")
    except OSError:
        return None
    return {info["name"]: _process(info) for info in found}


def _process(info: dict[str, Any]) -> Process:
    return Process(
        name=info["name"],
        state=info["statename"],
        pid=info["pid"] or None,
        seconds=max(0, info["now"] - info["start"]),
        description=info["spawnerr"] or info["description"],
    )


def launch(services: Iterable[Service], layout: Layout, kept: Iterable[socket.socket] = ()) -> None:
    """Start the supervisor as a daemon; it starts its services, and keeps these sockets open as long as it lives.

    Raises MachineError when it does not come up.
    """
    services = list(services)
    for service in services:
        write(layout.run / f"{service.name}.sh", script(service))
    config = write(layout.run / "supervisord.conf", configuration(services, layout)).name
    layout.socket.unlink(missing_ok=True)
    argv = (sys.executable, "-P", "-c", SUPERVISORD, "-c", config)
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        env=environment(layout),
        timeout=allow(60),
        check=False,
        cwd=layout.run,
        pass_fds=[holder.fileno() for holder in kept],
    )
    if done.returncode:
        write(layout.log("supervisor-start"), done.stdout + done.stderr)
        raise MachineError(
            f"The supervisor did not start: {cause(done.stdout + done.stderr)}",
            "Read ./workshop logs supervisor-start and ./workshop logs supervisor.",
        )
    _wait_for_socket(layout)


@retry(retry=retry_if_exception_type(OSError), wait=wait_fixed(0.05), stop=stop_after(15), reraise=True)
def _wait_for_socket(layout: Layout) -> None:
    call(layout, "getState")


def start(name: str, layout: Layout) -> None:
    """Start one service; one that runs already is fine. Raises ServiceError when the supervisor refuses."""
    _command("startProcess", name, layout, ALREADY_STARTED)


def stop(name: str, layout: Layout) -> None:
    """Stop one service and wait: SIGTERM, then SIGKILL at its deadline."""
    _command("stopProcess", name, layout, NOT_RUNNING)


def _command(method: str, name: str, layout: Layout, harmless: int) -> None:
    try:
        call(layout, method, name, method == "stopProcess")
    except xmlrpc.client.Fault as fault:
        if fault.faultCode != harmless:
            raise ServiceError(
                name, f"{name}: the supervisor refused: {fault.faultString}.", f"See ./workshop logs {name}."
            ) from fault
    except OSError as error:
        raise MachineError("No supervisor runs here.", "Start everything with ./workshop up.") from error


def shutdown(layout: Layout) -> None:
    """End the supervisor itself; it answers before it goes."""
    call(layout, "shutdown")


def environment(layout: Layout) -> dict[str, str]:
    """What services and steps get: the small environment, which stack this is, and the mark."""
    return {**small(), "LAB_STATE": str(layout.state), "LAB_CACHE": str(layout.cache), MARK: str(layout.state)}
