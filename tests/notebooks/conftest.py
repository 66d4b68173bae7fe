"""One stack for all notebook tests: the one of LAB_STATE when it is set, otherwise one in a temporary folder."""

import os
import shutil
import tempfile

import pytest

_OWN = None if "LAB_STATE" in os.environ else tempfile.mkdtemp(prefix="notebooks-")
if _OWN:
    # before anything reads the settings, which are read once
    os.environ["LAB_STATE"] = _OWN
os.environ["LAB_PRACTICE"] = "1"


@pytest.fixture(scope="session")
def stack():
    """The addresses of a running stack; stopped afterwards when it is our own."""
    from lab import stack as services

    addresses = services.up()
    yield addresses
    if _OWN:
        services.down()
        shutil.rmtree(_OWN, ignore_errors=True)
