"""Exact limits of a count in a finite population from a simple random sample.

Source: exact two-sided hypergeometric limits as RAT-STATS of the US HHS OIG computes them (attribute
appraisals): the limits are the smallest and largest number in the population under which a sample as far
off as the one seen still has a chance above the tail, (1 - confidence) / 2 on each side.
"""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=65_536)
def hypergeometric_limits(population: int, sample: int, found: int, confidence: float = 0.9) -> tuple[int, int]:
    """Lower and upper limit of the number in the population; whole prescriptions.

    Needs 0 <= found <= sample <= population and sample >= 1; raises ValueError otherwise.
    """
    from scipy.stats import hypergeom

    if not 0 <= found <= sample <= population or sample < 1:
        raise ValueError(f"no sample: {found} of {sample} of {population}")
    # A chance that equals the tail does not exceed it; binary fractions must not decide (1 - 0.9 is not 0.1).
    tail = (1 - confidence) / 2 + 1e-12

    def too_few(count: int) -> bool:
        return bool(hypergeom.sf(found - 1, population, count, sample) <= tail)

    def still_possible(count: int) -> bool:
        return bool(hypergeom.cdf(found, population, count, sample) > tail)

    least, most = found, population - (sample - found)
    low, high = least, most
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if too_few(middle) else (low, middle)
    lower, low, high = low, least, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if still_possible(middle) else (low, middle - 1)
    return lower, low
