"""The rules of the downsampling, the Flux generated from them, and reading InfluxDB's answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.base.names import Names
from lab.influx.api import from_micros, instant, parse_csv, to_micros
from lab.influx.flux import FIELDS, Downsample, downsample_script, raw_points
from lab.influx.literal import quoted, unquoted
from lab.influx.rules import MICROS, REGIONS, Downsampled, alarm_of, downsample, region_of, slot_of

steady = settings(deadline=None, max_examples=50)
"""No deadline per example: a busy machine is no failure."""

readings = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 100 * MICROS), st.floats(0, 1000)), max_size=60
)


@steady
@given(readings)
def test_one_row_per_generator_and_slot_with_a_reading_and_none_for_silent_ones(
    taken: list[tuple[str, int, float]],
) -> None:
    rows = downsample(taken, every=10)
    assert len(rows) == len({(name, slot_of(time, 10)) for name, time, _ in taken})
    assert {(row.generator, row.time) for row in rows} <= {(name, time) for name, time, _ in taken}


@steady
@given(readings, st.randoms())
def test_order_and_repetition_of_readings_do_not_matter(taken: list[tuple[str, int, float]], random: object) -> None:
    unique = list({(name, time): (name, time, fuel) for name, time, fuel in taken}.values())
    shuffled = unique + unique
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert downsample(unique, 10) == downsample(shuffled, 10)


def test_a_late_reading_replaces_an_earlier_one_of_its_slot_only() -> None:
    early = [("a", 1 * MICROS, 600.0), ("a", 11 * MICROS, 600.0)]
    late = [("a", 9 * MICROS, 400.0)]
    assert downsample(early + late, 10) == {
        Downsampled("a", 9 * MICROS, "refuel"),
        Downsampled("a", 11 * MICROS, "ok"),
    }


def test_a_slot_begins_at_its_start_and_ends_before_the_next() -> None:
    edge = [("a", 10 * MICROS - 1, 1.0), ("a", 10 * MICROS, 1.0)]
    assert len(downsample(edge, 10)) == 2


def test_slots_that_are_still_open_give_nothing() -> None:
    taken = [("a", 5 * MICROS, 1.0), ("a", 15 * MICROS, 1.0)]
    assert downsample(taken, 10, until=19 * MICROS) == {Downsampled("a", 5 * MICROS, "refuel")}


@pytest.mark.parametrize(("fuel", "alarm"), [(499.999, "refuel"), (500.0, "ok"), (0.0, "refuel"), (1000.0, "ok")])
def test_the_alarm_is_below_500_litres(fuel: float, alarm: str) -> None:
    assert alarm_of(fuel) == alarm


@pytest.mark.parametrize(
    ("lon", "region"), [(-180.0, "americas"), (-30.0, "emea"), (59.9, "emea"), (60.0, "apac"), (180.0, "apac")]
)
def test_regions_begin_at_their_longitude(lon: float, region: str) -> None:
    assert region_of(lon) == region
    assert region_of(None) == "unknown"


def test_the_script_carries_settings_names_and_every_rule() -> None:
    script = downsample_script(Downsample(Names("class7-"), every=15, offset=3, lookback_slots=4))
    assert 'option task = {name: "class7-kafka_downsample", every: 15s, offset: 3s}' in script
    assert "date.sub(d: 60s, from: stop)" in script
    assert 'from(bucket: "class7-kafka_raw")' in script
    assert 'bucket: "class7-kafka_downsampled"' in script
    assert all(f'r._field == "{field}"' in script and f"{field}: r.{field}" in script for field in FIELDS)
    assert all(f'"{name}"' in script for _, name in REGIONS)


def test_queries_bound_device_times_to_the_microsecond() -> None:
    query = raw_points(Names(), 1_790_000_000_000_001, 1_790_000_000_000_003)
    assert "start: 2026-09-21T14:13:20.000001Z, stop: 2026-09-21T14:13:20.000003Z" in query


@steady
@given(st.integers(0, 4_000_000_000_000_000))
def test_times_survive_the_way_to_influxdb_and_back(micros: int) -> None:
    assert to_micros(instant(from_micros(micros))) == micros


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T00:00:00.5Z", 500_000),
        ("1970-01-01T00:00:00.1234567Z", 123_456),
    ],
)
def test_times_with_any_number_of_decimals_are_read(text: str, micros: int) -> None:
    assert to_micros(text) == micros


def test_a_year_is_a_whole_number_of_microseconds() -> None:
    assert from_micros(1_790_000_000_999_999) == datetime(2026, 9, 21, 14, 13, 20, 999_999, UTC)


def test_an_answer_of_several_tables_gives_each_its_own_header() -> None:
    text = ",result,table,a\r\n,_result,0,1\r\n\r\n,result,table,b\r\n,_result,1,2\r\n\r\n"
    assert [(row.get("a"), row.get("b")) for row in parse_csv(text)] == [("1", None), (None, "2")]
    assert list(parse_csv("\r\n")) == []


@steady
@given(st.lists(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])), min_size=1))
def test_any_text_of_an_answer_is_read_as_it_stands(texts: list[str]) -> None:
    """Encoded as InfluxDB does: line feeds as two characters, quotes where needed."""
    quoted = ['"' + text.replace('"', '""').replace("\n", "\r\n") + '"' for text in texts]
    answer = ",result,table,a\r\n" + "".join(f",_result,0,{text}\r\n" for text in quoted) + "\r\n"
    assert [row["a"] for row in parse_csv(answer)] == texts


@steady
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_flux_literal_gives_its_text_back_on_one_line(text: str) -> None:
    assert unquoted(quoted(text)) == text
    assert len(quoted(text).split("\n")) == 1
