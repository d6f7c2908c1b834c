"""Rates and totals of a finite population from simple random samples, one or several strata.

Source: RAT-STATS (US HHS OIG) for one stratum and for large strata; Lohr, Sampling, for stratified means;
Korn and Graubard 1998 for small stratified proportions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sampling.intervals import hypergeometric_limits
from sampling.sizes import deviate

#: From these numbers on a normal interval of a stratified rate is trusted.
LARGE_SAMPLE, LARGE_COUNT = 30, 5


@dataclass(frozen=True)
class Interval:
    """An estimate with two-sided limits; ``low`` and ``high`` None = no limits can be given."""

    point: float | None
    low: float | None
    high: float | None
    method: str


NOTHING = Interval(None, None, None, "none")


@dataclass(frozen=True)
class Stratum:
    """A stratum: ``population`` prescriptions, of which ``sample`` were judged and ``found`` were hits.

    Where whole stays were drawn ``stays`` = how many of them were judged, and ``variance`` = that of the rate.
    """

    population: int
    sample: int
    found: int
    stays: int | None = None
    variance: float | None = None


def rate(strata: Sequence[Stratum], confidence: float = 0.9) -> Interval:
    """Rate over all strata, a fraction, weighted by their populations. Strata without a sample are left out.

    One stratum: exact hypergeometric. Several, or stays: normal when every one is large (30 judged, 5 hits, 5 others),
    else limits of Korn and Graubard. ``census`` when all was judged.
    """
    used = [stratum for stratum in strata if stratum.sample > 0]
    if not used:
        return NOTHING
    total = sum(stratum.population for stratum in used)
    point = math.fsum(stratum.population * stratum.found / stratum.sample for stratum in used) / total
    if all(stratum.sample == stratum.population for stratum in used):
        return Interval(point, point, point, "census")
    if len(used) == 1 and used[0].stays is None:
        (only,) = used
        low, high = hypergeometric_limits(only.population, only.sample, only.found, confidence)
        return Interval(point, low / total, high / total, "hypergeometric_exact")
    variance = math.fsum(_rate_variance(stratum, point) * stratum.population**2 for stratum in used) / total**2
    if all(_large(stratum) for stratum in used):
        width = deviate(confidence) * math.sqrt(variance)
        return Interval(point, max(0.0, point - width), min(1.0, point + width), "stratified_normal")
    return _korn_graubard(point, variance, sum(_units(stratum) for stratum in used), confidence)


def _units(stratum: Stratum) -> int:
    return stratum.sample if stratum.stays is None else stratum.stays


def _rate_variance(stratum: Stratum, overall: float) -> float:
    """Variance of a stratum's rate; a stratum with one judged row takes the spread of the whole."""
    if stratum.variance is not None:
        return stratum.variance
    rest = (stratum.population - stratum.sample) / stratum.population
    if stratum.sample == 1:
        return rest * overall * (1 - overall)
    own = stratum.found / stratum.sample
    return rest * own * (1 - own) / (stratum.sample - 1)


def _large(stratum: Stratum) -> bool:
    others = stratum.sample - stratum.found
    return _units(stratum) >= LARGE_SAMPLE and min(stratum.found, others) >= LARGE_COUNT


def _korn_graubard(point: float, variance: float, sample: int, confidence: float) -> Interval:
    """Clopper-Pearson limits at the effective sample size, which is never taken above the real one."""
    from scipy.stats import beta

    effective = min(point * (1 - point) / variance, sample) if variance > 0 else float(sample)
    hits, tail = point * effective, (1 - confidence) / 2
    low = 0.0 if point <= 0 else float(beta.ppf(tail, hits, effective - hits + 1))
    high = 1.0 if point >= 1 else float(beta.ppf(1 - tail, hits + 1, effective - hits))
    return Interval(point, low, high, "korn_graubard")


