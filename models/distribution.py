"""How a column lay when the model was trained, and how far it has moved since, as an effect size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_BINS = 10
#: So many rows are added to each bin: one new value in an empty bin, or none in a small one, is no landslide.
_ADDED = 0.5
#: Rows as before move by more than what is taken off with this chance.
_EXCEEDED = 0.05


@dataclass(frozen=True)
class Distribution:
    """Rows, inner limits of the bins (upper ends belong to the bin), and shares: the bins, then the missing."""

    rows: int
    limits: list[float]
    shares: list[float]

    @classmethod
    def of(cls, values: Any) -> Distribution:
        """Bins by deciles of the values that are there."""
        values = np.asarray(values, dtype=float)
        known = values[~np.isnan(values)]
        limits: Any = []
        if len(known):
            tenths = np.quantile(known, np.arange(1, _BINS) / _BINS, method="lower")
            # What lies below everything seen so far has a bin of its own, so that a constant can move down too.
            limits = np.unique(np.append(tenths, np.nextafter(known.min(), -np.inf)))
        return cls(len(values), [float(limit) for limit in limits], _shares(values, limits))

    def moved(self, values: Any) -> float:
        """Population stability index of new values against these, less what chance alone would give; >= 0.

        Sum over bins of (now - then) x ln(now / then). With the bins filled as before, it is about (1 / rows then + 1 /
        rows now) times a chi-squared number of (bins - 1) degrees of freedom; what chance gives in nineteen of twenty
        times is taken off, so that few rows do not alarm (Yurdakul and Naranjo 2020). Usual reading: below 0.1 small, above
        0.25 large. NaN where there are no rows.
        """
        values = np.asarray(values, dtype=float)
        if not len(values) or not self.rows:
            return float("nan")
        before, after = np.array(self.shares) * self.rows, np.array(_shares(values, self.limits)) * len(values)
        filled = (before > 0) | (after > 0)
        then, now = ((counts[filled] + _ADDED) / (counts[filled] + _ADDED).sum() for counts in (before, after))
        index = float(np.sum((now - then) * np.log(now / then)))
        return max(0.0, index - _by_chance(int(filled.sum()) - 1) * (1 / self.rows + 1 / len(values)))


def _by_chance(freedom: int) -> float:
    """A chi-squared number that is exceeded with the chance `_EXCEEDED`."""
    from scipy.special import chdtri

    return float(chdtri(freedom, _EXCEEDED)) if freedom else 0.0


def _shares(values: Any, limits: Any) -> list[float]:
    missing = np.isnan(values)
    number = np.searchsorted(np.asarray(limits, dtype=float), values[~missing], side="left")
    counts = np.append(np.bincount(number, minlength=len(limits) + 1), missing.sum())
    return [float(count) for count in counts / max(1, len(values))]
