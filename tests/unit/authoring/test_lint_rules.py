"""Each rule of the lint sees what it is for: a good lesson has no fault, each broken one exactly its own."""

import pytest

from lab.authoring import lint
from lab.authoring.attempts import Attempts, Wrong
from lab.checks.exercise import Exercise
from lab.course import manifest

GOOD = """
# %% tags=["setup"]
from lab.learn import exercise

# %% [markdown]
# The text.

# %% tags=["exercise"] id="l98.one"
ex1 = exercise("l98.one")
### BEGIN SOLUTION
#: # TODO: one
#: one = None
one = 1
### END SOLUTION

# %% tags=["check"]
ex1.check(one)

# %% [markdown]
# ## Recap
"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg" role="img"><title>t</title>
<desc>A box, an arrow and another box, in this order from left to right.</desc></svg>"""
HINTS = ("a nudge", "the command", "nearly the answer")
TRIES = Attempts((Wrong("two", "one = 2", "two"), Wrong("three", "one = 3", "three")), "one = 3 - 2")


def exercise(name="l98.one", title="One", goal="It is one.", hints=HINTS):
    return Exercise(name, title, goal, hints, lambda attempt: "", (), 5.0)


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """A good lesson on disk; a test breaks one thing of it."""
    monkeypatch.setattr(manifest, "COURSE", tmp_path)
    made = manifest.Lesson(
        id="l98", folder="l98_none", notebook="98_none", title="None", objective="do nothing",
        minutes=15, services=(), needs=(), short_path=False,
    )  # fmt: skip
    made.path.mkdir()
    made.source.write_text(GOOD)
    (made.path / "diagram.svg").write_text(SVG)
    declare(monkeypatch, exercise())
    attempt(monkeypatch, TRIES)
    return made


def declare(monkeypatch, *found):
    monkeypatch.setattr(lint.exercise, "of_lesson", lambda lesson: {one.id: one for one in found})


def attempt(monkeypatch, tries, name="l98.one"):
    monkeypatch.setattr(lint.attempts, "declared", lambda lesson: {name: tries})


def faults(lesson):
    rules = [rule for rule in lint.RULES if rule is not lint.solution_is_compared]
    return [fault for rule in rules for fault in rule(lesson)]


def test_a_good_lesson_has_no_fault(lesson):
    assert faults(lesson) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("# TODO: one", "# one", "no TODO"),
        ("one = 1\n", "one = 1\n" * 16, "16 lines to write"),
        ("#: one = None", "#: one = (", "no valid Python"),
        ('ex1 = exercise("l98.one")', 'print()\nex1 = exercise("l98.one")', "the first line must be"),
        ('exercise("l98.one")\n###', 'exercise("l98.two")\n###', "the first line must be"),
        ("# %% [markdown]\n# The text.", "x = 1", "no markdown cell right before"),
        ("ex1.check(one)", "ex2.check(one)", "needs one check cell"),
        ("ex1.check(one)", "ex1.hint()\nex1.check(one)", "must not spoil"),
        ("# The text.", "# ![](images/x.png)", "without a text alternative"),
        ("## Recap", "## Summary", "## Recap"),
    ],
)
def test_a_broken_source_has_its_fault(lesson, old, new, fault):
    assert old in GOOD
    lesson.source.write_text(GOOD.replace(old, new))
    (found,) = faults(lesson)
    assert fault in found


def test_a_handle_is_used_once(lesson):
    second = GOOD.split("# %% [markdown]\n# ## Recap", maxsplit=1)[0].replace("l98.one", "l98.two")
    lesson.source.write_text(second + GOOD)
    assert any("the handle ex1 is used twice" in fault for fault in faults(lesson))


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        (exercise(goal=""), "a title and a goal"),
        (exercise(goal="long " * 60), "one idea"),
        (exercise(hints=("a", "a", "b")), "three different hints"),
    ],
)
def test_words_that_are_missing_have_their_fault(lesson, monkeypatch, broken, fault):
    declare(monkeypatch, broken)
    (found,) = faults(lesson)
    assert fault in found


def test_a_cell_without_a_judge_and_a_foreign_id_are_seen(lesson, monkeypatch):
    declare(monkeypatch, exercise("l97.one"))
    found = " ".join(faults(lesson))
    assert "l98.one has no judge" in found
    assert "l97.one has no cell" in found
    assert "l97.one does not begin with l98." in found


@pytest.mark.parametrize(
    ("tries", "fault"),
    [
        (Attempts(TRIES.wrong[:1], TRIES.other), "at least two wrong answers"),
        (Attempts((*TRIES.wrong, Wrong("four", "one = 4", "")), TRIES.other), "needs the words"),
        (Attempts(TRIES.wrong, "one = 1"), "is the reference"),
    ],
)
def test_too_few_tries_have_their_fault(lesson, monkeypatch, tries, fault):
    attempt(monkeypatch, tries)
    (found,) = faults(lesson)
    assert fault in found


def test_a_stray_file_and_a_mute_picture_are_seen(lesson):
    (lesson.path / "notes.txt").write_text("")
    (lesson.path / "diagram.svg").write_text(SVG.replace(' role="img"', ""))
    assert len(faults(lesson)) == 2


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"execution_count": None}, "no execution count"),
        ({"outputs": []}, "no output"),
        ({"metadata": {"tags": ["check", "nbval-ignore-output"]}}, "not compared"),
        ({"outputs": [{"output_type": "error"}]}, "holds an error"),
        ({"outputs": [{"output_type": "stream", "text": str(lint.ROOT)}]}, "a path of this machine"),
    ],
)
def test_a_solution_cell_that_proves_nothing_is_seen(change, fault):
    good = {"metadata": {"tags": ["check"]}, "execution_count": 1, "outputs": [{"output_type": "display_data"}]}
    assert list(lint._solution_faults(good)) == []
    (found,) = lint._solution_faults({**good, **change})
    assert fault in found
