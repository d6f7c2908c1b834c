"""The first stage: which institutions of the rotated classes have their turn, and with what probability."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sampling.design import Design
from sampling.numbers import permanent_numbers


@dataclass(frozen=True)
class Turn:
    """An institution's place in the first stage.

    ``prob`` = probability over all seeds of the cycle, which is what estimates are weighted by; ``chance`` = that of
    this quarter's number given the quarters before; ``first`` = the chance of one not drawn before, kept for the
    quarters after.
    """

    prob: float
    chance: float
    first: float


@dataclass(frozen=True)
class Before:
    """What became of an institution in an earlier quarter: its chance if not yet drawn, the draw, and its probability
    over all seeds (``Turn.prob``), which the first quarter of the next cycle rests on.
    """

    first: float
    drawn: bool
    prob: float = 1.0


@dataclass(frozen=True)
class Rotation:
    """Where a quarter stands in its cycle: ``position`` from 0, and the earlier quarters of the cycle that were drawn.

    ``last`` = the quarter just before, where a cycle begins: it belongs to the cycle that is over. An institution is
    missing in a quarter in which it had no prescription.
    """

    position: int = 0
    earlier: tuple[Mapping[str, Before], ...] = ()
    last: Mapping[str, Before] = field(default_factory=dict)


def turns(codes: Iterable[str], design: Design, rotation: Rotation) -> dict[str, Turn]:
    """The turn of every institution named. Probabilities depend only on when it was in the frame, so they are known.

    Source: rotation sampling with a sequential draw; each rule's product of chances is worked out in the comments.
    """
    return {
        code: _joined(
            _turn([part[code] for part in rotation.earlier if code in part], design, rotation), code, design, rotation
        )
        for code in codes
    }


def _joined(turn: Turn, code: str, design: Design, rotation: Rotation) -> Turn:
    """The first turn of a cycle, co-ordinated with the last of the cycle before; its probability stays what it was.

    With p the probability of the quarter before and q that of this one, whoever was drawn is drawn again with the
    smallest (avoid: max(0, p + q - 1) / p) or the largest (keep: min(p, q) / p) chance that leaves q as it is, and
    whoever was not gets the rest: p x chance + (1 - p) x rest = q.
    Source: co-ordination of samples over time, Fréchet's bounds of a joint probability.
    """
    before = rotation.last.get(code)
    if before is None or rotation.position != 0 or design.overlap == "free":
        return turn
    p, q = before.prob, turn.prob
    both = max(0.0, p + q - 1) if design.overlap == "avoid" else min(p, q)
    # Where p says that what happened cannot happen, there is nothing to co-ordinate with.
    share = p if before.drawn else 1 - p
    if share <= 0:
        return turn
    chance = (both if before.drawn else q - both) / share
    return replace(turn, chance=min(1.0, max(0.0, chance)))


def _turn(before: list[Before], design: Design, rotation: Rotation) -> Turn:
    last = rotation.position == design.every - 1
    share = 1 / design.every
    untouched = math.prod(1 - part.first for part in before)
    drawn = any(part.drawn for part in before)
    must = last and design.yearly
    if design.overlap == "avoid":
        # Not drawn in any earlier quarter, then one of those left: with every quarter in the frame, 1 / every.
        first = 1 / (design.every - rotation.position)
        return Turn(untouched * first, 0.0 if drawn else first, first)
    if design.overlap == "keep":
        if must:
            return Turn(1.0, 1.0, 1.0)
        # Whoever was drawn stays, whoever was there and was not stays out, a newcomer is drawn afresh.
        if before:
            return Turn(1 - untouched, float(drawn), 0.0)
        return Turn(share, share, share)
    # Each quarter for itself; in the last one whoever was never drawn is certain.
    if must:
        return Turn(untouched + (1 - untouched) * share, share if drawn else 1.0, 1.0)
    return Turn(share, share, share)


def drawn_institutions(given: Mapping[str, Turn], seed: str) -> set[str]:
    """Institutions whose permanent number, HMAC-SHA256(seed, "institution:" + code) / 2^64, lies below their chance."""
    codes = sorted(given)
    numbers = permanent_numbers(seed, "institution", codes)
    pairs = zip(codes, numbers.tolist(), strict=True)
    return {code for code, number in pairs if number / 2.0**64 < given[code].chance or given[code].chance >= 1}
