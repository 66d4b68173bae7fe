"""Names that a folder may have, each of which means something to some program."""

from __future__ import annotations

ODD = {
    "umlaut": "Übung",
    "decomposed": "U\u0308bung e\u0301te\u0301",
    "emoji": "lab 😀",
    "comma": "Acme, Inc",
    "percent": "50% off %(here)s %41",
    "double quote": 'q"x',
    "single quote": "it's",
    "colon": "a:b",
    "semicolon": "a;b",
    "comment": "a ;x #y",
    "dollar": "$HOME ${x}",
    "backquote": "`id`",
    "backslash": "a\\b\\u0041\\",
    "brackets": "[d]{e}(f)<g>",
    "star": "*?",
    "operators": "a&b|c",
    "blanks": " blanks  around ",
    "tab": "a\tb",
    "hyphen": "-x",
    "equals": "x=y",
    "tilde": "~",
    "marks": "!a#b",
    "long": "x" * 200,
}
WORST = " -Übung u\u0308, Inc; ;x #x 50% off%(here)s \"q\" 'a' $HOME `b` \\c [d]*?(e)&|<> =f!g~"
"""All of them in one, but what Java cannot have in the path of its jars (emoji) or Python in a virtual environment's
(a colon)."""
