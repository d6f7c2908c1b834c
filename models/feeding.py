"""Scores of prescriptions as features of who wrote or received them; in training by trees that never saw the prescriber.

A subject's prescriptions are told by their place in the quarter's frame, not by the score itself, so that another
version of the feeding model gives features of the same scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.catalogue import Feature
from models.boosting import SEED, folds, matrix
from models.crossfit import Sheet, grow
from models.labels import Labels
from models.specs import ModelSpec
from models.training import prepared

if TYPE_CHECKING:
    import pandas as pd

#: The part of the frame that counts as its top.
TOP = 0.05
GROUP = "fed"
#: Trees that feed; their number decides little about places, and choosing it would cost a training of its own.
ROUNDS = 150


def fed_features(grain: str, spec: ModelSpec) -> tuple[Feature, Feature]:
    """The two features that a model of prescriptions gives a subject of another grain, in words."""

    def feature(name: str, zh: str, en: str, definition: str) -> Feature:
        return Feature(
            name=f"fed_{spec.target}_{name}", grain=grain, group=GROUP, zh=zh, en=en, unit="share", window="the quarter",
            definition=definition, stage="", expression="", type="double", missing_zh="本季无处方",
            missing_en="no prescription in the quarter", needs=(), monotone=1,
            reason_zh=f"{zh} {{value}}（同类通常 {{usual}}）", reason_en=f"{en} {{value}} (usually {{usual}})",
        )  # fmt: skip

    return (
        feature("mean", f"处方的“{spec.zh}”评分平均位次", f"mean place of the prescriptions by the score '{spec.en}'",
                "Mean place of the subject's prescriptions in the quarter's frame by score, 1 = the highest."),
        feature("top", f"处方的“{spec.zh}”评分居前5%的占比", f"prescriptions in the city's top 5 % by the score '{spec.en}'",
                "Share of the subject's prescriptions among the highest 5 % of the quarter's frame."),
    )  # fmt: skip


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


def of_subjects(subject: Any, raw: Any, spec: ModelSpec) -> pd.DataFrame:
    """The two features of each subject from the raw scores of one quarter's frame. Grain: one row a subject, by it."""
    import pandas as pd

    place = pd.Series(np.asarray(raw, dtype=float)).rank(pct=True)
    told = pd.DataFrame({"subject": np.asarray(subject, dtype=object), "mean": place, "top": (place > 1 - TOP).astype(float)})
    found = told[told["subject"].notna()].groupby("subject", sort=True)[["mean", "top"]].mean()
    return found.add_prefix(f"fed_{spec.target}_")
