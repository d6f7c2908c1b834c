"""Every inclusion probability of a frame under a design, before any number is drawn."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from records.errors import DesignRefused, WrongUse
from sampling.allocation import allocate
from sampling.design import Design
from sampling.rotation import Rotation, Turn, turns
from sampling.stays import Ward, expected_orders, least_stays, ward_stays, wards_of
from sampling.strata import Strata, group, split

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Prepared:
    """A frame with every probability known, before any number is drawn.

    ``frame``: rxno, fixmedins_code, stratum (category), p_random, p_targeted, p_clue, and with wards ``unit`` (the
    stay, else rxno); one row a prescription, by rxno. ``sizes``: random units per stratum: prescriptions, of the
    strata in ``wards`` stays. ``turns``: first stage of the rotated institutions; p_random holds their probability.
    ``notes``: what differs from the design as written, as dicts with ``what``, ``why_zh``, ``why_en``.
    """

    frame: pd.DataFrame
    sizes: dict[str, int]
    notes: list[dict[str, str]]
    turns: dict[str, Turn] = field(default_factory=dict)
    wards: frozenset[str] = frozenset()


def prepare(
    frame: pd.DataFrame,
    scores: pd.DataFrame | None,
    clues: Collection[str],
    design: Design,
    places: pd.DataFrame | None = None,
    rotation: Rotation | None = None,
) -> Prepared:
    """Work out every inclusion probability of a frame under a design.

    ``frame`` has rxno (unique) and fixmedins_code, for wards also setting and mdtrt_id; ``scores`` has rxno, score
    in 0..1 and perhaps novelty (0..1), None = nothing could be scored, then the targeted arm's capacity goes to the
    random arm. ``places`` as ``sampling.strata.group`` has it. A prescription without a score is targeted by
    exploration and novelty alone. Clues outside the frame are left out. Raises WrongUse for a repeated rxno or an
    impossible score, DesignRefused when the capacity is too small for the frame.
    """
    import pandas as pd

    rows = _with_scores(frame, scores, design)
    risk = rows["score"].to_numpy()
    rows["p_clue"] = rows["rxno"].isin(set(clues)).astype(float)
    named = int(rows["p_clue"].sum())
    scored = bool((risk > 0).any())
    wanted = design.random_capacity if scored else max(design.capacity - named, design.random_capacity)
    strata = group(rows, places, design)
    wards = wards_of(strata, rows, scored, design)
    parts = _Parts(strata, wards, design, turns(_rotated(strata), design, rotation or Rotation()))
    capacity = min(design.capacity, max(wanted, parts.least()))
    sizes = parts.sizes(capacity, strata.means(risk) if scored else None)
    strata, drawn = split(strata, sizes, risk, design) if scored else (strata, sizes)
    rows["stratum"] = pd.Categorical.from_codes(strata.index, categories=pd.Index(strata.names, dtype="str"))
    rows["p_random"] = _random_probabilities(strata, drawn, wards, parts.turns)
    spare = max(0, min(design.targeted_capacity, design.capacity - capacity) - named) if scored else 0
    novelty = rows["novelty"].to_numpy() if "novelty" in rows else None
    rows["p_targeted"] = targeted_probabilities(targeted_mix(risk, novelty, design), spare)
    notes = _notes(design, scored, capacity - wanted, named, spare)
    unit = ["unit"] if "unit" in rows else []
    columns = ["rxno", "fixmedins_code", "stratum", *unit, "p_random", "p_targeted", "p_clue"]
    return Prepared(rows[columns], dict(zip(strata.names, drawn, strict=True)), notes, parts.turns, frozenset(wards))


def _with_scores(frame: pd.DataFrame, scores: pd.DataFrame | None, design: Design) -> pd.DataFrame:
    extra = [name for name in ("setting", "mdtrt_id") if design.ward_settings and name in frame]
    rows = frame[["rxno", "fixmedins_code", *extra]].astype({"rxno": str, "fixmedins_code": str})
    if not rows["rxno"].is_monotonic_increasing:
        rows = rows.sort_values("rxno")
    rows = rows.reset_index(drop=True)
    # In order, what is there twice stands side by side.
    if (rows["rxno"].iloc[1:].array == rows["rxno"].iloc[:-1].array).any():
        raise WrongUse("The frame names a prescription twice: one row a prescription is needed.")
    if len(extra) == 2:
        ward = rows["setting"].astype(str).isin(design.ward_settings) & rows["mdtrt_id"].notna()
        rows["unit"] = rows["mdtrt_id"].astype(str).where(ward, rows["rxno"])
    if scores is None:
        return rows.assign(score=0.0)
    names = ["score", *(["novelty"] if "novelty" in scores else [])]
    values = scores[names].astype(float)
    if ((values < 0) | (values > 1)).any(axis=None):
        raise WrongUse("A score lies outside 0 to 1: scores must be probabilities.")
    own = scores["rxno"].astype(str)
    if len(own) == len(rows) and bool((own.array == rows["rxno"].array).all()):
        values = values.reset_index(drop=True)
    elif own.duplicated().any():
        raise WrongUse("The scores name a prescription twice: choose the scores of one target.")
    else:
        values = values.set_axis(own, axis=0).reindex(rows["rxno"]).reset_index(drop=True)
    return rows.assign(**{name: values[name].fillna(0.0) for name in names})


def _rotated(strata: Strata) -> list[str]:
    return [name for name, kind in zip(strata.names, strata.kinds, strict=True) if kind == "rotated"]


class _Parts:
    """The random arm's three parts: plain strata by allocation, rotated ones by a fixed take, wards by stays."""

    def __init__(self, strata: Strata, wards: dict[str, Ward], design: Design, given: dict[str, Turn]) -> None:
        self.design, self.turns, self.wards = design, given, wards
        self.rows = dict(zip(strata.names, strata.counts.tolist(), strict=True))
        self.kinds = dict(zip(strata.names, strata.kinds, strict=True))
        self.names = strata.names
        self.takes = {name: min(self.rows[name], design.take) for name in self._of("rotated")}

    def _of(self, kind: str) -> list[str]:
        return [name for name in self.names if self.kinds[name] == kind]

    def _rotated_rows(self) -> int:
        """Expected rows of the rotated institutions, rounded up."""
        return math.ceil(math.fsum(self.turns[name].prob * take for name, take in self.takes.items()) - 1e-9)

    def least(self) -> int:
        """Random rows below which the design cannot be carried out."""
        plain = sum(min(int(self.rows[name]), self.design.minimum) for name in self._of("plain"))
        return plain + self._rotated_rows() + expected_orders(least_stays(self.wards, self.design), self.wards)

    def sizes(self, capacity: int, means: Any) -> list[int]:
        """Units per stratum, in the order of its names. Raises DesignRefused when they do not fit."""
        if self.least() > capacity:
            raise DesignRefused(
                f"{len(self.names)} strata need {self.least()} random reviews and the capacity is {capacity}: "
                f"give a capacity of at least {self.least()}."
            )
        rates = None if means is None else dict(zip(self.names, map(float, means), strict=True))
        plain = {name: self.rows[name] for name in self._of("plain")}
        besides = capacity - self._rotated_rows()
        # What the others have no prescriptions for is left to the wards.
        share = max(capacity * self.design.ward_share, besides - sum(plain.values()))
        wards = ward_stays(self.wards, self.design, share)
        left = besides - expected_orders(wards, self.wards)
        # Where wards were given more than the minimum of all others leaves, the others come first.
        short = sum(min(size, self.design.minimum) for size in plain.values()) - left
        if short > 0 and not self.design.floors_bind:
            wards = least_stays(self.wards, self.design)
            left = besides - expected_orders(wards, self.wards)
        given = {**allocate(plain, self.design, left, rates), **self.takes, **wards}
        return [given[name] for name in self.names]


