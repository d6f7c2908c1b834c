"""The honest test: newest labelled quarters, scored by models of older quarters and other groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosting import FOLDS
from models.calibration import fit_best
from models.crossfit import Held, Sheet, cross_fit, grow
from models.logistic import logistic

if TYPE_CHECKING:
    import pandas as pd

#: A quarter is added to the test, going back, until it holds so many positives.
ENOUGH_POSITIVES = 10
#: So many labels of each class are needed among the older quarters to train on them.
_LEAST_TO_TRAIN = 5
IN_TIME, ACROSS = "each row by a model of older quarters and other groups", "each row by a model of other groups"


def hold_out(data: pd.DataFrame, sheet: Sheet, held: Held) -> tuple[pd.DataFrame, str]:
    """Test rows with ``raw``, ``probability`` and ``raw_logistic``, and in words how they were scored.

    The newest labelled quarter; where it has too few positives, the one before with it, each scored by models of
    quarters older than itself. Calibration and the number of trees come from the older quarters too. With one
    labelled quarter only, or too few labels before it, every row scored across groups of the same quarters.
    """
    quarters, judged = data["quarter"].to_numpy(dtype=object), sheet.judged
    raw, probability, rival = (np.full(len(data), np.nan) for _ in range(3))
    tested: list[str] = []
    for quarter in sorted(set(quarters[judged]), reverse=True):
        older, now = quarters < quarter, (quarters == quarter) & judged
        if tested and sheet.label[np.isin(quarters, tested)].sum() >= ENOUGH_POSITIVES:
            break
        scored = _score(sheet, older, now)
        if scored is None:
            break
        raw[now], probability[now], rival[now] = scored
        tested.append(str(quarter))
    rows = np.isin(quarters, tested) & judged
    if not tested or not 0 < sheet.label[rows].sum() < rows.sum():
        why = "one labelled quarter only" if len(set(quarters)) == 1 else "too few labels in older quarters"
        known = sheet.take(judged)
        frame = data[judged].assign(
            raw=held.raw[judged], probability=_across(known, held.raw[judged]), raw_logistic=_logistic_across(known)
        )
        return frame, f"all labelled quarters ({why}), {ACROSS}"
    frame = data[rows].assign(raw=raw[rows], probability=probability[rows], raw_logistic=rival[rows])
    return frame, f"{' '.join(sorted(tested))}, {IN_TIME}"


def _score(sheet: Sheet, older: Any, now: Any) -> tuple[Any, Any, Any] | None:
    """Raw scores, probabilities and logistic scores of the rows ``now``; None when the older ones carry no model."""
    past = sheet.take(older)
    known, positives = past.judged, past.label[past.judged].sum()
    if min(positives, known.sum() - positives) < _LEAST_TO_TRAIN:
        return None
    held = cross_fit(past)
    calibration = fit_best(held.raw[known], past.fits[known], past.weight[known], past.fold[known])
    raw, rival = np.zeros(len(sheet.label)), np.zeros(len(sheet.label))
    for number in range(FOLDS):
        inside, outside = past.take(past.fold != number), now & (sheet.fold == number)
        if outside.any():
            if not inside.has_both:
                return None
            raw[outside] = grow(inside, held.rounds).predict(sheet.x[outside], raw_score=True)
            rival[outside] = logistic(inside.take(inside.judged))(sheet.x[outside])
    return raw[now], calibration.apply(raw[now]), rival[now]


def _logistic_across(sheet: Sheet) -> Any:
    """Logistic scores of every row, by a fit on the other folds; 0 where that cannot be."""
    raw = np.zeros(len(sheet.label))
    for number in range(FOLDS):
        inside, outside = sheet.take(sheet.fold != number), sheet.fold == number
        if inside.has_both and outside.any():
            raw[outside] = logistic(inside)(sheet.x[outside])
    return raw


def _across(sheet: Sheet, raw: Any) -> Any:
    """Probabilities of held-out scores, each fold calibrated on the others."""
    probability = np.zeros(len(raw))
    for number in range(FOLDS):
        inside, outside = sheet.fold != number, sheet.fold == number
        if outside.any():
            use = inside if inside.any() else outside
            calibration = fit_best(raw[use], sheet.fits[use], sheet.weight[use], sheet.fold[use])
            probability[outside] = calibration.apply(raw[outside])
    return probability
