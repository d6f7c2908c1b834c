"""How many random prescriptions each institution gets. Exact total, finite populations, no chance in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from records.errors import DesignRefused
from sampling.design import Design


def allocate(
    sizes: Mapping[str, int], design: Design, capacity: int, rates: Mapping[str, float] | None = None
) -> dict[str, int]:
    """Random rows per institution; they sum to the capacity, or to the frame when that is smaller.

    ``sizes`` = prescriptions of each institution in the frame (> 0); ``rates`` = its mean predicted score,
    absent for equal variances. First every institution gets the design's minimum, then all floors are raised
    to one common level as far as the floors' share of the capacity goes (so the smallest are taken whole),
    then the rest goes by size and expected variance. Raises DesignRefused when the minimum alone does not
    fit.
    Source: Neyman allocation with power allocation of size (Bankier 1988).
    """
    codes = sorted(sizes)
    total = min(capacity, sum(sizes.values()))
    least = [min(sizes[code], design.minimum) for code in codes]
    if sum(least) > capacity:
        raise DesignRefused(
            f"{len(codes)} institutions need {sum(least)} random reviews and the capacity is {capacity}: "
            f"give a capacity of at least {sum(least)}."
        )
    most = [sizes[code] for code in codes]
    wished = [design.wished(size) for size in most]
    level = _common_level(least, wished, math.floor(total * design.floor_share))
    lower = [max(low, min(wish, level)) for low, wish in zip(least, wished, strict=True)]
    weights = [_weight(sizes[code], (rates or {}).get(code, 0.5), design) for code in codes]
    exact = _fill(lower, most, weights, total)
    return dict(zip(codes, _whole(exact, most, total), strict=True))


def _common_level(least: Sequence[int], wished: Sequence[int], budget: int) -> int:
    """Largest level to which all floors can be raised within the budget."""

    def cost(level: int) -> int:
        return sum(max(low, min(wish, level)) for low, wish in zip(least, wished, strict=True))

    low, high = 0, max(wished, default=0)
    while low < high:
        middle = (low + high + 1) // 2
        if cost(middle) <= budget:
            low = middle
        else:
            high = middle - 1
    return low


def _weight(size: int, rate: float, design: Design) -> float:
    bounded = min(max(rate, design.least_rate), 1 - design.least_rate)
    return float(size**design.size_power * math.sqrt(bounded * (1 - bounded)))


def _fill(lower: Sequence[int], upper: Sequence[int], weights: Sequence[float], total: int) -> list[float]:
    """max(lower, min(upper, c x weight)) with c such that they sum to the total; found by halving."""

    def at(factor: float) -> list[float]:
        return [float(max(low, min(high, factor * weight))) for low, high, weight in zip(lower, upper, weights, strict=True)]

    small, large = 0.0, max((high / weight for high, weight in zip(upper, weights, strict=True)), default=0.0)
    for _ in range(200):
        middle = (small + large) / 2
        if math.fsum(at(middle)) < total:
            small = middle
        else:
            large = middle
    return at(large)


def _whole(exact: Sequence[float], upper: Sequence[int], total: int) -> list[int]:
    """Whole numbers of the same total: largest remainder first, ties by order, never above the population."""
    nearest = [round(value) if abs(value - round(value)) < 1e-7 else value for value in exact]
    counts = [math.floor(value) for value in nearest]
    order = sorted(range(len(counts)), key=lambda index: (counts[index] - nearest[index], index))
    while (missing := total - sum(counts)) > 0:
        open_places = [index for index in order if counts[index] < upper[index]]
        for index in open_places[:missing]:
            counts[index] += 1
    return counts
