"""Small changes to a reference answer, each of which should make it wrong.

Python is changed by its syntax tree, but written by replacing the changed characters only: the rest of the cell stays
as its author wrote it. Flux, TOML and JSON, in a `%%flux` cell or in a string of the answer, are changed by their
lines, pipe steps and constants. The same answer always gives the same mutants, in the same order.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lab.course.source import BEGIN, END, Cell

MOST = 40
"""Mutants tried per exercise: more of one answer tell the same again, and each costs seconds on a stack."""

_OPERATORS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
    ast.FloorDiv: ("//", "*"),
    ast.BitOr: ("|", "&"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
}
_FLUX_PAIRS = (
    (r"\blast\(", "first("),
    (r"\bfirst\(", "last("),
    (r"\bmean\(", "max("),
    (r"\bmax\(", "min("),
    (r"\bmin\(", "max("),
    (r"\bsum\(", "count("),
    (r"<=", "<"),
    (r"<(?![-=])", "<="),
    (r"(?<!\|)>(?!=)(?<!=>)", ">="),
    (r"==", "!="),
    (r"\band\b", "or"),
    (r"\bor\b", "and"),
    (r"\bexists\b", "not exists"),
)
_CONSTANT = re.compile(
    r'"(?P<text>[^"]*)"|(?<![\w.])(?P<number>\d[\d_]*(?:\.\d+)?)(?P<unit>[a-z]{0,2})\b|\b(?P<bool>true|false)\b'
)

_Place = Callable[[Any], tuple[int, int]]
"""Where a node of the syntax tree begins and ends in the text."""


@dataclass(frozen=True)
class Mutant:
    """One changed answer. `key` says what was changed and names it in EQUIVALENT; `code` stands for the whole cell."""

    operator: str
    key: str
    code: str


@dataclass(frozen=True)
class _Edit:
    operator: str
    start: int
    end: int
    new: str


def mutants(cell: Cell) -> list[Mutant]:
    """All mutants of an exercise's reference answer; none changes a line that the learner is given."""
    code = cell.solution
    edits = _of_flux(code, 0, len(code)) if code.startswith("%%flux") else _of_python(code)
    answer = _answer_lines(cell)
    found: dict[str, Mutant] = {}
    for edit in edits:
        changed = code[: edit.start] + edit.new + code[edit.end :]
        if _line(code, edit.start) in answer and changed not in found and changed != code and _can_run(changed):
            found[changed] = Mutant(edit.operator, _key(code, edit), changed)
    return _with_own_keys(list(found.values()))


def _with_own_keys(every: list[Mutant]) -> list[Mutant]:
    """The second mutant of the same key, as of `(40, 40)`, gets a number."""
    keys = [mutant.key for mutant in every]
    earlier = [keys[:number].count(key) for number, key in enumerate(keys)]
    return [
        replace(mutant, key=f"{mutant.key} ({count + 1})") if count else mutant
        for mutant, count in zip(every, earlier, strict=True)
    ]


