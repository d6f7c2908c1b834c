"""Before a draw: what the capacity gives each institution, and what a wished width would need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from records.errors import DesignRefused
from sampling.design import Design
from sampling.intervals import hypergeometric_limits
from sampling.probabilities import Prepared, prepare
from sampling.rotation import Rotation
from sampling.sizes import deviate, size_for_rate

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["fixmedins_code", "n_frame", "n_random", "half_width", "n_wanted"]


@dataclass(frozen=True)
class Wish:
    """What is asked of a plan: the rate assumed (a fraction), the half-width wished for, the confidence."""

    rate: float = 0.15
    half_width: float = 0.05
    confidence: float = 0.9


def expected_half_width(population: int, sample: int, rate: float, confidence: float = 0.9) -> float:
    """Half the width of the exact interval of a rate, when the sample shows the assumed rate.

    Between two whole numbers of unreasonable prescriptions the width is taken in proportion.
    """
    below = min(int(sample * rate), sample - 1)
    part = sample * rate - below
    widths = []
    for found in (below, below + 1):
        lower, upper = hypergeometric_limits(population, sample, found, confidence)
        widths.append((upper - lower) / population / 2)
    return widths[0] * (1 - part) + widths[1] * part


def stratified_rate_width(strata: Sequence[tuple[int, int, float]], confidence: float = 0.9) -> float:
    """Expected half-width of a rate over strata (population, sample, rate), normal approximation; at most 0.5."""
    total = sum(population for population, _, _ in strata)
    variance = math.fsum(
        (population / total) ** 2 * rate * (1 - rate) / sample * (population - sample) / max(1, population - 1)
        for population, sample, rate in strata
        if sample
    )
    return min(0.5, deviate(confidence) * math.sqrt(variance))


def plan(
    frame: pd.DataFrame,
    scores: pd.DataFrame | None,
    design: Design,
    wish: Wish | None = None,
    places: pd.DataFrame | None = None,
    rotation: Rotation | None = None,
) -> pd.DataFrame:
    """Sizes and widths per institution. Grain: one row an institution, by code.

    Columns: fixmedins_code, n_frame, n_random (expected rows the design gives; of a rotated institution those it
    gives when it has its turn; of a pooled one its part by size), half_width (expected at the assumed rate; a
    fraction; missing = no row), n_wanted (reviews that the wished half-width needs, normal approximation). Widths
    over several strata, and over stays (which are taken as if all their orders got one verdict), are normal
    approximations, in bands at their mean predicted score. Raises DesignRefused when the capacity does not fit the
    frame.
    """
    import pandas as pd

    wish = wish or Wish()
    prepared = prepare(frame, scores, (), design, places, rotation)
    cells = _cells(prepared, scores)
    rows = []
    for code, parts in cells.groupby("fixmedins_code", sort=True):
        population, sample = int(parts["rows"].sum()), float(parts["drawn_rows"].sum())
        width = _width(parts, wish)
        wanted = size_for_rate(wish.rate, wish.half_width, population, wish.confidence)
        rows.append((str(code), population, round(sample, 1), width, wanted))
    table = pd.DataFrame(rows, columns=COLUMNS)
    whole = table["n_random"].mod(1).eq(0).all()
    return table.astype({"n_random": "int64"}) if whole else table


def _cells(prepared: Prepared, scores: pd.DataFrame | None) -> pd.DataFrame:
    """One row an institution and stratum: rows, units, drawn units and rows, mean score, whether alone in it."""
    rows = prepared.frame.assign(stratum=prepared.frame["stratum"].astype(str))
    if scores is not None:
        known = scores.drop_duplicates("rxno").set_index("rxno")["score"].astype(float)
        rows = rows.assign(score=rows["rxno"].map(known))
    else:
        rows = rows.assign(score=math.nan)
    rows = rows.assign(unit=rows["unit"] if "unit" in rows else rows["rxno"])
    cells = rows.groupby(["fixmedins_code", "stratum"], sort=True).agg(
        rows=("rxno", "size"), units=("unit", "nunique"), score=("score", "mean")
    )
    cells = cells.reset_index()
    units = cells["stratum"].map(cells.groupby("stratum")["units"].sum())
    share = cells["stratum"].map(prepared.sizes) / units
    return cells.assign(drawn=share * cells["units"], drawn_rows=share * cells["rows"])


def _width(parts: pd.DataFrame, wish: Wish) -> float | None:
    drawn = [float(value) for value in parts["drawn"]]
    if not any(drawn):
        return None
    units = [int(value) for value in parts["units"]]
    if len(parts) == 1 and drawn[0] == round(drawn[0]) and units[0] == int(parts["rows"].iloc[0]):
        return expected_half_width(units[0], round(drawn[0]), wish.rate, wish.confidence)
    bands = parts["stratum"].str.contains("/risk").tolist()
    scores = [float(value) for value in parts["score"]]
    rates = [score if band and score == score else wish.rate for band, score in zip(bands, scores, strict=True)]
    sizes = [max(1, round(value)) for value in drawn]
    # Weighted by prescriptions, with the corrections of units.
    weights = [int(value) for value in parts["rows"]]
    total = sum(weights)
    variance = math.fsum(
        (weight / total) ** 2 * stratified_rate_width([(count, size, rate)], wish.confidence) ** 2
        for weight, count, size, rate in zip(weights, units, sizes, rates, strict=True)
    )
    return min(0.5, math.sqrt(variance))


@dataclass(frozen=True)
class Fit:
    """Whether a wished width fits: reviews it needs of all arms, and the half-width that the capacity can give all."""

    needed: int
    fits: bool
    half_width: float


def fit(table: pd.DataFrame, design: Design, wish: Wish) -> Fit:
    """What a wished half-width for every institution needs, and what the random capacity can give every one."""
    populations = [int(value) for value in table["n_frame"]]

    def cost(width: float) -> int:
        return sum(size_for_rate(wish.rate, width, population, wish.confidence) for population in populations)

    needed = cost(wish.half_width)
    low, high = 1e-4, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if cost(middle) <= design.random_capacity else (middle, high)
    return Fit(design.capacity_for(needed), needed <= design.random_capacity, high)


def refuse_beyond(found: Fit, design: Design, wish: Wish) -> None:
    """Raises DesignRefused, saying what fits, when the wished width needs more than the capacity."""
    if found.fits:
        return
    raise DesignRefused(
        f"A half width of {100 * wish.half_width:g} % in every institution needs a capacity of {found.needed} and "
        f"{design.capacity} are there: give that capacity, or wish for {100 * found.half_width:.1f} %, which fits."
    )
