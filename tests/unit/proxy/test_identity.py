"""Who is who: what a listener knows against what a client shows, as the table in docs/proxy.md has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.base.settings import ROOT
from lab.proxy import accounts
from lab.proxy.accounts import Accounts
from lab.proxy.config import Listener
from lab.proxy.core.packets import V5, V311, Connect, connack
from lab.proxy.core.rules import Identity
from lab.proxy.identity import identify

DOCS = (ROOT / "docs/proxy.md").read_text()
SHOWN: dict[str, tuple[str | None, bytes | None]] = {
    "nothing": (None, None),
    "a name alone": ("g1", None),
    "name, right password": ("g1", b"right"),
    "name, wrong password": ("g1", b"wrong"),
    "unknown name": ("nobody", b"right"),
    "empty name and password": ("", b""),
    "a password alone (5.0)": (None, b"right"),
}
LISTENERS: dict[str, tuple[dict[str, object], bool, bool]] = {
    "`anonymous`, no password file": ({"anonymous": True}, False, False),
    "`anonymous` and a password file": ({"anonymous": True}, True, False),
    "a password file": ({}, True, False),
    "`client_ca`, a certificate is shown": ({"client_ca": "ca"}, False, True),
    "`client_ca` and a password file, a certificate is shown": ({"client_ca": "ca"}, True, True),
    "`client_ca`, none is shown": ({"client_ca": "ca"}, False, False),
    "`client_ca` and a password file, none is shown": ({"client_ca": "ca"}, True, False),
}
"""Listener, whether there is a password file, whether the client has a certificate."""


def table() -> dict[tuple[str, str], str]:
    """The cells of the documentation's table."""
    rows = [line for line in DOCS.splitlines() if line.startswith("| ")]
    [head] = [line for line in rows if line.startswith("| listener |")]
    columns = [one.strip() for one in head.strip("|").split("|")][1:]
    found = {}
    for line in rows[rows.index(head) + 1 :]:
        name, *cells = [one.strip() for one in line.strip("|").split("|")]
        if name in LISTENERS:
            found |= {(name, column): cell for column, cell in zip(columns, cells, strict=True)}
    return found


class Transport:
    """A transport that knows a certificate or none."""

    def __init__(self, certificate: bool) -> None:
        self._peer = {"subject": ((("commonName", "cert1"),),)} if certificate else None

    def get_extra_info(self, _name: str) -> object:
        return self._peer


def expected(cell: str) -> tuple[str | None, str | None] | int:
    """User and certificate that rules see, or the reason of a refusal."""
    if code := re.fullmatch(r"refused (0x\w+)", cell):
        return int(code[1], 16)
    return ("g1" if "user" in cell else None, "cert1" if "certificate" in cell else None)


@pytest.mark.parametrize("version", [V311, V5])
@pytest.mark.parametrize("shown", SHOWN)
@pytest.mark.parametrize("listener", LISTENERS)
async def test_every_combination_is_as_the_table_says(
    listener: str, shown: str, version: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "HASHER", accounts.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    fields, file, certificate = LISTENERS[listener]
    accounts.write(tmp_path / "passwords", "g1", "right")
    known = Accounts(tmp_path / "passwords" if file else None)
    username, password = SHOWN[shown]
    one = Listener.model_validate({"kind": "tls", "port": 0, "certificate": "c", "key": "k", **fields})
    found = await identify(
        Connect(version, "c", True, 0, username=username, password=password), one, known, Transport(certificate)
    )
    known.close()
    wanted = expected(table()[listener, shown])
    if isinstance(found, Identity):
        assert (found.user, found.certificate) == wanted
    else:
        reason, cause = found
        assert reason == wanted
        assert connack(V311, reason)[3] == {0x86: 4, 0x87: 5}[reason]
        assert ("wrong" in cause) == (reason == 0x86)
        if not file:
            assert "password" not in cause, "nothing is asked for that could not be checked"


def test_the_table_is_whole() -> None:
    assert set(table()) == {(listener, shown) for listener in LISTENERS for shown in SHOWN}
