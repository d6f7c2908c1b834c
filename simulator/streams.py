"""Random streams: one of its own for each purpose, quarter and block, so that asking more of one changes no other."""

from __future__ import annotations

from typing import Any

import numpy as np

from records.periods import Quarter

# Purposes. A number once given is never given to another, or two draws would be alike.
PLACES, PRACTITIONERS, PEOPLE, GROUPS, SYSTEMS, RENEWALS = 1, 2, 3, 4, 5, 6
VISITS, WRITING, KINDS, SCHEMES, BILLS, REFUNDS, TRACES, FAULTS, EPIDEMIC = 10, 11, 12, 13, 14, 15, 16, 17, 18
DISPENSING = 19
PANEL, FINDINGS, CLUES, REPORTS, EXPERTS = 30, 31, 32, 33, 900


def stream(seed: int, purpose: int, *numbers: int) -> np.random.Generator:
    """The generator of a purpose; ``numbers``: the quarter's index and the block, where it has them."""
    return np.random.default_rng([seed, purpose, *numbers])


def index_of(quarter: Quarter) -> int:
    """A number for a quarter, rising by one from quarter to quarter."""
    return quarter.year * 4 + quarter.number


def pick(rng: np.random.Generator, shares: dict[str, float], size: int) -> np.ndarray[Any, Any]:
    """Positions in ``shares`` (which add up to 1), drawn with its probabilities."""
    steps = np.cumsum(list(shares.values()))
    return np.searchsorted(steps[:-1], rng.random(size), side="right")


def plain_rows(frame: Any) -> list[Any]:
    """The rows of a frame as plain tuples: reading one row by row costs ten times as much."""
    return list(frame.itertuples(index=False))