def chosen(every: Sequence[Mutant], most: int = MOST) -> list[Mutant]:
    """At most so many of them, evenly over the answer."""
    if len(every) <= most:
        return list(every)
    return [every[number * len(every) // most] for number in range(most)]


def _answer_lines(cell: Cell) -> set[int]:
    """Numbers of the lines of `cell.solution` that are between BEGIN and END SOLUTION."""
    inside, number, found = False, 0, set()
    for line in cell.text.splitlines():
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif not line.strip().startswith("#:"):
            found |= {number} if inside else set()
            number += 1
    return found


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset)


def _can_run(code: str) -> bool:
    if code.startswith("%%"):
        return True
    try:
        compile(code, "mutant", "exec")
    except SyntaxError:
        return False
    return True


def _key(code: str, edit: _Edit) -> str:
    """What was there, what is there now, and the line: readable alone, and the same until the answer itself changes."""
    first, last = code.rfind("\n", 0, edit.start) + 1, code.find("\n", edit.start)
    line = _short(code[first : last if last >= 0 else len(code)], 60)
    return f"{_short(code[edit.start : edit.end], 40)} -> {_short(edit.new, 40) or 'nothing'} | {line}"


def _short(text: str, most: int) -> str:
    words = " ".join(text.split())
    return words if len(words) <= most else words[: most - 2] + ".."


# Python


def _of_python(code: str) -> Iterator[_Edit]:
    """Edits of a Python cell, in the order of the source."""
    tree = ast.parse(code)
    starts = [0]
    for line in code.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def place(node: Any) -> tuple[int, int]:
        lines = code.splitlines()
        begin = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
        end = len(lines[node.end_lineno - 1].encode()[: node.end_col_offset].decode())
        return starts[node.lineno - 1] + begin, starts[node.end_lineno - 1] + end

    inside_f_strings = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    edits: list[_Edit] = []
    for node in ast.walk(tree):
        if node not in inside_f_strings:  # Python 3.11 does not say where the parts of an f-string are
            edits += _of_node(code, node, place)
    return iter(sorted(edits, key=lambda edit: (edit.start, -edit.end)))


def _of_node(code: str, node: ast.AST, place: _Place) -> Iterator[_Edit]:
    match node:
        case ast.Expr() | ast.Assign() | ast.AugAssign() | ast.Return() | ast.Raise() | ast.Delete():
            yield _Edit("drop a statement", *place(node), "pass")
        case ast.Call():
            yield from _of_call(code, node, place)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                start = place(value)[0] - 2 if key is None else place(key)[0]
                yield _Edit("drop an item", *_with_comma(code, start, place(value)[1]), "")
        case ast.Constant():
            yield from _of_constant(code, node, place)
        case ast.JoinedStr():
            yield from _of_f_string(node, place)
        case _:
            yield from _of_operation(code, node, place)


def _of_operation(code: str, node: ast.AST, place: _Place) -> Iterator[_Edit]:
    match node:
        case ast.BinOp(left=left, right=right, op=op):
            yield from _operator(code, op, place(left)[1], place(right)[0])
        case ast.Compare(left=left, ops=ops, comparators=right):
            for sign, before, after in zip(ops, (left, *right), right, strict=False):
                yield from _operator(code, sign, place(before)[1], place(after)[0])
        case ast.BoolOp(values=values, op=op):
            yield from _operator(code, op, place(values[0])[1], place(values[1])[0])
        case ast.UnaryOp(operand=operand):
            yield _Edit("drop an operator", place(node)[0], place(operand)[0], "")
        case ast.With(items=items) if len(items) > 1:
            for one, two in pairwise(items):
                yield _Edit("drop a call", place(one.context_expr)[1], place(two.context_expr)[1], "")


def _of_call(code: str, call: ast.Call, place: _Place) -> Iterator[_Edit]:
    """Without the call, without one keyword argument, with two neighbouring arguments swapped."""
    start, end = place(call)
    if isinstance(call.func, ast.Attribute):
        yield _Edit("drop a call", *place(call), code[slice(*place(call.func.value))])
    elif len(call.args) == 1:
        yield _Edit("drop a call", start, end, code[slice(*place(call.args[0]))])
    for one, two in zip(call.args, call.args[1:], strict=False):
        (a, b), (c, d) = place(one), place(two)
        yield _Edit("swap arguments", a, d, code[c:d] + code[b:c] + code[a:b])
    for keyword in call.keywords:
        yield _Edit("drop a keyword argument", *_with_comma(code, *place(keyword)), "")


def _with_comma(code: str, start: int, end: int) -> tuple[int, int]:
    """The place of an argument or item with the comma that belongs to it."""
    if after := re.match(r"\s*,[ \t]*", code[end:]):
        return start, end + after.end()
    if before := re.search(r",\s*$", code[:start]):
        return before.start(), end
    return start, end


def _of_constant(code: str, node: ast.Constant, place: _Place) -> Iterator[_Edit]:
    start, end = place(node)
    match node.value:
        case bool(value):
            yield _Edit("change a constant", start, end, str(not value))
        case int(value):
            yield _Edit("change a constant", start, end, str(value + 1))
            yield _Edit("change a constant", start, end, str(value - 1 if value else -1))
        case float(value):
            yield _Edit("change a constant", start, end, repr(value * 1.5 + 1.0))
        case str(value):
            yield from _of_string(value, code, start, end)
        case bytes(value):
            yield _Edit("change a constant", start, end, "b" + _quoted(value.decode("latin-1") + "x"))
            yield _Edit("change a constant", start, end, code[start + 1 : end])


def _of_string(value: str, code: str, start: int, end: int) -> Iterator[_Edit]:
    """A string that holds Flux, TOML or JSON is changed inside, any other as a whole."""
    if "|>" in value or value.startswith("option task"):
        yield from _of_flux(code, start, end)
    elif re.search(r"^\[\[?\w+\]?\]$|^\w+ = ", value, re.MULTILINE) and "\n" in value:
        yield from _of_toml(code, start, end)
    elif (document := _json_object(value)) is not None:
        for name in document:
            without = {key: each for key, each in document.items() if key != name}
            yield _Edit("drop an item", start, end, repr(json.dumps(without)))
            yield _Edit("change a constant", start, end, repr(json.dumps(document | {name: _other(document[name])})))
    else:
        yield _Edit("change a constant", start, end, _quoted(value + "x"))


def _quoted(text: str) -> str:
    """As the course writes strings: in double quotes where that is possible."""
    written = repr(text)
    return written if '"' in written or "\\" in written else f'"{text}"'


def _json_object(value: str) -> dict[str, Any] | None:
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _other(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
    return None


def _of_f_string(node: ast.JoinedStr, place: _Place) -> Iterator[_Edit]:
    for part in node.values:
        rest = ast.JoinedStr([each for each in node.values if each is not part])
        yield _Edit("change a constant", *place(node), ast.unparse(rest))


def _operator(code: str, op: ast.AST, start: int, end: int) -> Iterator[_Edit]:
    if type(op) in _OPERATORS:
        old, new = _OPERATORS[type(op)]
        yield _Edit("change an operator", start, end, code[start:end].replace(old, new, 1))


# Flux and TOML


def _of_flux(code: str, start: int, end: int) -> Iterator[_Edit]:
    """Without a pipe step; another function; another constant or operator."""
    text = code[start:end]
    pipes = [match.start() for match in re.finditer(r"\|>", text)]
    for pipe, after in pairwise([*pipes, len(text)]):
        step_end = pipe + _step_length(text[pipe:after])
        yield _Edit("drop a step", start + pipe, start + step_end, "")
    for pattern, new in _FLUX_PAIRS:
        for match in re.finditer(pattern, text):
            yield _Edit("change an operator", start + match.start(), start + match.end(), new)
    yield from _constants(text, start)


def _step_length(text: str) -> int:
    """Where the brackets that a pipe step opens are closed again."""
    depth = 0
    for number, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == ")" and depth == 0:
            return number + 1
    return len(text.rstrip())


def _of_toml(code: str, start: int, end: int) -> Iterator[_Edit]:
    """Without a line; another constant; two tables in the other order."""
    offset = start
    for line in code[start:end].splitlines(keepends=True):
        if re.match(r"\w+ = |\[", line):
            yield _Edit("drop a line", offset, offset + len(line), "")
        offset += len(line)
    text = code[start:end]
    heads = [match.start() for match in re.finditer(r"^\[", text, re.MULTILINE)]
    if len(heads) == 2:
        tail = text.rindex('"""') if '"""' in text[3:] else len(text) - 1
        first, second = text[heads[0] : heads[1]], text[heads[1] : tail]
        yield _Edit("swap tables", start + heads[0], start + tail, textwrap.dedent(second) + "\n" + first)
    quotes = 3 if text.startswith(('"""', "'''")) else 1
    yield from _constants(text[quotes:-quotes], start + quotes)


def _constants(text: str, offset: int) -> Iterator[_Edit]:
    for match in _CONSTANT.finditer(text):
        start, end = offset + match.start(), offset + match.end()
        if match["text"] is not None:
            inside = match["text"]
            yield _Edit("change a constant", start, end, f'"{inside}x"')
        elif match["number"]:
            number = match["number"].replace("_", "")
            more = f"{float(number) * 1.5 + 1.0}" if "." in number else f"{int(number) + 1}"
            yield _Edit("change a constant", start, end, more + match["unit"])
        else:
            yield _Edit("change a constant", start, end, "false" if match["bool"] == "true" else "true")
