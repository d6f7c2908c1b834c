"""The honest test: newest labelled quarters, scored by models of older quarters and other groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosting import FOLDS
from models.calibration import fit_platt
from models.crossfit import Held, Sheet, cross_fit, grow

if TYPE_CHECKING:
    import pandas as pd

#: A quarter is added to the test, going back, until it holds so many positives.
ENOUGH_POSITIVES = 10
#: So many labels of each class are needed among the older quarters to train on them.
_LEAST_TO_TRAIN = 5
IN_TIME, ACROSS = "each row by a model of older quarters and other groups", "each row by a model of other groups"


def hold_out(data: pd.DataFrame, sheet: Sheet, held: Held) -> tuple[pd.DataFrame, str]:
    """Test rows with ``raw`` and ``probability``, and in words how they were scored.

    The newest labelled quarter; where it has too few positives, the one before with it, each scored by models of
    quarters older than itself. Calibration and the number of trees come from the older quarters too. With one
    labelled quarter only, or too few labels before it, every row scored across groups of the same quarters.
    """
    quarters = data["quarter"].to_numpy(dtype=object)
    raw, probability = np.full(len(data), np.nan), np.full(len(data), np.nan)
    tested: list[str] = []
    for quarter in sorted(set(quarters), reverse=True):
        older, now = quarters < quarter, quarters == quarter
        if tested and sheet.label[np.isin(quarters, tested)].sum() >= ENOUGH_POSITIVES:
            break
        scored = _score(sheet, older, now)
        if scored is None:
            break
        raw[now], probability[now] = scored
        tested.append(str(quarter))
    rows = np.isin(quarters, tested)
    if not tested or not 0 < sheet.label[rows].sum() < rows.sum():
        why = "one labelled quarter only" if len(set(quarters)) == 1 else "too few labels in older quarters"
        frame = data.assign(raw=held.raw, probability=_across(sheet, held.raw))
        return frame, f"all labelled quarters ({why}), {ACROSS}"
    frame = data[rows].assign(raw=raw[rows], probability=probability[rows])
    return frame, f"{' '.join(sorted(tested))}, {IN_TIME}"


def _score(sheet: Sheet, older: Any, now: Any) -> tuple[Any, Any] | None:
    """Raw scores and probabilities of the rows ``now``; None when the older ones cannot carry a model."""
    past = sheet.take(older)
    if min(past.label.sum(), len(past.label) - past.label.sum()) < _LEAST_TO_TRAIN:
        return None
    held = cross_fit(past)
    calibration = fit_platt(held.raw, past.label, past.weight)
    raw = np.zeros(len(sheet.label))
    for number in range(FOLDS):
        inside, outside = past.take(past.fold != number), now & (sheet.fold == number)
        if outside.any():
            if not inside.has_both:
                return None
            raw[outside] = grow(inside, held.rounds).predict(sheet.x[outside], raw_score=True)
    return raw[now], calibration.apply(raw[now])


def _across(sheet: Sheet, raw: Any) -> Any:
    """Probabilities of held-out scores, each fold calibrated on the others."""
    probability = np.zeros(len(raw))
    for number in range(FOLDS):
        inside, outside = sheet.fold != number, sheet.fold == number
        if outside.any():
            use = inside if inside.any() else outside
            calibration = fit_platt(raw[use], sheet.label[use], sheet.weight[use])
            probability[outside] = calibration.apply(raw[outside])
    return probability
