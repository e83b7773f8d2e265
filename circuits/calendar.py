"""Civil dates as day numbers and times as Unix seconds, in the proleptic Gregorian calendar, without a clock.

Day 1 is 0001-01-01. A date of birth is committed as its day number, so that every question about an age becomes a
comparison of one number with another. The arithmetic is Howard Hinnant's `days_from_civil` (eras of 400 years).
"""

import re
from functools import lru_cache

from circuits.errors import EncodingError

FIRST_DAY = 1
LAST_DAY = 3_652_059
"""0001-01-01 and 9999-12-31."""

_UNIX_EPOCH = 719_163  # day number of 1970-01-01
_DAY_SECONDS = 86_400
_ERA_DAYS = 146_097
_MARCH_1_YEAR_0 = 305  # days from 0000-03-01, where Hinnant's count starts, to 0000-12-31
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z\Z")


@lru_cache(maxsize=4096)  # the same few days come again and again
def day_number(date: str) -> int:
    """Parse a calendar date, `2008-11-22`, to its day number (1 is 0001-01-01).

    Raises:
        EncodingError: not YYYY-MM-DD, or no such day (the sender's fault).
    """
    match = _DATE.match(date)
    if match is None:
        raise EncodingError("a date is written YYYY-MM-DD")
    year, month, day = (int(part) for part in match.groups())
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= _month_length(year, month)):
        raise EncodingError("there is no such day in the calendar")
    return _from_civil(year, month, day)


@lru_cache(maxsize=4096)
def iso(day: int) -> str:
    """Write a day number as YYYY-MM-DD.

    Raises:
        EncodingError: outside years 1 to 9999 (the caller's fault).
    """
    if not FIRST_DAY <= day <= LAST_DAY:
        raise EncodingError("a day outside the years 1 to 9999 has no date")
    year, month, of_month = _to_civil(day)
    return f"{year:04}-{month:02}-{of_month:02}"


def latest_birth(as_of_day: int, years: int) -> int:
    """Find the last day of birth of someone who is at least so many years old on a day.

    Someone born on 29 February turns a year older on 1 March in a common year. Any integer is allowed for years; the
    result may lie outside the years that have a date.

    Returns:
        A day number b: born on day x, the age on as_of_day is at least years exactly when x <= b.
    """
    year, month, day = _to_civil(as_of_day)
    year -= years
    return _from_civil(year, month, min(day, _month_length(year, month)))


def age(birth_day: int, as_of_day: int) -> int:
    """Count whole years from a day of birth to a day; negative before birth."""
    birth, now = _to_civil(birth_day), _to_civil(as_of_day)
    return now[0] - birth[0] - (now[1:] < birth[1:])


def rfc3339(unix_seconds: int) -> str:
    """Write a time as RFC 3339 in UTC, to the second: `2026-11-22T15:46:17Z`.

    Raises:
        EncodingError: outside years 1 to 9999 (the caller's fault).
    """
    days, seconds = divmod(unix_seconds, _DAY_SECONDS)
    hours, rest = divmod(seconds, 3600)
    return f"{iso(days + _UNIX_EPOCH)}T{hours:02}:{rest // 60:02}:{rest % 60:02}Z"


def unix(time: str) -> int:
    """Parse the form that rfc3339 writes, and only that form, to Unix seconds.

    Raises:
        EncodingError: another form, or no such time; leap seconds are not accepted (the sender's fault).
    """
    match = _TIME.match(time)
    if match is None:
        raise EncodingError("a time is written YYYY-MM-DDTHH:MM:SSZ")
    hours, minutes, seconds = (int(match[i]) for i in (2, 3, 4))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise EncodingError("there is no such time of day")
    return (day_number(match[1]) - _UNIX_EPOCH) * _DAY_SECONDS + hours * 3600 + minutes * 60 + seconds


def _month_length(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else _MONTH_DAYS[month - 1]


def _from_civil(year: int, month: int, day: int) -> int:
    shifted = year - (month <= 2)  # the year starts in March, so that the leap day is its last
    era, of_era = divmod(shifted, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * _ERA_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _MARCH_1_YEAR_0


def _to_civil(number: int) -> tuple[int, int, int]:
    era, of_era = divmod(number + _MARCH_1_YEAR_0, _ERA_DAYS)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return era * 400 + year_of_era + (month <= 2), month, day
