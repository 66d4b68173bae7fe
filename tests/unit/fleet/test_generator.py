"""Readings of one generator, the places of many, the journal and the arguments of a fleet."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.base.errors import LearnerError
from lab.base.reading import Reading
from lab.fleet.fleet import Fleet
from lab.fleet.generator import Generator
from lab.fleet.journal import Journal
from lab.fleet.limits import free_name
from lab.fleet.sites import place
from lab.influx.rules import region_of
from tests.support.nowhere import nowhere

steady = settings(deadline=None, max_examples=50)
"""No deadline per example: a busy machine is no failure."""


@steady
@given(st.lists(st.integers(0, 2**52), min_size=1, max_size=50))
def test_device_time_and_seq_strictly_increase_whatever_the_clock_does(clock: list[int]) -> None:
    generator = Generator("g", 0, seed=1)
    readings = [generator.take(now, 0.1) for now in clock]
    assert [reading.seq for reading in readings] == list(range(len(clock)))
    assert all(a.time < b.time for a, b in itertools.pairwise(readings))


def test_a_reading_survives_the_wire_with_its_floats() -> None:
    reading = Generator("g", 0, seed=1, fuel=500.0).take(1, 0.0)
    assert reading.fuel == 500.0
    assert b'"fuel":500.0' in reading.to_json()
    assert Reading.from_json(reading.to_json()) == reading


def test_the_same_seed_gives_the_same_readings_and_another_seed_others() -> None:
    def series(seed: int) -> list[Reading]:
        generator = Generator("g", 3, seed)
        return [generator.take(now, 5.0) for now in range(1, 20)]

    assert series(1) == series(1) != series(2)


def test_refuelling_notes_its_time_and_fills_the_tank() -> None:
    generator = Generator("g", 0, seed=1, fuel=0.0)
    assert generator.take(1, 60.0).power == 0.0
    generator.refuel(77)
    reading = generator.take(2, 60.0)
    assert generator.refuelled_at == 77
    assert reading.fuel > 990
    assert reading.power > 0


def test_a_small_fleet_stands_in_every_region_and_on_earth() -> None:
    places = [place(index, Random(index)) for index in range(200)]
    assert all(-90 <= lat <= 90 and -180 <= lon <= 180 for lat, lon in places)
    assert {region_of(lon) for _, lon in places[:3]} == {"americas", "emea", "apac"}


def test_a_bounded_journal_forgets_the_oldest_and_keeps_counting() -> None:
    journal = Journal(limit=3)
    for seq in range(10):
        journal.on_sent("g", seq, seq, 1.0)
        journal.on_acked("g", seq, seq, 1.0)
    assert [sent.seq for sent in journal.sent] == [7, 8, 9] == [acked.seq for acked in journal.acked]
    assert (journal.published, journal.acknowledged) == (10, 10)


def test_a_free_name_is_the_next_number_that_nobody_has() -> None:
    assert free_name({"generator1", "generator2", "generator3"}, 2) == "generator4"
    assert free_name({"a"}, 1) == "generator2"


@pytest.mark.parametrize(
    "wrong",
    [
        {"generators": 0},
        {"generators": ["a", "a"]},
        {"generators": ["a/b"]},
        {"generators": ["+"]},
        {"rate": 0.0},
        {"interval": 0.0},
        {"speedup": -1.0},
        {"qos": 3},
    ],
)
def test_arguments_that_make_no_sense_are_refused_in_words(wrong: dict[str, object]) -> None:
    with pytest.raises(LearnerError) as caught:
        Fleet(nowhere(), **wrong)  # type: ignore[arg-type]
    assert caught.value.cause.endswith(".")
    assert caught.value.remedy
