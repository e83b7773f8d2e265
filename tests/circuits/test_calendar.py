"""Day numbers agree with Python's own calendar; ages turn on the birthday."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circuits import calendar
from circuits.errors import EncodingError


@given(st.dates())
def test_every_date_has_pythons_ordinal_and_comes_back(day):
    assert calendar.day_number(day.isoformat()) == day.toordinal()
    assert calendar.iso(day.toordinal()) == day.isoformat()


@given(st.dates(min_value=date(1900, 1, 1)), st.dates(min_value=date(1900, 1, 1)), st.integers(-50, 150))
def test_born_until_the_latest_birth_is_old_enough(born, now, years):
    birth, as_of = born.toordinal(), now.toordinal()
    expected = now.year - born.year - ((now.month, now.day) < (born.month, born.day))
    assert calendar.age(birth, as_of) == expected
    assert (birth <= calendar.latest_birth(as_of, years)) == (expected >= years)


@pytest.mark.parametrize(
    ("born", "now", "age"),
    [
        ("2008-02-29", "2026-02-28", 17),
        ("2008-02-29", "2026-03-01", 18),
        ("2008-02-29", "2028-02-28", 19),
        ("2008-02-29", "2028-02-29", 20),
        ("2005-11-22", "2026-11-21", 20),
        ("2005-11-22", "2026-11-22", 21),
        ("2005-02-28", "2024-02-29", 19),
        ("2026-11-23", "2026-11-22", -1),
    ],
)
def test_an_age_turns_on_the_birthday(born, now, age):
    birth, as_of = calendar.day_number(born), calendar.day_number(now)
    assert calendar.age(birth, as_of) == age
    assert birth <= calendar.latest_birth(as_of, age)
    assert birth > calendar.latest_birth(as_of, age + 1)


def test_a_huge_number_of_years_is_still_exact():
    assert calendar.latest_birth(calendar.day_number("2026-11-22"), 2**63 - 1) < -(2**63)
    assert calendar.latest_birth(calendar.day_number("2026-11-22"), -(2**63)) > 2**63


@pytest.mark.parametrize(
    "text",
    [
        *("", "2026-2-29", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "0000-01-01"),
        *("2026-01-01 ", "2026-01-01\n", "20260101", "2026/01/01", "\u0662026-01-01", "+026-01-01", "12026-01-01"),
    ],
)
def test_anything_but_a_date_is_refused(text):
    assert calendar.day_number("2024-02-29") == date(2024, 2, 29).toordinal()
    with pytest.raises(EncodingError):
        calendar.day_number(text)


@pytest.mark.parametrize("day", [0, -1, 3_652_060])
def test_a_day_without_a_date_is_refused(day):
    assert calendar.iso(3_652_059) == "9999-12-31"
    with pytest.raises(EncodingError):
        calendar.iso(day)


@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001  # made aware below
def test_times_agree_with_python_and_come_back(moment):
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    seconds = int(moment.timestamp())
    text = calendar.rfc3339(seconds)
    assert text == moment.isoformat().replace("+00:00", "Z")
    assert calendar.unix(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-22T15:46:17", "2026-11-22T15:46:17z", "2026-11-22 15:46:17Z", "2026-11-22T24:00:00Z"),
        *("2026-11-22T15:60:00Z", "2026-11-22T15:46:60Z", "2026-11-22T15:46:17.0Z", "2026-11-22T15:46:17+00:00"),
    ],
)
def test_other_forms_of_time_are_refused(text):
    assert calendar.unix("2026-11-22T15:46:17Z") == 1795362377
    with pytest.raises(EncodingError):
        calendar.unix(text)
