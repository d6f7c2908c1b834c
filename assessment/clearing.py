"""The annual clearing of outpatient pools: control total, shared overspend, points, each institution's part.

Source: Lishui, Li yi bao fa [2020] 93. One clearing a pool: area, employee or resident insurance, ordinary or
special-disease care. All money is whole fen until it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from assessment.money import apportion, half_up, yuan
from assessment.scheme import Scheme
from panel.exports import MARK, mark_of
from records.errors import WrongUse
from records.folders import folder_in_place, listed
from records.output import sha256, write_csv, write_json

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Pool:
    """A pool of one year: what was set at its opening, in fen; ``ratio`` = the institutions' share."""

    key: Key
    control: int
    adjustment: int
    elsewhere: int
    ratio: Fraction


@dataclass(frozen=True)
class Part:
    """One institution in one pool: fund spending, of it special fees, prepaid, deducted (fen); persons treated."""

    key: Key
    code: str
    spending: int
    special: int
    prepaid: int
    deducted: int
    persons: int


@dataclass(frozen=True)
class ClearedPart:
    """An institution's clearing; ``clearing`` may be negative: then it pays back."""

    part: Part
    points: Fraction
    share: int
    clearing: int


@dataclass(frozen=True)
class ClearedPool:
    """A pool's clearing under both readings of the ratio; ``total`` is the one that the scheme names."""

    pool: Pool
    spending: int
    special: int
    total: int
    total_fund_share: int
    total_literal: int
    points: int
    parts: tuple[ClearedPart, ...]


@dataclass(frozen=True)
class ClearingInput:
    """Pools and parts of one year."""

    year: int
    pools: tuple[Pool, ...]
    parts: tuple[Part, ...]


def settle_pool(pool: Pool, parts: Sequence[Part], reading: str, scope: str) -> ClearedPool:
    """Clear one pool; what institutions receive sums to the pool's total exactly.

    Difference = spending - control. ``fund_share``: the institutions bear (keep) ``ratio`` of it, so the fund adds
    (1 - ratio) x difference; ``literal``: ratio x difference as printed. They agree at one half.
    """
    spending, special = sum(part.spending for part in parts), sum(part.special for part in parts)
    held = spending - (special if scope == "without_special" else 0)
    difference = held - pool.control
    base = pool.control + pool.adjustment - pool.elsewhere - special
    by_fund = base + half_up((1 - pool.ratio) * difference)
    literal = base + half_up(pool.ratio * difference)
    total = by_fund if reading == "fund_share" else literal
    weights = [max(0, part.spending - part.special) for part in parts]
    shares = apportion(total, weights)
    points = 100 * sum(part.persons for part in parts)
    whole = sum(weights)
    cleared = tuple(
        ClearedPart(
            part,
            Fraction(points * weight, whole) if whole else Fraction(0),
            share,
            share + part.special - part.prepaid - part.deducted,
        )
        for part, weight, share in zip(parts, weights, shares, strict=True)
    )
    return ClearedPool(pool, spending, special, total, by_fund, literal, points, cleared)


def kept_surplus(surplus: int, packaged: int, scheme: Scheme) -> int:
    """What a consortium keeps of a surplus (fen), by tiers of the packaged total; the rest is carried over.

    Source: Qujing, Qu zheng ban fa [2022] 65, (5)3.
    """
    if surplus <= 0 or packaged <= 0:
        return 0
    kept, below = Fraction(0), Fraction(0)
    for up_to, share in scheme.clearing.tiers:
        piece = min(Fraction(surplus), up_to * packaged) - below * packaged
        if piece > 0:
            kept += piece * share
        below = up_to
    return half_up(kept)


def settle(data: ClearingInput, scheme: Scheme) -> list[ClearedPool]:
    """Clear every pool, by key. Raises WrongUse for an institution in a pool that was never opened."""
    pools = {pool.key: pool for pool in data.pools}
    grouped: dict[Key, list[Part]] = {key: [] for key in pools}
    for part in sorted(data.parts, key=lambda part: (part.key, part.code)):
        if part.key not in grouped:
            raise WrongUse(f"clearing_pool has no pool {' '.join(part.key)} for {data.year}, but {part.code} is in it: add it.")
        grouped[part.key].append(part)
    terms = scheme.clearing
    return [
        settle_pool(pools[key], parts, terms.share_reading, terms.spending_scope)
        for key, parts in sorted(grouped.items())
        if parts
    ]


def write_clearing(data: ClearingInput, scheme: Scheme, out: Path, recipient: str) -> list[str]:
    """Write clearing_pools.csv, clearing_institutions.csv and manifest.json into ``out``, beside and renamed.

    All carry the mark of ``recipient``. Raises WrongUse without one, and where ``out`` has other files.
    """
    import pandas as pd

    cleared, mark = settle(data, scheme), mark_of(recipient, str(data.year))
    pools = [
        (*c.pool.key, *map(yuan, (c.pool.control, c.pool.adjustment, c.pool.elsewhere, c.spending, c.special)),
         float(c.pool.ratio), *map(yuan, (c.total, c.total_fund_share, c.total_literal,
         c.total_literal - c.total_fund_share)), c.points, scheme.clearing.share_reading, scheme.clearing.clause)
        for c in cleared
    ]  # fmt: skip
    names = ["admdvs", "insutype", "opt_pool", "control_total", "adjustment", "elsewhere_amt", "fund_spending",
             "special_fees", "share_ratio", "clearing_total", "total_fund_share", "total_literal", "reading_difference",
             "points", "share_reading", "clause"]  # fmt: skip
    tables = {"clearing_pools": pd.DataFrame(pools, columns=names)}
    parts = [
        (p.part.code, *c.pool.key, p.part.persons, f"{float(p.points):.4f}",
         *map(yuan, (p.part.spending, p.part.special, p.share, p.part.prepaid, p.part.deducted, p.clearing)), scheme.version)
        for c in cleared for p in c.parts
    ]  # fmt: skip
    names = ["fixmedins_code", "admdvs", "insutype", "opt_pool", "persons", "points", "fund_spending", "special_fees",
             "share_of_total", "prepaid", "deducted", "clearing", "scheme_version"]  # fmt: skip
    tables["clearing_institutions"] = pd.DataFrame(parts, columns=names).sort_values(names[:4], ignore_index=True)
    with folder_in_place(out, listed(out)) as draft:
        for name, frame in tables.items():
            write_csv(frame.assign(**{MARK: mark}), draft / f"{name}.csv")
        files = {path.name: sha256(path) for path in sorted(draft.iterdir())}
        write_json(draft / "manifest.json", {"year": data.year, "scheme": scheme.version, MARK: mark, "files": files})
    return sorted([*files, "manifest.json"])
