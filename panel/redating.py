"""A case's dates moved together, so that a copy does not stand on the day of its original; intervals stay."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

from panel.audit import canonical
from records.periods import Quarter

#: A day, and a time of it where there is one, also inside a text (evidence names days).
_MOMENT = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})([ T]\d{2}:\d{2}:\d{2})?(?!\d)")
#: Numbers, which may look like days and are joined by.
_NUMBERS = ("rxno", "mdtrt_id", "setl_id", "feedetl_sn", "psn_no", "fixmedins_code", "dr_codg", "sealed")
_HOUR = 3600


def moved_by(prescribed: str, quarter: Quarter, chance: float) -> timedelta:
    """How far a copy's dates move: whole weeks, so that weekdays stay, to another week of the quarter that shows it,
    and another minute of the same hour. ``chance`` in [0, 1) chooses among them.
    """
    at = datetime.fromisoformat(prescribed)
    first = -((at - quarter.begin).days // 7)
    weeks = [
        week for week in range(first - 1, first + 15) if week and quarter.begin <= at + timedelta(weeks=week) < quarter.end
    ]
    week, rest = divmod(chance * len(weeks), 1)
    second = at.minute * 60 + at.second
    return timedelta(weeks=weeks[int(week)], seconds=int(rest * _HOUR) - second)


def redated(text: str, by: timedelta) -> str:
    """JSON of a case with every day and time in it moved, in texts too; days alone move by whole days."""
    return canonical(_moved(json.loads(text), by))


def _moved(value: Any, by: timedelta) -> Any:
    if isinstance(value, dict):
        return {key: entry if key in _NUMBERS else _moved(entry, by) for key, entry in value.items()}
    if isinstance(value, list):
        return [_moved(entry, by) for entry in value]
    return _MOMENT.sub(lambda found: _shifted(found, by), value) if isinstance(value, str) else value


def _shifted(found: re.Match[str], by: timedelta) -> str:
    day, time = found.groups()
    try:
        if time is None:
            # Minutes that go back must not take a day with them.
            return (date.fromisoformat(day) + timedelta(weeks=round(by / timedelta(weeks=1)))).isoformat()
        moved = datetime.fromisoformat(day + time) + by
    except (ValueError, OverflowError):
        # Digits that are no day stay as they are.
        return found.group()
    return moved.strftime(f"%Y-%m-%d{time[0]}%H:%M:%S")
