"""Times as they are printed: milliseconds and Z; calendar days as midnights of central Europe."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def central_midnight(day: date) -> str:
    """The start of a day in Berlin, in UTC: 22:00 or 23:00 of the day before.

    Reckoned by the rule of the EU, so that no time zone database is needed.
    """
    is_summer = _last_sunday(day.year, 3) < day <= _last_sunday(day.year, 10)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return stamp(midnight - timedelta(hours=2 if is_summer else 1))


def _last_sunday(year: int, month: int) -> date:
    """Of March or October: both have 31 days."""
    last = date(year, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)
