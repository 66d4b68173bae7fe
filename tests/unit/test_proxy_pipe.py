"""What travels between a worker and its parent comes out as it went in."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from lab.proxy.packets import Will
from lab.proxy.pipe import legacy_in, legacy_out
from lab.proxy.properties import P
from lab.proxy.rules import Who
from lab.proxy.sessions import Legacy


@given(
    st.frozensets(st.integers(1, 65535), max_size=5), st.integers(0, 2**32 - 1), st.binary(max_size=30), st.booleans()
)
def test_a_legacy_survives_the_pipe(received: frozenset[int], expiry: int, payload: bytes, with_will: bool) -> None:
    properties = {P.CORRELATION_DATA: payload, P.USER: [("a", "ä"), ("a", "b")]}
    will = Will("t/ü", payload, 2, True, 9, properties) if with_will else None
    legacy = Legacy(received, expiry, will, Who("c", "u", None) if will else None)
    assert legacy_in(json.loads(json.dumps(legacy_out(legacy)))) == legacy
