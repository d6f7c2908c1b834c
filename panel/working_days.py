"""Working days: by the calendar of the data where it tells, else Monday to Friday."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from panel import audit
from panel.schema_work import workday
from records.errors import WrongUse


def calendar_of(connection: Connection) -> dict[str, int]:
    """Days that the calendar knows: 1 = working day, 0 = not."""
    return {row.day: row.workday for row in connection.execute(select(workday))}


def is_working(day: date, calendar: dict[str, int]) -> bool:
    """Whether a day is a working day."""
    told = calendar.get(day.isoformat())
    return day.weekday() < 5 if told is None else bool(told)


def after(begin: str, days: int, calendar: dict[str, int]) -> str:
    """The last day of a period of so many working days that begins the day after ``begin``."""
    day, left = date.fromisoformat(begin), days
    while left > 0:
        day += timedelta(days=1)
        left -= is_working(day, calendar)
    return day.isoformat()


def keep_calendar(connection: Connection, days: dict[str, int], actor: str = "system") -> int:
    """Keep a calendar's days, the newer word on a day replacing the older; returns how many changed."""
    for day in days:
        try:
            date.fromisoformat(day)
        except ValueError as error:
            raise WrongUse(f"“{day}”不是日期 '{day}' is no date: write 2026-07-01.") from error
    known = calendar_of(connection)
    changed: list[dict[str, Any]] = [{"day": day, "workday": int(flag)} for day, flag in days.items() if known.get(day) != flag]
    for row in changed:
        connection.execute(workday.delete().where(workday.c.day == row["day"]))
    if changed:
        connection.execute(insert(workday), changed)
        audit.record_rows(connection, actor, "calendar kept", f"{len(changed)} days", {"workday": changed})
    return len(changed)
