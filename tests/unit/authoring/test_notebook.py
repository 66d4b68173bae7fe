"""The two notebooks of one source: what each shows, and that both are the same each time."""

import nbformat
import pytest

from lab.authoring.notebook import compose, picture_text
from lab.checks.exercise import Exercise
from lab.course.manifest import Lesson
from lab.course.source import SourceError, parse

LESSON = Lesson(
    id="l98",
    folder="l98_none",
    notebook="98_none",
    title="None",
    objective="do nothing",
    minutes=15,
    services=("kafka",),
    needs=(),
    short_path=True,
)
EXERCISE = Exercise("l98.one", "The first", "It is one.", ("a", "b", "c"), lambda attempt: "", (), 5.0)
SOURCE = """
# %% tags=["setup"]
from lab.learn import exercise

# %% [markdown]
# Some text.

# %% tags=["exercise"] id="l98.one"
ex1 = exercise("l98.one")
### BEGIN SOLUTION
#: # TODO: one
#: one = None
one = 1
### END SOLUTION

# %% tags=["check"]
ex1.check(one)

# %% tags=["varies"]
print(id(one))
"""


def built(version, text=SOURCE):
    return compose(LESSON, parse(text), {"l98.one": EXERCISE}, "a picture", version=version)


def by_id(notebook):
    return {cell["id"]: cell for cell in notebook.cells}


def test_the_learner_gets_the_stub_and_the_solution_the_answer():
    assert by_id(built("learner"))["l98-one"].source == 'ex1 = exercise("l98.one")\n# TODO: one\none = None'
    assert by_id(built("solution"))["l98-one"].source == 'ex1 = exercise("l98.one")\none = 1'


def test_hints_stand_only_in_comments_and_only_with_the_learner():
    check = by_id(built("learner"))["l98-one-check"].source.splitlines()
    assert check[0] == "ex1.check(one)"
    assert check[-2:] == ["# ex1.hint()", "# ex1.solution()"]
    assert all(line.startswith("#") for line in check[1:])
    assert by_id(built("solution"))["l98-one-check"].source == "ex1.check(one)"


def test_title_and_goal_come_from_manifest_and_judge():
    texts = [cell.source for cell in built("learner").cells if cell.cell_type == "markdown"]
    assert texts[0].startswith("# 98 · None")
    assert "![a picture](images/98_none.svg)" in texts[0]
    assert texts[1] == "### Exercise 1: The first\n\nSome text.\n\n**Goal.** It is one."


def test_only_cells_that_vary_are_left_to_nobody():
    tagged = [cell for cell in built("solution").cells if "nbval-ignore-output" in cell.metadata.get("tags", ())]
    assert [cell.source for cell in tagged] == ["print(id(one))"]


def test_the_same_source_gives_the_same_bytes():
    assert nbformat.writes(built("learner")) == nbformat.writes(built("learner"))
    assert all(not cell.get("outputs") for cell in built("learner").cells)


def test_an_unknown_tag_is_refused():
    with pytest.raises(SourceError, match="unknown tags: fancy"):
        built("learner", '# %% tags=["fancy"]\nx = 1\n')


def test_a_picture_needs_a_description():
    assert picture_text('<svg xmlns="http://www.w3.org/2000/svg"><desc>two\n  boxes</desc></svg>') == "two boxes"
    with pytest.raises(SourceError, match="desc"):
        picture_text('<svg xmlns="http://www.w3.org/2000/svg"/>')


def test_a_text_with_a_heading_stands_above_the_exercise():
    text = SOURCE.replace("# Some text.", "# ## A section\n# Some text.")
    (found,) = [cell.source for cell in built("learner", text).cells if "Goal" in cell.source]
    assert found == "## A section\nSome text.\n\n### Exercise 1: The first\n\n**Goal.** It is one."
