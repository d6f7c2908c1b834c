"""Agreement of raters: percent, Cohen, Fleiss, Gwet's AC1, Krippendorff's alpha (nominal), with 90 % intervals.

Grain of the input: one row of ratings a case. Intervals: delete-one-case jackknife and the normal distribution, cut at
-1 and 1; deterministic, and exact as it runs over the distinct rows of ratings. Sources: Gwet, Handbook of Inter-Rater
Reliability (2014); Fleiss 1971; Krippendorff, Content Analysis; Efron and Tibshirani, An Introduction to the Bootstrap.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Z90 = 1.6448536269514722
Rows = Mapping[tuple[str, ...], int]


@dataclass(frozen=True)
class Agreement:
    """Coefficients over ``pairs`` cases with two ratings or more; None where nothing can be said (no case, no variation).

    ``intervals`` = low and high of the 90 % interval by coefficient, None where there is none.
    """

    pairs: int
    percent: float | None
    cohen: float | None
    ac1: float | None
    alpha: float | None
    fleiss: float | None = None
    intervals: dict[str, tuple[float, float] | None] = field(default_factory=dict)


def percent_of(rows: Rows) -> float | None:
    """Share of pairs of ratings on a case that agree, averaged over cases; with two raters the usual percent."""
    total = sum(rows.values())
    return None if not total else sum(times * _agreeing(row) for row, times in rows.items()) / total


def cohen_of(rows: Rows) -> float | None:
    """Cohen's kappa of the first two raters of each case, in their order."""
    total = sum(rows.values())
    if not total:
        return None
    first, second = Counter[str](), Counter[str]()
    for row, times in rows.items():
        first[row[0]] += times
        second[row[1]] += times
    observed = sum(times for row, times in rows.items() if row[0] == row[1]) / total
    return _beyond(observed, sum(first[name] * second[name] for name in first) / total**2)


def fleiss_of(rows: Rows) -> float | None:
    """Fleiss' kappa: chance from the shares of all ratings; also for cases with unlike numbers of raters."""
    observed = percent_of(rows)
    return None if observed is None else _beyond(observed, sum(share * share for share in _shares(rows).values()))


def ac1_of(rows: Rows) -> float | None:
    """Gwet's AC1: chance that does not grow when nearly all ratings are alike; 1 where only one name occurs."""
    observed, shares = percent_of(rows), _shares(rows)
    if observed is None:
        return None
    if len(shares) < 2:
        return 1.0
    return _beyond(observed, sum(share * (1 - share) for share in shares.values()) / (len(shares) - 1))


def alpha_of(rows: Rows) -> float | None:
    """Krippendorff's alpha for names, with its correction for few ratings."""
    ratings = Counter[str]()
    for row, times in rows.items():
        for name in row:
            ratings[name] += times
    n = sum(ratings.values())
    if not n:
        return None
    observed = sum(times * len(row) * (1 - _agreeing(row)) for row, times in rows.items()) / n
    expected = sum(count * (n - count) for count in ratings.values()) / (n * (n - 1))
    return None if expected <= 0 else 1 - observed / expected


COEFFICIENTS: dict[str, Callable[[Rows], float | None]] = {
    "percent": percent_of,
    "cohen": cohen_of,
    "ac1": ac1_of,
    "alpha": alpha_of,
    "fleiss": fleiss_of,
}


def _agreeing(row: Sequence[str]) -> float:
    """Share of the ordered pairs of one case's ratings that agree."""
    size = len(row)
    return sum(count * (count - 1) for count in Counter(row).values()) / (size * (size - 1))


def _shares(rows: Rows) -> dict[str, float]:
    """Share of each name, every case counting the same."""
    total = sum(rows.values())
    shares: dict[str, float] = {}
    for row, times in sorted(rows.items()):
        for name in row:
            shares[name] = shares.get(name, 0.0) + times / (len(row) * total)
    return shares


def _beyond(observed: float, chance: float) -> float | None:
    """Agreement beyond chance; None when chance alone explains everything."""
    return None if chance >= 1 - 1e-12 else (observed - chance) / (1 - chance)


def interval_of(rows: Rows, measure: Callable[[Rows], float | None]) -> tuple[float, float] | None:
    """The 90 % interval of a coefficient; None below two cases, or where it cannot be computed without one of them."""
    n, whole = sum(rows.values()), measure(rows)
    if n < 2 or whole is None:
        return None
    left_out = []
    for row, times in sorted(rows.items()):
        value = measure({other: count - (other == row) for other, count in rows.items() if count - (other == row)})
        if value is None:
            return None
        left_out.append((value, times))
    mean = sum(value * times for value, times in left_out) / n
    variance = (n - 1) / n * sum(times * (value - mean) ** 2 for value, times in left_out)
    half = Z90 * math.sqrt(variance)
    return max(-1.0, whole - half), min(1.0, whole + half)


def agreement_of(ratings: Sequence[Sequence[str]]) -> Agreement:
    """Agreement of the ratings of cases, two or more a case; cases with fewer say nothing and are left out."""
    rows = Counter(tuple(row) for row in ratings if len(row) > 1)
    values = {name: measure(rows) for name, measure in COEFFICIENTS.items()}
    intervals = {name: interval_of(rows, measure) for name, measure in COEFFICIENTS.items()}
    return Agreement(pairs=sum(rows.values()), intervals=intervals, **values)


def of_name(ratings: Sequence[Sequence[str]], name: str) -> Agreement:
    """Agreement on whether it is this name or another."""
    return agreement_of([[str(int(rating == name)) for rating in row] for row in ratings])


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """Wilson's 90 % interval of a share; None of nothing. Source: Wilson 1927."""
    if not of:
        return None
    share, z2 = hits / of, Z90 * Z90
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z90 / (1 + z2 / of) * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, middle - half), min(1.0, middle + half)
