"""From log-odds to a probability that can be counted on: Platt scaling on held-out scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_LEAST_SLOPE = 0.05


@dataclass(frozen=True)
class Calibration:
    """probability = 1 / (1 + exp(-(slope x raw + intercept))); the slope is positive, so ranks are kept."""

    slope: float
    intercept: float

    def apply(self, raw: Any) -> Any:
        """Probabilities of raw scores (log-odds)."""
        return _logistic(self.slope * np.asarray(raw, dtype=float) + self.intercept)


def fit_platt(raw: Any, label: Any, weight: Any) -> Calibration:
    """Weighted maximum likelihood by Newton steps, with Platt's smoothed targets.

    A slope that is not clearly positive (scores that tell nothing) is set to a small one, and the intercept
    then fits the observed share. Source: Platt (1999), targets (n+ + 1)/(n+ + 2) and 1/(n- + 2).
    """
    positives, negatives = float(label.sum()), float((1 - label).sum())
    target = np.where(label > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    slope, intercept = 1.0, 0.0
    for _ in range(100):
        slope, intercept, moved = _newton(raw, target, weight, slope, intercept)
        if moved < 1e-10:
            break
    if not np.isfinite(slope) or slope < _LEAST_SLOPE:
        slope = _LEAST_SLOPE
        intercept = _matching_intercept(raw, target, weight)
    return Calibration(float(slope), float(intercept))


def _logistic(logit: Any) -> Any:
    # Beyond these limits a double is 0 or 1 anyway; without them the exponential overflows.
    return 1 / (1 + np.exp(-np.clip(logit, -700, 700)))


def _newton(raw: Any, target: Any, weight: Any, slope: float, intercept: float) -> tuple[float, float, float]:
    p = _logistic(slope * raw + intercept)
    curve = weight * p * (1 - p)
    pull = weight * (target - p)
    # A little ridge keeps the step finite when all scores are alike.
    a, b, c = (curve * raw * raw).sum() + 1e-6, (curve * raw).sum(), curve.sum() + 1e-6
    g, h = (pull * raw).sum(), pull.sum()
    step = a * c - b * b
    first, second = (c * g - b * h) / step, (a * h - b * g) / step
    size = max(abs(first), abs(second), 1.0)
    return slope + first / size, intercept + second / size, float(max(abs(first), abs(second)))


def _matching_intercept(raw: Any, target: Any, weight: Any) -> float:
    low, high = -30.0, 30.0
    share = float((weight * target).sum() / weight.sum())
    for _ in range(80):
        middle = (low + high) / 2
        mean = float((weight * _logistic(_LEAST_SLOPE * raw + middle)).sum() / weight.sum())
        low, high = (middle, high) if mean < share else (low, middle)
    return (low + high) / 2
