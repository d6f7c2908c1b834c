"""What is usually written for a disease: drugs and days, before anything goes wrong."""

from __future__ import annotations

import numpy as np

from simulator.catalogue import Array, catalogue

_USUAL = 8
#: Days of an injection that comes singly.
SHORT = 3


def usual_lines(disease: Array, days: Array, cost: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Drugs and days of each visit (visits x 9, filled from the left, -1 = none).

    One to three of the usual drugs; costly prescribers reach more often for the second choices; decoctions have
    six to eight pieces. What is usual never doubles a pharmacological class.
    """
    drug, size = catalogue(), len(disease)
    listed = drug.usual[disease][:, :_USUAL]
    order = np.argsort(np.where(listed >= 0, rng.random(listed.shape), 2.0), axis=1)
    shuffled = np.take_along_axis(listed, order, axis=1)
    pieces = drug.piece[listed[:, 0]]
    number = 1 + (rng.random(size) < 0.56) + (rng.random(size) < 0.22)
    number = np.where(pieces, rng.integers(6, 9, size), number)
    drugs = np.where(np.arange(_USUAL) < number[:, None], shuffled, -1)
    count = drug.count_sometimes[disease]
    wanted = (rng.random(size) < 0.25 + 0.06 * cost) & (count > 0) & ~pieces
    at = (rng.random(size) * np.maximum(count, 1)).astype(int)
    extra = np.where(wanted, drug.sometimes[disease, at], -1)
    return settle(np.column_stack([drugs, extra]), days)


def settle(drugs: Array, days: Array) -> tuple[Array, Array]:
    """Drop the second drug of a class and move lines to the left; single injections are for three days."""
    drug = catalogue()
    group = np.where(drugs >= 0, drug.group[drugs], -1)
    for later in range(1, min(drugs.shape[1], 12)):
        doubled = (group[:, :later] == group[:, later : later + 1]).any(axis=1) & (group[:, later] >= 0)
        doubled &= ~drug.piece[np.maximum(drugs[:, later], 0)]
        drugs[doubled, later] = group[doubled, later] = -1
    drugs = left(drugs)
    single = drug.injection[drugs] & (drug.pack[drugs] == 1)
    return drugs, np.where(single, np.minimum(SHORT, days[:, None]), days[:, None])


def left(drugs: Array) -> Array:
    """Move what is not -1 to the left, keeping its order."""
    order = np.argsort(drugs < 0, axis=1, kind="stable")
    return np.take_along_axis(drugs, order, axis=1).astype(np.int16)


def within_rights(drugs: Array, days: Array, tier: Array, narcotic: Array) -> tuple[Array, Array]:
    """Leave out what the prescriber has no right to (antibacterial tier, narcotics); where nothing is left, amoxicillin."""
    drug = catalogue()
    beyond = (drugs >= 0) & ((drug.tier[drugs] > tier[:, None]) | (drug.narcotic[drugs] & ~narcotic[:, None]))
    if not beyond.any():
        return drugs, days
    kept = np.where(beyond, -1, drugs)
    order = np.argsort(kept < 0, axis=1, kind="stable")
    kept, days = np.take_along_axis(kept, order, axis=1), np.take_along_axis(days, order, axis=1)
    kept[kept[:, 0] < 0, 0] = drug.row["阿莫西林胶囊"]
    return kept, days
