"""Texts as Flux string literals and back; Flux language specification, section String literals."""

from __future__ import annotations

import re

ESCAPES = {"\\": "\\\\", '"': '\\"', "${": "\\${", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
"""What stands for itself in no Flux string."""
PLAIN = {escape: char for char, escape in ESCAPES.items()}


def quoted(text: str) -> str:
    """A Flux string literal of the text, on one line: a quote in a name ends nothing, and no variable is put in."""
    return '"' + re.sub(r'\$\{|[\\"\x00-\x1f\x7f]', lambda found: _escape(found.group()), text) + '"'


def _escape(char: str) -> str:
    """Flux takes other control characters by their number; a raw zero would end the script."""
    return ESCAPES.get(char) or f"\\x{ord(char):02x}"


def unquoted(literal: str) -> str:
    """The text of a Flux literal: a string without its quotes and escapes, anything else as it is."""
    if not literal.startswith('"'):
        return literal
    return re.sub(r"\\(?:\$\{|x[0-9a-fA-F]{2}|.)", lambda found: _plain(found.group()), literal[1:-1])


def _plain(escape: str) -> str:
    if escape[1] == "x" and len(escape) > 2:
        return chr(int(escape[2:], 16))
    return PLAIN.get(escape, escape[1:])
