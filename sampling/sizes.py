"""Sample sizes for a wished precision, with the finite-population correction.

Source: variable and attribute sample-size programs of RAT-STATS (US HHS OIG); normal deviates throughout.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist


def deviate(confidence: float) -> float:
    """Two-sided normal deviate of a confidence level (0..1)."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def size_for_mean(sd: float, half_width: float, population: int, confidence: float = 0.9) -> float:
    """Sample size that gives a mean this half-width; not rounded. Unit of sd and half-width: the same."""
    first = (deviate(confidence) * sd / half_width) ** 2
    return first / (1 + first / population)


def size_for_rate(rate: float, half_width: float, population: int, confidence: float = 0.9) -> int:
    """Prescriptions to review for a rate with this half-width, rounded up; at most the population."""
    exact = size_for_mean(math.sqrt(rate * (1 - rate)), half_width, population, confidence)
    return min(population, math.ceil(exact - 1e-9))


def size_table(
    sd: float, mean: float, population: int, precisions: Sequence[float], confidences: Sequence[float]
) -> list[list[int]]:
    """Sample sizes for a mean, a row a precision (half-width as a fraction of the mean), a column a confidence.

    Rounded to the nearest, at least 1, as RAT-STATS prints them.
    """
    return [
        [max(1, round(size_for_mean(sd, mean * precision, population, confidence))) for confidence in confidences]
        for precision in precisions
    ]


def rate_table(rate: float, population: int, half_widths: Sequence[float], confidences: Sequence[float]) -> list[list[int]]:
    """Prescriptions to review for a rate, a row a half-width (a fraction), a column a confidence; rounded up."""
    return [[size_for_rate(rate, width, population, confidence) for confidence in confidences] for width in half_widths]


def error_spread(rate: float, mean: float, sd: float) -> tuple[float, float]:
    """Mean and standard deviation of an error amount that is the whole amount at this rate and else 0."""
    average = rate * mean
    return average, math.sqrt(rate * (sd**2 + mean**2) - average**2)


def neyman_sizes(
    populations: Sequence[int], sds: Sequence[float], half_width_total: float, confidence: float = 0.9
) -> list[int]:
    """Sample size a stratum for a total of this half-width, by Neyman allocation, each rounded up."""
    spread = [count * sd for count, sd in zip(populations, sds, strict=True)]
    within = math.fsum(count * sd**2 for count, sd in zip(populations, sds, strict=True))
    total = math.fsum(spread) ** 2 / ((half_width_total / deviate(confidence)) ** 2 + within)
    return [math.ceil(total * part / math.fsum(spread) - 1e-9) for part in spread]


def stratified_half_width(
    populations: Sequence[int], sds: Sequence[float], samples: Sequence[int], confidence: float = 0.9
) -> float:
    """Half-width of a stratified total with these sample sizes."""
    variance = math.fsum(
        count**2 * sd**2 / size * (1 - size / count) for count, sd, size in zip(populations, sds, samples, strict=True)
    )
    return deviate(confidence) * math.sqrt(variance)
