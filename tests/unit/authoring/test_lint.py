"""The lint of the course as tests, lesson by lesson."""

import pytest

from lab.authoring import lint
from lab.course import manifest

LESSONS = manifest.authored()


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.__name__)
def test_lesson(rule, lesson):
    assert list(rule(lesson)) == []


def test_manifest_ids_are_unique_and_in_order():
    ids = [lesson.id for lesson in manifest.lessons()]
    assert ids == sorted(set(ids))
    assert len({lesson.notebook for lesson in manifest.lessons()}) == len(ids)


def test_every_lesson_has_an_objective_and_fits_a_sitting():
    *usual, last = manifest.lessons()
    assert all(lesson.objective for lesson in (*usual, last))
    assert all(15 <= lesson.minutes <= 25 for lesson in usual)
    assert 25 <= last.minutes <= 60, "the last lesson builds a whole pipeline from nothing"


def test_the_short_path_fits_ninety_minutes():
    assert sum(lesson.minutes for lesson in manifest.lessons() if lesson.short_path) <= 90


def test_no_folder_is_left_out_of_the_manifest():
    folders = {path.name for path in manifest.COURSE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders <= {lesson.folder for lesson in manifest.lessons()}
