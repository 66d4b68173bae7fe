"""Each kind of change is made, only in the answer, always the same, and has a key that a person can read."""

import pytest

from lab.authoring.mutation import chosen, mutants
from lab.course.source import Cell

PYTHON = """ex1 = exercise("l98.one")
given = len("given")
### BEGIN SOLUTION
#: # TODO: one
{answer}
### END SOLUTION
"""
TOML = '''rules = """
[[rule]]
name = "one"
partitions = 2

[[rule]]
name = "two"
"""'''


def changed(answer, cell=PYTHON):
    """The answer's lines in each mutant, as one string."""
    every = mutants(Cell("code", cell.format(answer=answer)))
    return {"\n".join(mutant.code.splitlines()[2:]) for mutant in every}


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("send(a)\nflush()", "pass\nflush()"),
        ("x = send(a).get()", "x = send(a)"),
        ("x = round(a)", "x = a"),
        ("x = send(a, b)", "x = send(b, a)"),
        ("x = send(a, qos=1)", "x = send(a)"),
        ("x = send(a, qos=1, key=b)", "x = send(a, key=b)"),
        ("x = 3", "x = 4"),
        ("x = 0", "x = -1"),
        ("x = 1.5", "x = 3.25"),
        ("x = 'one'", 'x = "onex"'),
        ("x = b'one'", 'x = b"onex"'),
        ("x = b'one'", "x = 'one'"),
        ("x = True", "x = False"),
        ("x = a + b", "x = a - b"),
        ("x = a // b", "x = a * b"),
        ("x = a < b", "x = a <= b"),
        ("x = a not in b", "x = a in b"),
        ("x = a and b", "x = a or b"),
        ("x = not a", "x = a"),
        ("x = {'a': 1, 'b': c}", "x = {'a': 1}"),
        ("x = f'{a}/{b}'", "x = f'{a}/'"),
        ("with kill(a), kill(b):\n    pass", "with kill(a):\n    pass"),
        (TOML, TOML.replace("partitions = 2\n", "")),
        (TOML, TOML.replace("partitions = 2", "partitions = 3")),
        (TOML, TOML.replace('"two"', '"twox"')),
        ("x = '{\"a\": 1}'", "x = '{}'"),
        ("x = '{\"a\": 1}'", "x = '{\"a\": 2}'"),
        ("x = 'a |> last() |> yield()'", "x = 'a |> first() |> yield()'"),
        ("x = 'option task = {every: 5s}'", "x = 'option task = {every: 6s}'"),
    ],
)
def test_change(answer, wanted):
    assert wanted in changed(answer)


def test_tables_of_toml_in_the_other_order():
    swapped = [
        mutant for mutant in mutants(Cell("code", PYTHON.format(answer=TOML))) if mutant.operator == "swap tables"
    ]
    assert len(swapped) == 1
    assert swapped[0].code.index("two") < swapped[0].code.index("one", swapped[0].code.index("rules"))


FLUX = """%%flux --exercise ex1 l98.one
from(bucket: "raw")
    |> range(start: -1h)
### BEGIN SOLUTION
#: // TODO: more
    |> filter(fn: (r) => exists r.fuel and r.fuel < 500.0)
    |> last()
### END SOLUTION
"""


def test_flux_cell():
    keys = {mutant.key for mutant in mutants(Cell("code", FLUX))}
    assert keys >= {
        "|> last() -> nothing | |> last()",
        "last( -> first( | |> last()",
        "< -> <= | |> filter(fn: (r) => exists r.fuel and r.fuel < 500.0)",
        "500.0 -> 751.0 | |> filter(fn: (r) => exists r.fuel and r.fuel < 500.0)",
        "and -> or | |> filter(fn: (r) => exists r.fuel and r.fuel < 500.0)",
        "exists -> not exists | |> filter(fn: (r) => exists r.fuel and r.fuel < 500.0)",
    }
    assert not any("range" in key or "raw" in key for key in keys)


def test_given_lines_and_what_cannot_run_are_left_alone():
    every = mutants(Cell("code", PYTHON.format(answer="x = {**given}")))
    assert every
    assert all(mutant.code.splitlines()[1] == 'given = len("given")' for mutant in every)
    for mutant in every:
        compile(mutant.code, "mutant", "exec")


def test_keys_are_unique_and_the_same_every_time():
    cell = Cell("code", PYTHON.format(answer="x = (40, 40, 40)"))
    keys = [mutant.key for mutant in mutants(cell)]
    assert len(keys) == len(set(keys)) == 7
    assert keys == [mutant.key for mutant in mutants(cell)]
    assert "40 -> 41 | x = (40, 40, 40) (3)" in keys


def test_a_bounded_number_is_chosen_evenly():
    every = mutants(Cell("code", PYTHON.format(answer="x = [" + ", ".join(map(str, range(100))) + "]")))
    few = chosen(every, 10)
    assert len(few) == 10
    assert few[0] is every[0]
    assert few[9] in every[len(every) * 8 // 10 :]
    assert chosen(few, 10) == few
