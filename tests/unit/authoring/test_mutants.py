"""What the report of the mutants says of each outcome, and that a list of equivalents cannot outlive its answer."""

from types import SimpleNamespace

import pytest

from lab.authoring import mutants, tryout
from lab.authoring.tryout import Try
from lab.checks.outcome import Outcome, Verdict
from lab.course import manifest

POINT = "l00.point"


def summary(monkeypatch, answer, known=None, most=3):
    lesson = manifest.lesson("l00")
    lines = []
    monkeypatch.setattr(tryout, "try_answer", answer)
    monkeypatch.setattr(mutants, "equivalents", lambda lesson: {POINT: known or {}})
    return mutants.try_mutants(lesson, POINT, lines.append, most), lines


def says(outcome, error=""):
    verdict = Verdict(outcome, "words") if outcome else None
    return lambda *arguments: Try(verdict, 1.0, error)


@pytest.mark.parametrize(
    ("outcome", "faults"),
    [(Outcome.PASSED, 3), (Outcome.TROUBLE, 3), (Outcome.NOT_YET, 0), (Outcome.NOT_ATTEMPTED, 0), (None, 0)],
)
def test_only_a_pass_or_trouble_is_a_fault(monkeypatch, outcome, faults):
    found, lines = summary(monkeypatch, says(outcome))
    assert len(found.tried) == 3
    assert len(found.faults) == faults
    assert sum("of 3" in line for line in lines) == 3


def test_a_cut_off_mutant_is_counted(monkeypatch):
    found, _ = summary(monkeypatch, says(Outcome.NOT_YET, "TimeoutError: cut off after 60 s"))
    assert len(found.hung) == 3


def test_equivalents_are_not_tried_and_must_exist(monkeypatch):
    first, _ = summary(monkeypatch, says(Outcome.NOT_YET), most=99)
    key = first.tried[0].key
    found, _ = summary(monkeypatch, says(Outcome.NOT_YET), {key: "as right", "no such key": "old"}, most=99)
    assert key not in {each.key for each in found.tried}
    assert (found.equivalent, found.made) == (1, first.made)
    assert found.faults == ["no such key: listed as equivalent, but there is no such mutant"]


def test_every_listed_equivalent_has_a_mutant_and_a_reason():
    for lesson in manifest.authored():
        cells = mutants.source.exercises(mutants.source.read(lesson.source))
        for exercise, known in mutants.equivalents(lesson).items():
            keys = {mutant.key for mutant in mutants.mutants(cells[exercise])}
            assert set(known) <= keys, exercise
            assert all(len(reason.split()) > 2 for reason in known.values())


def test_exit_code(monkeypatch, capsys):
    row = SimpleNamespace(faults=["x: passes"], made=1, tried=(), passed=[], hung=[], equivalent=0, exercise=POINT)
    monkeypatch.setattr(mutants, "_summaries", lambda *arguments: iter([row]))
    assert mutants.main(["l00.point"]) == 1
    row.faults = []
    assert mutants.main(["l00.point"]) == 0
    assert POINT in capsys.readouterr().out
