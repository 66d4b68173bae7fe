"""Whom a CONNECT comes from: a client certificate, a user name and its password, or nobody in particular.

Rules that hold here: a user name counts only when a password file has confirmed it; where there is no such file a name
has nothing to be compared with, and is taken for the label that it is; an empty name is no name.
"""

from __future__ import annotations

import secrets
from typing import Any

from lab.proxy.accounts import Accounts, Busy
from lab.proxy.config import Listener
from lab.proxy.core.packets import Connect
from lab.proxy.core.reasons import Reason
from lab.proxy.core.rules import Identity

No = tuple[Reason, str]


async def identify(connect: Connect, listener: Listener, accounts: Accounts, transport: Any) -> Identity | No:
    """Whom a CONNECT comes from, or why it may not."""
    found = await _authenticate(connect, listener, accounts, transport)
    if (
        isinstance(found, Identity)
        and listener.own_client_id
        and found.client_id not in (found.user, found.certificate)
    ):
        return Reason.CLIENT_ID_NOT_VALID, "The client id must be the user's or the certificate's name."
    return found


async def _authenticate(connect: Connect, listener: Listener, accounts: Accounts, transport: Any) -> Identity | No:
    client_id = connect.client_id or f"auto-{secrets.token_hex(12)}"
    certificate = common_name(transport.get_extra_info("peercert")) if transport is not None else None
    if connect.username and accounts.exist:
        try:
            right = await accounts.check(connect.username, connect.password or b"")
        except Busy:
            return Reason.SERVER_BUSY, "Too many clients are logging in; try again."
        if not right:
            return Reason.BAD_USER_OR_PASSWORD, "The user name or the password is wrong."
        return Identity(client_id, connect.username, certificate)
    if listener.anonymous or certificate:
        return Identity(client_id, None, certificate)
    return Reason.NOT_AUTHORIZED, _wanted(listener, accounts)


def _wanted(listener: Listener, accounts: Accounts) -> str:
    """What this listener asks of a client that has shown nothing."""
    ways = [*(["a user name and a password"] if accounts.exist else [])]
    ways += ["a client certificate"] if listener.client_ca else []
    return f"This listener wants {' or '.join(ways)}."


def common_name(certificate: dict[str, Any] | None) -> str | None:
    """The subject's common name of a verified client certificate."""
    for part in (certificate or {}).get("subject", ()):
        for name, value in part:
            if name == "commonName":
                return str(value)
    return None
