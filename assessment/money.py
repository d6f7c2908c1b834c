"""Money as whole fen, and sums shared out so that the parts add up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any


def fen(yuan: Any) -> int:
    """Yuan (Decimal, int, text or float of two decimals) as whole fen, half up; missing counts as 0."""
    if yuan is None or yuan != yuan:
        return 0
    return int((Decimal(str(yuan)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def yuan(amount: int | None) -> Decimal | None:
    """Whole fen as yuan with two decimals; None stays None."""
    return None if amount is None else Decimal(amount).scaleb(-2)


def half_up(value: Fraction | int) -> int:
    """Nearest whole number, halves away from zero."""
    exact = Fraction(value)
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return whole if exact >= 0 else -whole


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Share a whole amount out by weights; the parts sum to it exactly.

    Largest remainder first, ties by order. A negative total is shared like its opposite. All weights 0 gives
    all to the first. Source: Hamilton's method.
    """
    if not weights:
        return []
    if total < 0:
        return [-part for part in apportion(-total, weights)]
    whole = sum(weights)
    if whole == 0:
        return [total, *[0] * (len(weights) - 1)]
    parts = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index))
    for index in order[: total - sum(parts)]:
        parts[index] += 1
    return parts