def _random_probabilities(strata: Strata, drawn: list[int], wards: dict[str, Ward], given: dict[str, Turn]) -> Any:
    """Probability under the random design alone: that of the institution's turn, times units drawn over units."""
    import numpy as np

    units = [
        wards[name].stays if name in wards else count for name, count in zip(strata.names, strata.counts.tolist(), strict=True)
    ]
    first = [given[name].prob if name in given else 1.0 for name in strata.names]
    each = [prob * n / max(1, count) for prob, n, count in zip(first, drawn, units, strict=True)]
    return np.array(each, dtype=float)[strata.index]


def targeted_mix(risk: Any, novelty: Any, design: Design) -> Any:
    """What targeted probabilities are proportional to: shares of risk, novelty and an even spread.

    Grain: one a row, numpy, summing to 1 (to 0 when no risk is above 0). A novelty that is nowhere above 0 leaves its
    share to risk.
    """
    import numpy as np

    power = risk**design.risk_power if design.risk_power != 1 else risk
    power = np.where(risk > 0, power, 0.0)
    if not power.sum() > 0:
        return np.zeros(len(risk))
    novel = design.novelty_share if novelty is not None and novelty.sum() > 0 else 0.0
    mix = power * ((1 - novel - design.exploration_share) / power.sum())
    if novel:
        mix += novelty * (novel / novelty.sum())
    return mix + design.exploration_share / len(risk)


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
                "没有可用的评分，定向抽样的名额并入随机抽样", "no scores, so the targeted arm's reviews went to the random arm"
            )
        )
    if extra > 0:
        notes.append(
            _note(
                f"每家机构至少一张随机处方，定向抽样让出{extra}个名额",
                f"every institution needs a random row, so the targeted arm gave {extra} reviews",
            )
        )
    if named and scored:
        notes.append(
            _note(
                f"线索处方{named}张必查，定向抽样的预期数量为{spare}",
                f"{named} prescriptions named by clues are certain; {spare} targeted are expected",
            )
        )
    return notes


def _note(why_zh: str, why_en: str) -> dict[str, str]:
    return {"what": "targeted_arm", "why_zh": why_zh, "why_en": why_en}
