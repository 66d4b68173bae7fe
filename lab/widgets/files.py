"""The panels' scripts and styles as they lie beside their classes; no widget library is needed to read them."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent


def script(name: str) -> str:
    """A panel's module: the shared helpers followed by its own file, which exports `default`, a thing with `render`."""
    return f"{(HERE / 'common.js').read_text()}\n{(HERE / 'panels' / f'{name}.js').read_text()}"


def styles(name: str) -> str:
    """The shared styles followed by the panel's own, when it has any."""
    own = HERE / "panels" / f"{name}.css"
    return (HERE / "common.css").read_text() + (own.read_text() if own.is_file() else "")
