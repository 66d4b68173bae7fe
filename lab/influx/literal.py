"""Texts as Flux string literals and back; Flux language specification, section String literals."""

from __future__ import annotations

import re

ESCAPES = {"\\": "\\\\", '"': '\\"', "${": "\\${", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
"""What stands for itself in no Flux string."""
PLAIN = {escape: char for char, escape in ESCAPES.items()}


def quoted(text: str) -> str:
    """A Flux string literal of the text, on one line: a quote in a name ends nothing, and no variable is put in."""
    return '"' + re.sub(r'\$\{|[\\"\n\r\t]', lambda found: ESCAPES[found.group()], text) + '"'


def unquoted(literal: str) -> str:
    """The text of a Flux literal: a string without its quotes and escapes, anything else as it is."""
    if not literal.startswith('"'):
        return literal
    return re.sub(r"\\(?:\$\{|.)", lambda found: PLAIN.get(found.group(), found.group()[1:]), literal[1:-1])
