"""How a column lay when the model was trained, and how far it has moved since, as an effect size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_BINS = 10
#: A share is never taken as smaller: one new value in an empty bin is no landslide.
_LEAST_SHARE = 1e-4


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

        Sum over bins of (now - then) x ln(now / then). With the bins filled as before, its expected value is
        about (bins - 1) x (1 / rows then + 1 / rows now), which is taken off, so that few rows do not alarm.
        Usual reading: below 0.1 small, above 0.25 large. NaN where there are no rows.
        """
        values = np.asarray(values, dtype=float)
        if not len(values) or not self.rows:
            return float("nan")
        then = np.maximum(self.shares, _LEAST_SHARE)
        now = np.maximum(_shares(values, self.limits), _LEAST_SHARE)
        index = float(np.sum((now - then) * np.log(now / then)))
        filled = int(np.sum((then > _LEAST_SHARE) | (now > _LEAST_SHARE)))
        return max(0.0, index - (filled - 1) * (1 / self.rows + 1 / len(values)))


def _shares(values: Any, limits: Any) -> list[float]:
    missing = np.isnan(values)
    number = np.searchsorted(np.asarray(limits, dtype=float), values[~missing], side="left")
    counts = np.append(np.bincount(number, minlength=len(limits) + 1), missing.sum())
    return [float(count) for count in counts / max(1, len(values))]
