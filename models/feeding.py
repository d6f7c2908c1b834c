"""Scores of prescriptions as features of who wrote, received or dispensed them; in training by trees of other prescribers.

An institution answers for what it wrote and for what it dispensed of others: a pharmacy writes nothing.
A subject's prescriptions are told by their place in the quarter's frame, not by the score itself, so that another
version of the feeding model gives features of the same scale. How many of them stand at the top is told beside how many
would by chance: one of two says less than ten of twenty, and a large institution has some there whatever it does.
Source: signed root of the Poisson deviance, McCullagh and Nelder (1989), 2.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.catalogue import Feature
from models.boosting import SEED, folds, matrix
from models.crossfit import Sheet, grow
from models.labels import Labels
from models.specs import FED, ModelSpec
from models.training import prepared

if TYPE_CHECKING:
    import pandas as pd

#: The parts of the frame that count as its top, in per cent.
TOPS = (5, 1)
GROUP = "fed"
#: Trees that feed; their number decides little about places, and choosing it would cost a training of its own.
ROUNDS = 150


def fed_features(grain: str, spec: ModelSpec) -> tuple[Feature, ...]:
    """The features that a model of prescriptions gives a subject of another grain, in words."""

    def feature(name: str, unit: str, zh: str, en: str, definition: str) -> Feature:
        words = ("{unit}", " {unit}") if unit == "deviation" else ("", "")
        return Feature(
            name=f"{FED}{spec.target}_{name}", grain=grain, group=GROUP, zh=zh, en=en, unit=unit, window="the quarter",
            definition=definition, stage="", expression="", type="double", missing_zh=none[0],
            missing_en=none[1], needs=(), monotone=1,
            reason_zh=f"{zh} {{value}}{words[0]}（同类通常 {{usual}}）",
            reason_en=f"{en} {{value}}{words[1]} (usually {{usual}})",
        )  # fmt: skip

    none = ("本季无处方", "no prescription in the quarter")
    if grain == "institution":
        none = ("本季未开具也未调配处方", "wrote and dispensed no prescription in the quarter")
    mine = "the subject's prescriptions" + (", those it charged for others among them," if grain == "institution" else "")
    mean = feature("mean", "share", f"处方的“{spec.zh}”评分平均位次",
                   f"mean place of the prescriptions by the score '{spec.en}'",
                   f"Mean place of {mine} in the quarter's frame by score, 1 = the highest.")  # fmt: skip
    tops = (
        feature(f"top{top}", "deviation",
                f"处方的“{spec.zh}”评分居全市前{top}%的张数，与同样多处方的随机预期相比",
                f"prescriptions in the city's top {top} % by the score '{spec.en}', beside what as many hold by chance:",
                f"How far the number of {mine} among the highest {top} % of the quarter's frame lies "
                "above (below 0: below) what as many prescriptions hold by chance, in standard deviations: signed root of "
                "the Poisson deviance.")
        for top in TOPS
    )  # fmt: skip
    return (mean, *tops)


def held_out_raw(
    spec: ModelSpec, rows: pd.DataFrame, labels: Labels, groups_of: dict[str, str], threads: int = 2, seed: int = SEED
) -> Any:
    """Raw scores of all rows of prescriptions, labelled or not, by trees that saw no label of their prescriber.

    A quarter is scored from the labels of the quarters before it, as a run does; where these are too few, as in the
    first labelled one, from those of all quarters. Grain: one a row of ``rows``, which ``models.training.train``
    describes. Raises ModelNotTrained as it does.
    """
    data, names, sheet = prepared(spec, rows, labels, groups_of, threads, seed)
    group = rows["group"].astype(object).where(rows["group"].notna(), rows["key"]).astype(str)
    fold, x, raw = folds(group), matrix(rows, names), np.zeros(len(rows))
    quarter, labelled = rows["quarter"].astype(str).to_numpy(), data["quarter"].astype(str).to_numpy()
    for name in np.unique(quarter):
        known = sheet.take(labelled < name)
        known = known if _teaches(known, spec) else sheet
        for number in np.unique(fold[quarter == name]):
            inside, here = known.take(known.fold != number), (quarter == name) & (fold == number)
            if inside.has_both:
                raw[here] = grow(inside, ROUNDS).predict(x[here], raw_score=True)
    return raw


def _teaches(sheet: Sheet, spec: ModelSpec) -> bool:
    """Whether a part of the labels is enough for a model of its own."""
    positive = int((sheet.label[sheet.judged] > 0).sum())
    return min(positive, int(sheet.judged.sum()) - positive) >= spec.least_labels


def of_subjects(subject: Any, raw: Any, spec: ModelSpec, at: Any = None) -> pd.DataFrame:
    """The features of each subject from the raw scores of one quarter's frame. Grain: one row a subject, by it.

    ``subject``: whose prescription; ``at``: the row of ``raw`` of each, where some stand for several subjects; -1 = none.
    """
    import pandas as pd

    place, at = pd.Series(np.asarray(raw, dtype=float)).rank(pct=True), np.arange(len(subject)) if at is None else at
    subject, place = np.asarray(subject, dtype=object)[at >= 0], place.iloc[at[at >= 0]].reset_index(drop=True)
    counted = {f"top{top}": (place > 1 - top / 100).astype(float) for top in TOPS}
    told = pd.DataFrame({"subject": subject, "mean": place, "rows": 1.0, **counted})
    groups = told[told["subject"].notna()].groupby("subject", sort=True)
    found, sums = groups[["mean"]].mean(), groups[["rows", *counted]].sum()
    for top in TOPS:
        found[f"top{top}"] = _above_chance(sums[f"top{top}"].to_numpy(), sums["rows"].to_numpy() * top / 100)
    return found.add_prefix(f"{FED}{spec.target}_")


def _above_chance(count: Any, expected: Any) -> Any:
    """Signed root of the Poisson deviance of counts; ``expected`` is above 0."""
    log = np.log(np.where(count > 0, count, expected) / expected)
    return np.sign(count - expected) * np.sqrt(np.maximum(2 * (count * log - (count - expected)), 0.0))
