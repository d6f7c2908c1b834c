"""How good a ranking is: average precision, precision at capacity, calibration error, with weights."""

from __future__ import annotations

from typing import Any

import numpy as np


def average_precision(label: Any, score: Any, weight: Any) -> float:
    """Weighted average precision; rows of equal score count as one step. NaN without a positive row.

    Source: the step-wise sum of precision over gains in recall, as scikit-learn defines it.
    """
    order = np.argsort(-score, kind="stable")
    hit = (label * weight)[order]
    if hit.sum() <= 0:
        return float("nan")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    found, seen = np.cumsum(hit)[ends], np.cumsum(weight[order])[ends]
    return float(np.sum(np.diff(np.append(0, found)) * found / seen) / hit.sum())


def at_capacity(label: Any, score: Any, weight: Any, share: float) -> tuple[float, float]:
    """Precision and recall among the highest scores that make up a share of the total weight."""
    order = np.argsort(-score, kind="stable")
    top = order[np.cumsum(weight[order]) <= max(share * weight.sum(), weight[order[0]])]
    hit = float((label * weight)[top].sum())
    total = float((label * weight).sum())
    return hit / float(weight[top].sum()), hit / total if total else float("nan")


def calibration_error(label: Any, probability: Any, weight: Any, bins: int = 10) -> float:
    """Weighted mean gap between predicted and observed share, over bins of equal numbers of rows."""
    order = np.argsort(probability, kind="stable")
    gap = 0.0
    for part in np.array_split(order, min(bins, len(order))):
        mass = weight[part].sum()
        if mass > 0:
            gap += abs(float((weight[part] * (label[part] - probability[part])).sum()))
    return gap / float(weight.sum())


def money_per_hundred(loss: Any, score: Any, weight: Any, share: float) -> float:
    """Yuan found per 100 reviews of the highest scores that make up a share of the total weight."""
    return 100 * at_capacity(loss, score, weight, share)[0]


def resampled(groups: Any, times: int, seed: int) -> Any:
    """Row numbers of bootstrap samples of whole groups, one array a sample."""
    rng = np.random.default_rng(seed)
    names, codes = np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(codes == number) for number in range(len(names))]
    for _ in range(times):
        yield np.concatenate([members[number] for number in rng.integers(len(names), size=len(names))])


def interval(values: list[float]) -> list[float]:
    """Two-sided 90 % interval of bootstrap values; NaN values are left out, none left gives NaN."""
    known = [value for value in values if value == value]  # noqa: PLR0124
    if not known:
        return [float("nan"), float("nan")]
    return [float(limit) for limit in np.quantile(known, [0.05, 0.95])]
