"""How good a ranking is: average precision, precision at capacity, calibration error, with weights.

A ranking is sorted once (`Ranking`) and measured with any weights, so that resampling whole groups is a change of
weights and no new sort.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class Ranking:
    """Rows from the highest score to the lowest; rows of equal score are one step."""

    def __init__(self, score: Any) -> None:
        score = np.asarray(score, dtype=float)
        self.order = np.argsort(-score, kind="stable")
        ranked = score[self.order]
        self.ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1) if len(ranked) else np.array([], int)

    def _steps(self, values: Any) -> Any:
        return np.cumsum(np.asarray(values, dtype=float)[self.order])[self.ends]

    def average_precision(self, label: Any, weight: Any) -> float:
        """Weighted average precision, 0..1. NaN without a positive row.

        Source: the step-wise sum of precision over gains in recall, as scikit-learn defines it.
        """
        found, seen = self._steps(label * weight), self._steps(weight)
        if not len(found) or found[-1] <= 0:
            return float("nan")
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        return float(np.sum(np.diff(found, prepend=0.0) * precision) / found[-1])

    def at_capacity(self, value: Any, weight: Any, share: float) -> tuple[float, float]:
        """Mean value of the top rows, and their part of the whole; NaN where there is nothing.

        The top is exactly ``share`` of the total weight: of the step on the border the fitting part counts, as
        if a draw among equals decided.
        """
        found, seen = self._steps(value * weight), self._steps(weight)
        if not len(seen) or seen[-1] <= 0:
            return float("nan"), float("nan")
        capacity = share * seen[-1]
        got = float(np.interp(capacity, np.append(0.0, seen), np.append(0.0, found)))
        return float(got / capacity), float(got / found[-1]) if found[-1] > 0 else float("nan")


def average_precision(label: Any, score: Any, weight: Any) -> float:
    """Weighted average precision of scores; see `Ranking.average_precision`."""
    return Ranking(score).average_precision(label, weight)


def at_capacity(label: Any, score: Any, weight: Any, share: float) -> tuple[float, float]:
    """Weighted precision and recall of the top ``share``; see `Ranking.at_capacity`."""
    return Ranking(score).at_capacity(label, weight, share)


def calibration_bins(probability: Any, bins: int = 10) -> Any:
    """Bin number of each row: bins of equal numbers of rows, from the lowest probability to the highest."""
    number = np.empty(len(probability), dtype=int)
    order = np.argsort(probability, kind="stable")
    for place, part in enumerate(np.array_split(order, max(1, min(bins, len(order))))):
        number[part] = place
    return number


def calibration_error(label: Any, probability: Any, weight: Any, bins: int = 10) -> float:
    """Weighted mean gap between predicted and observed share, over bins of equal numbers of rows. 0..1."""
    return gap(label, probability, weight, calibration_bins(probability, bins))


def gap(label: Any, probability: Any, weight: Any, number: Any) -> float:
    """Calibration error over given bins; NaN without weight."""
    mass = float(np.sum(weight))
    off = np.bincount(number, weights=weight * (label - probability)) if mass > 0 else np.array([np.nan])
    return float(np.abs(off).sum() / mass) if mass > 0 else float("nan")


def brier(label: Any, probability: Any, weight: Any) -> float:
    """Weighted mean squared error of probabilities, 0..1; NaN without weight."""
    mass = float(np.sum(weight))
    return float(np.sum(weight * (label - probability) ** 2) / mass) if mass > 0 else float("nan")


def resampled(groups: Any, times: int, seed: int) -> Iterator[Any]:
    """How often each row stands in a bootstrap sample of whole groups; one array of counts a sample."""
    rng = np.random.default_rng(seed)
    names, codes = np.unique(groups, return_inverse=True)
    for _ in range(times):
        yield np.bincount(rng.integers(len(names), size=len(names)), minlength=len(names))[codes].astype(float)


def interval(values: Any) -> list[float]:
    """Two-sided 90 % interval of bootstrap values; NaN values are left out, none left gives NaN."""
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if not len(known):
        return [float("nan"), float("nan")]
    return [float(limit) for limit in np.quantile(known, [0.05, 0.95])]
