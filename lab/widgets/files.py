"""The panels' scripts and styles as they lie beside their classes; no widget library is needed to read them."""

from __future__ import annotations

import re
from pathlib import Path

from lab.base import palette

HERE = Path(__file__).resolve().parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "\.\./common\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default\b)", re.MULTILINE)


def script(name: str) -> str:
    """A panel's module with the shared one inside, since a cell has one address for both.

    It exports `default`, a thing with `render`. Both files are real modules, for linters and for TypeScript's checker.
    """
    shared, own = (HERE / "common.js").read_text(), (HERE / "panels" / f"{name}.js").read_text()
    return f"{_EXPORT.sub('', shared)}\n{_IMPORT.sub('', own)}"


def styles(name: str) -> str:
    """The palette and the shared styles, followed by the panel's own when it has any."""
    own = HERE / "panels" / f"{name}.css"
    return palette.variables() + (HERE / "common.css").read_text() + (own.read_text() if own.is_file() else "")