def ratio_variance(population: int, rest: Sequence[float]) -> float:
    """Variance of the total of residuals over ``population`` units of which these were drawn, with fpc.

    One unit of several: its own residual is taken for the spread, which is rather too much than too little.
    """
    size = len(rest)
    if size == population:
        return 0.0
    if size == 1:
        return population * (population - 1) * rest[0] ** 2
    mean = math.fsum(rest) / size
    return population * (population - size) / size * math.fsum((value - mean) ** 2 for value in rest) / (size - 1)


def stratum_of_stays(population: int, stays: int, judged: Sequence[tuple[float, int]]) -> Stratum:
    """A stratum of which whole stays were drawn: hits and prescriptions judged of each.

    The rate is the ratio of the two sums; its variance is that between stays. Of a single stay it is taken as if all
    its prescriptions were one. Source: ratio estimator of clusters of unlike size, Lohr 5.2.
    """
    hits, size = sum(int(hit) for hit, _ in judged), sum(count for _, count in judged)
    if not judged:
        return Stratum(population, 0, 0, 0, 0.0)
    rate = hits / size
    if len(judged) == 1 < stays:
        variance = rate * (1 - rate) * (1 - 1 / stays)
    else:
        rest = [hit - rate * count for hit, count in judged]
        variance = ratio_variance(stays, rest) / (stays * size / len(judged)) ** 2
    return Stratum(population, size, hits, len(judged), variance)


def mean_and_error(population: int, values: Sequence[float]) -> tuple[float, float | None]:
    """Mean of a simple random sample and its standard error with fpc; None with one of several rows."""
    size = len(values)
    mean = math.fsum(values) / size
    if size == population:
        return mean, 0.0
    if size == 1:
        return mean, None
    spread = math.fsum((value - mean) ** 2 for value in values) / (size - 1)
    return mean, math.sqrt(spread * (population - size) / (population * size))


def total(strata: Sequence[tuple[int, Sequence[float]]], confidence: float = 0.9) -> Interval:
    """Total over all strata, (population, values judged) each; in the unit of the values.

    One stratum: Student's t with n - 1; several: the normal deviate. Strata without a sample are left out. No
    limits where a stratum has one row of several.
    """
    from scipy.stats import t

    used = [(population, values) for population, values in strata if values]
    if not used:
        return NOTHING
    parts = [(population, *mean_and_error(population, values)) for population, values in used]
    point = math.fsum(population * mean for population, mean, _ in parts)
    squares = [(population * error) ** 2 for population, _, error in parts if error is not None]
    if len(squares) < len(parts):
        return Interval(point, None, None, "single_row")
    error = math.sqrt(math.fsum(squares))
    if len(used) > 1:
        width = deviate(confidence) * error
        return Interval(point, point - width, point + width, "stratified_normal")
    width = float(t.ppf((1 + confidence) / 2, len(used[0][1]) - 1)) * error if error else 0.0
    return Interval(point, point - width, point + width, "simple_random_t")


def stratified_mean(strata: Sequence[tuple[int, Sequence[float]]]) -> tuple[float, float]:
    """Mean over all strata and its standard error with fpc. Grain: one figure for the population.

    Strata with one row of several are put together into one, as no spread can be seen within them; a single one
    left over takes its distance from the overall mean as its spread. Source: collapsed strata, Lohr.
    """
    used = [(population, list(values)) for population, values in strata if values]
    count = sum(population for population, _ in used)
    mean = math.fsum(population * math.fsum(values) / len(values) for population, values in used) / count
    lonely = [(population, values) for population, values in used if len(values) == 1 < population]
    squares = [
        (population * (mean_and_error(population, values)[1] or 0.0)) ** 2
        for population, values in used
        if not len(values) == 1 < population
    ]
    if len(lonely) == 1:
        population, (value,) = lonely[0]
        squares.append(population * (population - 1) * (value - mean) ** 2)
    elif lonely:
        together = sum(population for population, _ in lonely)
        error = mean_and_error(together, [value for _, values in lonely for value in values])[1]
        squares.append((together * (error or 0.0)) ** 2)
    return mean, math.sqrt(math.fsum(squares)) / count
