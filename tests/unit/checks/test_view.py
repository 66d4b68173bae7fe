"""What checks read and show: answers of the wrong kind, cards as text and HTML, untouched cells, progress."""

import math

import pytest

from lab.base import palette
from lab.base.errors import LearnerError, MachineError
from lab.checks import NotYet, called, number, one_of, progress, text, view, whole
from lab.checks.attempt import Attempt
from lab.checks.baseline import Baseline
from lab.checks.outcome import Outcome, Verdict
from lab.checks.probes.kafka import Record
from lab.checks.stub_detection import is_stub
from lab.course import manifest, source


@pytest.mark.parametrize("answer", ["25", True, math.nan, [1], {1: 2}, math.inf])
def test_no_number_is_not_yet(answer):
    with pytest.raises(NotYet, match="hours is"):
        number(answer, "hours")


def test_numbers_and_words_are_read():
    assert number(3, "n") == 3.0
    assert whole(6.0, "n") == 6
    assert text(" a ", "word") == "a"
    assert one_of("Key", "the choice", ("key", "none")) == "key"


@pytest.mark.parametrize(("read", "answer"), [(whole, 6.5), (text, 3)])
def test_wrong_kinds_are_not_yet(read, answer):
    with pytest.raises(NotYet):
        read(answer, "it")


def test_an_unknown_choice_is_not_yet():
    with pytest.raises(NotYet, match="'both'"):
        one_of("both", "the choice", ("key", "none"))


def test_a_function_that_fails_is_not_yet_with_the_errors_words():
    assert called(max, 1, 2, call="max(1, 2)", wanted="2") == 2
    with pytest.raises(NotYet) as caught:
        called(lambda load: load / 0, 5, call="burn(5)", wanted="a number", likely_cause="a slip", next_step="look")
    assert caught.value.verdict.text == "burn(5) raised ZeroDivisionError: division by zero a number a slip look"


@pytest.mark.parametrize(("value", "fields"), [(b'{"a": 1}', {"a": 1}), (b"[1]", {}), (b"{", {}), (None, {})])
def test_the_fields_of_a_record_are_those_of_a_json_object(value, fields):
    assert Record("t", 0, 0, 0, None, value, {}).fields == fields


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_outcome_has_a_word_and_an_icon_in_both_forms(outcome):
    card = view.verdict("l98.one", Verdict(outcome, "seen <b>", "wanted", "likely_cause", "next"))
    word = str(outcome).capitalize()
    assert word in card.text
    assert word in card.html
    assert card.text[0] in card.html
    assert "<b>" not in card.html
    for words in ("seen", "wanted", "likely_cause", "next"):
        assert words in card.text
        assert words in card.html


def test_the_outcomes_differ_in_icon_word_and_colour():
    cards = [view.verdict("l98.one", Verdict(outcome, "")) for outcome in Outcome]
    assert len({card.colour for card in cards}) == len({card.heading for card in cards}) == 4


def test_the_last_hint_says_so():
    assert "hint() again" in view.hint("l98.one", 1, "a nudge", False).text
    assert "last hint" in view.hint("l98.one", 3, "nearly", True).text


def test_a_stub_with_other_comments_and_layout_is_untouched():
    cell = source.exercises(source.read(manifest.lesson("l00").source))["l00.online"]

    def attempt(written):
        return Attempt("l00.online", 0.0, Baseline(), source=written)

    assert is_stub("l00.online", attempt(cell.stub + "\n\n# thinking"))
    assert not is_stub("l00.online", attempt(cell.stub + "\nx = 1"))
    assert not is_stub("l00.online", attempt(""))


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "path", lambda: tmp_path / "progress.toml")
    monkeypatch.setattr(progress, "settings", type("S", (), {"practice": False}))
    return tmp_path / "progress.toml"


def test_progress_keeps_the_first_pass_and_counts(book):
    progress.record_check("l00.point", passed=False)
    progress.record_hint("l00.point")
    progress.record_check("l00.point", passed=True)
    first = progress.read()["l00.point"]
    progress.record_check("l00.point", passed=False)
    assert progress.read()["l00.point"] == progress.Entry(first.solved, 3, 1)
    assert first.solved
    assert '["l00.point"]' in book.read_text()


def test_progress_reports_what_is_open_and_forgets(book):
    progress.record_check("l00.point", passed=True)
    row = next(row for row in progress.report() if row["lesson"] == "l00")
    assert row["solved"] == 1
    assert "l00.point" not in row["open"]
    progress.forget(["l00.point"])
    assert progress.read() == {}


def test_a_broken_progress_file_is_named(book):
    book.write_text("[[[")
    with pytest.raises(MachineError, match=r"progress\.toml"):
        progress.read()


@pytest.mark.parametrize("name", ["l02", "02", "2", "l02_mqtt", "02_publishing_over_mqtt", "l02.publish"])
def test_a_lesson_is_found_by_any_of_its_names(name):
    assert manifest.lesson(name).id == "l02"


def test_an_unknown_lesson_names_the_known():
    with pytest.raises(LearnerError, match="l99") as caught:
        manifest.lesson("l99")
    assert "l11" in caught.value.remedy


def test_a_pass_is_told_from_a_beginning_by_the_shape_of_its_edge_too() -> None:
    begun = view.begun("l00.x", "X").html
    passed = view.verdict("l00.x", Verdict(Outcome.PASSED, "It is there.")).html
    assert "dotted" in begun
    assert "solid" in passed
    assert palette.PASSED in passed
    assert palette.PASSED not in begun
