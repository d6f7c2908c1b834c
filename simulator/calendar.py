"""Days of a quarter: how full they are, and the epidemic in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from records.periods import Quarter
from simulator.catalogue import Array, parameters
from simulator.people import day_number
from simulator.streams import EPIDEMIC, index_of, stream

DAY = 1440


@dataclass(frozen=True)
class Calendar:
    """A quarter of a city. Days count from the quarter's first, ``first`` is that day since 1970-01-01."""

    quarter: Quarter
    seed: int

    @property
    def index(self) -> int:
        """Number of the quarter, for streams."""
        return index_of(self.quarter)

    @property
    def first(self) -> int:
        """The first day, counted from 1970-01-01."""
        return day_number(self.quarter.begin.date())

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.quarter.end - self.quarter.begin).days

    @cached_property
    def epidemic(self) -> tuple[int, int]:
        """First day of the epidemic and the day after its last."""
        length = int(parameters()["epidemic"]["days"])
        begin = int(stream(self.seed, EPIDEMIC, self.index).integers(7, self.days - length - 7))
        return begin, begin + length

    @property
    def season(self) -> tuple[float, ...]:
        """Lift of each season class of diseases, the epidemic's more cases in it."""
        plain = parameters()["season"][str(self.quarter.number)]
        times = parameters()["epidemic"]["times"][str(self.quarter.number)]
        more = 1 + (times - 1) * parameters()["epidemic"]["days"] / self.days
        return tuple(value * (more if number in (2, 3) else 1) for number, value in enumerate(plain))

    def steps(self, epidemic: bool) -> Array:
        """Cumulative weight of the days: by weekday, with or without the epidemic."""
        marks = parameters()["epidemic"]
        weekday = (self.first + np.arange(self.days) + 3) % 7
        weight = np.array(marks["weekday"])[weekday]
        if epidemic:
            begin, end = self.epidemic
            weight[begin:end] *= marks["times"][str(self.quarter.number)]
        return np.asarray(np.cumsum(weight) / weight.sum())

    def minutes(self, day: Array, rng: np.random.Generator) -> Array:
        """Minutes of the quarter within the days: mornings and afternoons, seldom the night."""
        size = len(day)
        hour = np.where(rng.random(size) < 0.6, rng.normal(10, 1.5, size), rng.normal(15.5, 1.3, size))
        hour = np.where(rng.random(size) < 0.03, rng.uniform(0, 24, size), hour)
        return np.asarray(day * DAY + np.clip(hour, 0, 23.9) * 60).astype(np.int32)

    def ordinary_days(self, size: int, rng: np.random.Generator) -> Array:
        """Days drawn by weekday."""
        return np.searchsorted(self.steps(False)[:-1], rng.random(size), side="right")
