"""Strata as an estimate sees them: what the frame holds, what was judged of it, prescription by prescription or by stay."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from assessment.estimators import Interval, ratio_variance
from assessment.inputs import QuarterInput
from sampling.sizes import deviate

if TYPE_CHECKING:
    import pandas as pd

#: A stratum within a quarter.
Key = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """What the frame holds of a stratum: prescriptions, units that are drawn (stays on wards, else the same number).

    ``prob`` = probability of the institution's own turn, where institutions are drawn first; ``follows`` = this turn
    is that of an earlier quarter over again (designs that keep whom they drew).
    """

    rows: int
    units: int
    prob: float = 1.0
    follows: bool = False

    @property
    def by_stay(self) -> bool:
        """Whole stays are drawn."""
        return self.units < self.rows


@dataclass
class Judged:
    """A cell with the units judged: of each the sum of a value over its judged prescriptions, and their number."""

    cell: Cell
    units: list[tuple[float, int]] = field(default_factory=list)


def cells_of(part: QuarterInput) -> dict[str, dict[Key, Cell]]:
    """Cells by institution. A frame that says nothing of strata has one an institution."""
    frame = part.frame
    codes = frame["fixmedins_code"].astype(str)
    strata = frame["stratum"].astype(str) if "stratum" in frame else codes
    grouped = frame.assign(code=codes, cell=strata).groupby(["code", "cell"], sort=True)
    rows = grouped.size()
    units = grouped["unit"].nunique() if "unit" in frame else rows
    probs = grouped["institution_prob"].first() if "institution_prob" in frame else None
    chances = grouped["institution_chance"].first() if probs is not None and "institution_chance" in frame else None
    found: dict[str, dict[Key, Cell]] = {}
    keys: list[tuple[str, str]] = [(str(code), str(stratum)) for code, stratum in rows.index]
    for (code, stratum), count in zip(keys, rows, strict=True):
        prob = 1.0 if probs is None else float(probs[code, stratum])
        follows = chances is not None and prob < 1 <= float(chances[code, stratum])
        found.setdefault(code, {})[part.quarter, stratum] = Cell(int(count), int(units[code, stratum]), prob, follows)
    return found


def units_of(part: QuarterInput) -> dict[str, str]:
    """The stay of each sampled prescription that was drawn by stay; empty for other designs."""
    if "unit" not in part.frame:
        return {}
    drawn: pd.DataFrame = part.frame[part.frame["rxno"].isin(part.sample["rxno"])]
    pairs = zip(drawn["rxno"].astype(str), drawn["unit"].astype(str), strict=True)
    return {rxno: unit for rxno, unit in pairs if rxno != unit}


def joined(parts: Sequence[Mapping[Key, Judged]]) -> dict[Key, Judged]:
    """Cells of several institutions, those of a shared stratum put together, in order."""
    found: dict[Key, Judged] = {}
    for part in parts:
        for key, judged in part.items():
            other = found.get(key)
            if other is None:
                found[key] = Judged(judged.cell, list(judged.units))
                continue
            rows, units = other.cell.rows + judged.cell.rows, other.cell.units + judged.cell.units
            found[key] = Judged(replace(judged.cell, rows=rows, units=units), other.units + judged.units)
    return dict(sorted(found.items()))


def is_simple(cells: Mapping[Key, Judged]) -> bool:
    """No stays and no institutions were drawn: stratified simple random samples of prescriptions."""
    return not any(judged.cell.by_stay or judged.cell.prob < 1 for judged in cells.values())


def weighted_mean(cells: Mapping[Key, Judged], confidence: float, most: float) -> Interval:
    """Mean a prescription over all cells when institutions or stays were drawn, by their weights.

    The limits come from ``mean_and_variance``: Student's with one degree less than the institutions that had their
    turn, as a linearised variance of few of them is rather small; normal where all were certain. Cells of which
    nothing was judged are left out.
    """
    from scipy.stats import t

    used = {key: judged for key, judged in cells.items() if judged.units and judged.cell.prob > 0}
    if not used:
        return Interval(None, None, None, "none")
    turns = turns_of(used)
    mean, variance = mean_and_variance(list(used.values()), turns)
    had_turn = len({turn for turn, judged in zip(turns, used.values(), strict=True) if judged.cell.prob < 1})
    quantile = float(t.ppf((1 + confidence) / 2, max(1, had_turn - 1))) if had_turn else deviate(confidence)
    width = quantile * math.sqrt(variance)
    method = "two_stage_t" if had_turn else "stays_normal"
    return Interval(mean, max(0.0, mean - width), min(most, mean + width), method)


def turns_of(cells: Mapping[Key, Judged]) -> list[Key]:
    """Whose turn each cell's draw rests on: quarter and institution, without the quarter where a turn follows another.

    Bands and wards of an institution have its turn together, and so have the quarters through which it is kept.
    """
    places = [stratum.partition("/")[0] for _, stratum in cells]
    kept = {place for place, judged in zip(places, cells.values(), strict=True) if judged.cell.follows}
    return [("" if place in kept else quarter, place) for place, (quarter, _) in zip(places, cells, strict=True)]


def mean_and_variance(used: Sequence[Judged], turns: Sequence[Key]) -> tuple[float, float]:
    """Weighted mean a prescription and its linearised variance. An institution's turn adds (1 - p) / p^2 of the
    square of its total of residuals over all its cells, what is within a cell 1 / p of its variance. ``turns``: of
    each cell, whose turn it rests on.

    Source: two-stage sampling with independent turns, Särndal, Swensson and Wretman 4.3 and 5.7.
    """
    weights = [judged.cell.units / len(judged.units) / judged.cell.prob for judged in used]
    size = math.fsum(w * sum(m for _, m in judged.units) for w, judged in zip(weights, used, strict=True))
    mean = math.fsum(w * math.fsum(y for y, _ in judged.units) for w, judged in zip(weights, used, strict=True)) / size
    variance = 0.0
    totals: dict[tuple[Key, float], float] = {}
    for turn, judged in zip(turns, used, strict=True):
        prob, units = judged.cell.prob, judged.cell.units
        rest = [y - mean * m for y, m in judged.units]
        totals[turn, prob] = totals.get((turn, prob), 0.0) + units * math.fsum(rest) / len(rest)
        variance += ratio_variance(units, rest) / prob
    variance += math.fsum((1 - prob) / prob**2 * total**2 for (_, prob), total in totals.items())
    return mean, variance / size**2
