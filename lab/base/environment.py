"""The environment of everything that the kit starts: services, formatter, training runs, builds, helpers of a lesson.

It is small on purpose, and the same whichever shell it was started from: a JAVA_TOOL_OPTIONS, a CLASSPATH, a
PYTHONIOENCODING or a locale of the user's changes no service. What is passed on says where things are and how the
network is reached. Only programs that are the user's own (JupyterLab, Docker) see the user's whole environment.
"""

from __future__ import annotations

import locale
import os
import re
from functools import cache

from lab.base.settings import ROOT

PASSED_ON = re.compile(
    r"PATH|HOME|TMPDIR|TZ|USER|LAB_.*|(https?|all|no)_proxy|(HTTPS?|ALL|NO)_PROXY"
    r"|SSL_CERT_.*|PIP_.*|GO[A-Z0-9]*|CARGO_.*|RUSTUP_.*|CC|CXX"
)
"""Environment variables that services get: where things are, and what influxd's build needs to reach the network."""
UTF8_LOCALES = ("C.UTF-8", "C.utf8", "en_US.UTF-8")


def small() -> dict[str, str]:
    """What is passed on of this process's environment, and one encoding for all: Java and Python read file names in it.

    LAB_SUPERVISED is passed on too, so that what a supervised step starts is found when its supervisor is gone.
    """
    kept = {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}
    return {**kept, "LC_ALL": utf8_locale() or "C", "PYTHONUTF8": "1"}


def python() -> dict[str, str]:
    """`small`, for a Python that imports this clone."""
    return {**small(), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@cache
def utf8_locale() -> str | None:
    """A locale of this machine whose encoding is UTF-8, None when there is none.

    With the locale C a Java opens no file whose path is not ASCII.
    """
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in (*UTF8_LOCALES, *(os.environ.get(each, "") for each in ("LC_ALL", "LC_CTYPE", "LANG"))):
            if "utf" in name.lower() and _exists(name):
                return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return None


def _exists(name: str) -> bool:
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    return True
