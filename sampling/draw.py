"""The draw: a random arm that carries every rate, a targeted arm where models point, and certain clues."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from records.errors import WrongUse
from sampling.allocation import allocate
from sampling.design import Design
from sampling.numbers import permanent_numbers

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "rxno",
    "fixmedins_code",
    "stratum",
    "arm",
    "incl_prob",
    "incl_prob_any",
    "weight",
    "design_id",
    "seed",
    "draw_order",
)


@dataclass(frozen=True)
class Prepared:
    """A frame with every probability known, before any number is drawn.

    ``frame``: rxno, fixmedins_code, p_random, p_targeted, p_clue; one row a prescription, by rxno.
    ``sizes``: random rows per institution. ``notes``: what differs from the design as written, as dicts
    with ``what``, ``why_zh``, ``why_en``.
    """

    frame: pd.DataFrame
    sizes: dict[str, int]
    notes: list[dict[str, str]]


def prepare(frame: pd.DataFrame, scores: pd.DataFrame | None, clues: Collection[str], design: Design) -> Prepared:
    """Work out every inclusion probability of a frame under a design.

    ``frame`` has rxno (unique) and fixmedins_code; ``scores`` has rxno and score in 0..1, None = nothing
    could be scored, then the targeted arm's capacity goes to the random arm. A prescription without a score
    is never targeted. Clues outside the frame are left out. Raises WrongUse for a repeated rxno or an
    impossible score, DesignRefused when the capacity is too small for the frame.
    """
    rows = _with_scores(frame, scores)
    rows["p_clue"] = rows["rxno"].isin(set(clues)).astype(float)
    named = int(rows["p_clue"].sum())
    scored = bool((rows["score"] > 0).any())
    counts = rows.groupby("fixmedins_code")["rxno"].size()
    wanted = design.random_capacity if scored else max(design.capacity - named, design.random_capacity)
    least = int(counts.clip(upper=design.minimum).sum())
    capacity = min(design.capacity, max(wanted, least))
    means = rows.groupby("fixmedins_code")["score"].mean()
    rates = {str(code): float(mean) for code, mean in means.items()} if scored else None
    sizes = allocate({str(code): int(n) for code, n in counts.items()}, design, capacity, rates)
    rows["p_random"] = rows["fixmedins_code"].map(sizes).astype(float) / rows["fixmedins_code"].map(counts).astype(float)
    spare = max(0, min(design.targeted_capacity, design.capacity - capacity) - named) if scored else 0
    rows["p_targeted"] = targeted_probabilities(rows["score"].to_numpy() ** design.risk_power, spare)
    notes = _notes(design, scored, capacity - wanted, named, spare)
    columns = ["rxno", "fixmedins_code", "p_random", "p_targeted", "p_clue"]
    return Prepared(rows[columns], sizes, notes)


def _with_scores(frame: pd.DataFrame, scores: pd.DataFrame | None) -> pd.DataFrame:
    rows = frame[["rxno", "fixmedins_code"]].astype(str).sort_values("rxno", ignore_index=True)
    if rows["rxno"].duplicated().any():
        raise WrongUse("The frame names a prescription twice: one row a prescription is needed.")
    if scores is None:
        return rows.assign(score=0.0)
    if scores["rxno"].duplicated().any():
        raise WrongUse("The scores name a prescription twice: choose the scores of one target.")
    known = scores.set_index(scores["rxno"].astype(str))["score"].astype(float)
    if not known.dropna().between(0, 1).all():
        raise WrongUse("A score lies outside 0 to 1: scores must be probabilities.")
    return rows.assign(score=rows["rxno"].map(known).astype(float).fillna(0.0))


def targeted_probabilities(risk: Any, expected: float) -> Any:
    """min(1, c x risk) summing to ``expected``, or to the number of risks above 0 when that is smaller.

    Grain: one a value, numpy. Rows that would pass 1 are certain, the rest is shared out until none does.
    """
    import numpy as np

    probabilities = np.zeros(len(risk))
    probabilities[risk > 0] = 1.0
    if expected >= probabilities.sum():
        return probabilities
    certain = np.zeros(len(risk), dtype=bool)
    while True:
        open_rows = (risk > 0) & ~certain
        left = expected - certain.sum()
        shared = risk * (left / risk[open_rows].sum())
        over = open_rows & (shared >= 1)
        if not over.any():
            return np.where(certain, 1.0, np.where(open_rows, shared, 0.0))
        certain |= over


def _notes(design: Design, scored: bool, extra: int, named: int, spare: int) -> list[dict[str, str]]:
    notes = []
    if not scored and design.targeted_capacity:
        notes.append(
            _note(
                "targeted_arm",
                "没有可用的评分，定向抽样的名额并入随机抽样",
                "no scores, so the targeted arm's reviews went to the random arm",
            )
        )
    if extra > 0:
        notes.append(
            _note(
                "targeted_arm",
                f"每家机构至少一张随机处方，定向抽样让出{extra}个名额",
                f"every institution needs a random row, so the targeted arm gave {extra} reviews",
            )
        )
    if named and scored:
        notes.append(
            _note(
                "targeted_arm",
                f"线索处方{named}张必查，定向抽样的预期数量为{spare}",
                f"{named} prescriptions named by clues are certain; {spare} targeted are expected",
            )
        )
    return notes


def _note(what: str, why_zh: str, why_en: str) -> dict[str, str]:
    return {"what": what, "why_zh": why_zh, "why_en": why_en}


def draw(frame: pd.DataFrame, scores: pd.DataFrame | None, clues: Collection[str], design: Design, seed: str) -> pd.DataFrame:
    """Draw a quarter: the rows of sample.parquet, by rxno. The same arguments give the same rows.

    Grain: one row a prescription. ``arm`` = random if the random arm drew it, whatever else did; else clue,
    else targeted. ``incl_prob`` = probability under the random design alone for random rows, under its own
    arm for others; ``incl_prob_any`` = by any arm; ``weight`` = 1 / incl_prob; ``draw_order`` = 1..n, telling
    nothing about the arm. Errors as for ``prepare``.
    """
    return select(prepare(frame, scores, clues, design), design, seed)


def select(prepared: Prepared, design: Design, seed: str) -> pd.DataFrame:
    """Draw from a prepared frame; see ``draw``."""
    import pandas as pd

    rows = prepared.frame
    in_random = _smallest(rows, prepared.sizes, seed)
    in_targeted = _below(rows, seed)
    in_clue = rows["p_clue"].to_numpy() == 1
    drawn: pd.DataFrame = rows[in_random | in_targeted | in_clue].copy()
    chosen = in_random[drawn.index.to_numpy()]
    arm = drawn["p_clue"].map({1.0: "clue", 0.0: "targeted"}).astype(str).mask(chosen, "random").astype(str)
    own = drawn["p_targeted"].mask(arm == "clue", 1.0).mask(arm == "random", drawn["p_random"])
    missed = (1 - drawn["p_random"]) * (1 - drawn["p_targeted"]) * (1 - drawn["p_clue"])
    drawn = drawn.assign(
        stratum=drawn["fixmedins_code"],
        arm=arm,
        incl_prob=own.astype(float),
        incl_prob_any=1 - missed,
        weight=1 / own.astype(float),
        design_id=design.design_id,
        seed=seed,
        draw_order=_shuffled(drawn["rxno"], seed),
    )
    drawn.index = pd.RangeIndex(len(drawn))
    sample: pd.DataFrame = drawn[list(COLUMNS)]
    return sample


def _smallest(rows: pd.DataFrame, sizes: dict[str, int], seed: str) -> Any:
    """True for the n smallest numbers of each institution; equal numbers in the order of rxno."""
    order = rows[["fixmedins_code"]].assign(number=permanent_numbers(seed, "random", rows["rxno"]))
    place = order.sort_values("number", kind="stable").groupby("fixmedins_code").cumcount()
    return (place.reindex(rows.index) < rows["fixmedins_code"].map(sizes).astype(float)).to_numpy()


def _below(rows: pd.DataFrame, seed: str) -> Any:
    """True where the targeted arm's number lies below the prescription's probability."""
    import numpy as np

    probability = rows["p_targeted"].to_numpy()
    taken = np.zeros(len(rows), dtype=bool)
    possible = np.flatnonzero(probability > 0)
    numbers = permanent_numbers(seed, "targeted", rows["rxno"].iloc[possible])
    chance = probability[possible]
    taken[possible] = (numbers.astype(np.float64) / 2.0**64 < chance) | (chance >= 1)
    return taken


def _shuffled(codes: pd.Series[str], seed: str) -> Any:
    """1..n in the order of numbers of their own, so that the order tells nothing about the arm."""
    import numpy as np

    numbers = permanent_numbers(seed, "order", codes)
    places = np.empty(len(numbers), dtype=np.int64)
    places[np.argsort(numbers, kind="stable")] = np.arange(1, len(numbers) + 1)
    return places
