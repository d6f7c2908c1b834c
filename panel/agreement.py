"""Agreement of two raters: percent, Cohen's kappa, Gwet's AC1, Krippendorff's alpha (nominal)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """Coefficients over ``pairs`` double ratings; None where nothing can be said (no pair, or no variation)."""

    pairs: int
    percent: float | None
    cohen: float | None
    ac1: float | None
    alpha: float | None


def agreement_of(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Agreement of pairs of ratings. Source: Gwet, Handbook of Inter-Rater Reliability (2014)."""
    n = len(pairs)
    if n == 0:
        return Agreement(0, None, None, None, None)
    names = sorted({name for pair in pairs for name in pair})
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = sum(a == b for a, b in pairs) / n
    cohen = _beyond(observed, sum(first[k] * second[k] for k in names) / n**2)
    share = {k: (first[k] + second[k]) / (2 * n) for k in names}
    chance = sum(p * (1 - p) for p in share.values()) / (len(names) - 1) if len(names) > 1 else None
    ac1 = _beyond(observed, chance) if chance is not None else 1.0
    expected = sum(p * p for p in share.values())
    # Krippendorff corrects the observed part for the finite number of values.
    alpha = _beyond((1 - 1 / (2 * n)) * observed + 1 / (2 * n), expected)
    return Agreement(n, observed, cohen, ac1, alpha)


def _beyond(observed: float, chance: float) -> float | None:
    """Agreement beyond chance; None when chance alone explains everything."""
    return None if chance >= 1 else (observed - chance) / (1 - chance)
