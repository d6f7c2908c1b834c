"""Quarters as half-open intervals of local time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from records.errors import WrongUse

#: The one zone of all dates and times that people read.
CHINA = timezone(timedelta(hours=8))
_TEXT = re.compile(r"(\d{4})Q([1-4])")


@dataclass(frozen=True, order=True)
class Quarter:
    """A calendar quarter, [begin, end). Ordered by time."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """Read ``2026Q3``. Raises WrongUse for anything else."""
        match = _TEXT.fullmatch(text.strip())
        if match is None or not 1900 <= int(match[1]) <= 9990:
            raise WrongUse(f"'{text}' is no quarter: write it as 2026Q3.")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime) -> Quarter:
        """The quarter that holds a moment."""
        return cls(moment.year, (moment.month - 1) // 3 + 1)

    @property
    def begin(self) -> datetime:
        """First moment of the quarter."""
        return datetime(self.year, self.number * 3 - 2, 1)

    @property
    def end(self) -> datetime:
        """First moment after the quarter."""
        return self.shift(1).begin

    @property
    def as_of(self) -> datetime:
        """The moment of a run of this quarter: nothing at or after it is known."""
        return self.end

    def shift(self, quarters: int) -> Quarter:
        """The quarter so many quarters later (earlier when negative)."""
        index = self.year * 4 + self.number - 1 + quarters
        return Quarter(index // 4, index % 4 + 1)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"
