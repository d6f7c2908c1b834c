"""How many random prescriptions each stratum gets. Exact total, finite populations, no chance in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from records.errors import DesignRefused
from sampling.design import Design


def allocate(
    sizes: Mapping[str, int],
    design: Design,
    capacity: int,
    rates: Mapping[str, float] | None = None,
    wished: Callable[[int], int] | None = None,
    spreads: Mapping[str, float] | None = None,
) -> dict[str, int]:
    """Random rows per stratum; they sum to the capacity, or to the frame when that is smaller.

    ``sizes`` = prescriptions (stays) of each stratum in the frame (> 0); ``rates`` = its mean predicted score,
    absent for equal variances; ``spreads`` = standard deviations where they are known otherwise; ``wished`` = floor by
    size, else the design's. First every stratum gets the design's
    minimum, then all floors are raised to one common level as far as the floors' share of the capacity goes (so the
    smallest are taken whole), then the rest goes by size and expected variance. Raises DesignRefused when the minimum
    alone, or floors that bind, do not fit.
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
    floors = [(wished or design.wished)(size) for size in most]
    if design.floors_bind:
        lower = _binding(least, floors, design, capacity)
    else:
        level = _common_level(least, floors, math.floor(total * design.floor_share))
        lower = [max(low, min(wish, level)) for low, wish in zip(least, floors, strict=True)]
    own = [spreads[code] if spreads is not None else spread((rates or {}).get(code, 0.5), design) for code in codes]
    weights = [size**design.size_power * part for size, part in zip(most, own, strict=True)]
    exact = _fill(lower, most, weights, total)
    return dict(zip(codes, _whole(exact, most, total), strict=True))


def share_out(total: int, sizes: Sequence[int], rates: Sequence[float], design: Design) -> list[int]:
    """Random rows of an institution over its bands of risk: Neyman allocation, each band with its minimum."""
    lower = [min(size, design.band_minimum) for size in sizes]
    weights = [size * spread(rate, design) for size, rate in zip(sizes, rates, strict=True)]
    return _whole(_fill(lower, sizes, weights, total), sizes, total)


def spread(rate: float, design: Design) -> float:
    """Expected standard deviation of a verdict (unreasonable or not) at a predicted rate, kept away from 0."""
    bounded = within(rate, design)
    return math.sqrt(bounded * (1 - bounded))


def within(rate: float, design: Design) -> float:
    """A predicted rate kept away from 0 and 1 by the design's ``least_rate``."""
    return min(max(rate, design.least_rate), 1 - design.least_rate)


def _binding(least: Sequence[int], floors: Sequence[int], design: Design, capacity: int) -> list[int]:
    lower = [max(low, floor) for low, floor in zip(least, floors, strict=True)]
    if sum(lower) > capacity:
        elsewhere = max(0, design.random_capacity - capacity)
        raise DesignRefused(
            f"The floors need {sum(lower)} random reviews and the design leaves them {capacity}: give a capacity of at "
            f"least {design.capacity_for(sum(lower) + elsewhere)}, or floors of at most "
            f"{_common_level(least, floors, capacity)} an institution."
        )
    return lower


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
