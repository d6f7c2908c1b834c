"""A model beside its baselines, on the same rows, with intervals from resampling whole groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosting import SEED, matrix
from models.measures import Ranking, brier, calibration_bins, gap, interval, resampled
from models.specs import ModelSpec
from models.subgroups import subgroups

if TYPE_CHECKING:
    import pandas as pd

REPEATS = 300
MODEL, FOREST = "model", "isolation forest"
LOGISTIC, PRESENT = "logistic regression", "present champion"
#: Rivals that are no single column. Columns of test rows that hold the scores of two of them.
FITTED = (FOREST, LOGISTIC, PRESENT)
_SCORED = {LOGISTIC: "raw_logistic", PRESENT: "raw_champion"}


def rivals(test: pd.DataFrame, names: list[str], baselines: dict[str, str], seed: int = SEED) -> dict[str, Any]:
    """Scores of the baselines on the test rows: the one-column ones, those that were scored with the rows, a forest."""
    from sklearn.ensemble import IsolationForest

    found = {}
    for name, column in baselines.items():
        if column in test.columns:
            found[name] = test[column].astype("float64").fillna(0).to_numpy(dtype=float)
    for name, column in _SCORED.items():
        if column in test.columns:
            found[name] = test[column].to_numpy(dtype=float)
    x = matrix(test, names)
    middle = np.nan_to_num(np.nanmedian(np.vstack([x, np.zeros(x.shape[1])]), axis=0))
    filled = np.where(np.isnan(x), middle, x)
    forest = IsolationForest(n_estimators=100, random_state=seed % 2**31, n_jobs=1).fit(filled)
    found[FOREST] = -forest.score_samples(filled)
    return found


def evaluate(
    test: pd.DataFrame, names: list[str], spec: ModelSpec, kind: str, baselines: dict[str, str], seed: int = SEED
) -> dict[str, Any]:
    """Metrics of a test frame with columns label, weight, known, loss, group, raw, probability and the features.

    Rows whose chance of being reviewed is unknown do not count, unless that is true of all: then all count alike,
    and ``weighting`` says so. ``loss`` in yuan. Intervals: 90 %, by resampling groups.
    """
    designed = bool((test["known"] & (test["label"] > 0)).any() and (test["known"] & (test["label"] == 0)).any())
    rows = test[test["known"].to_numpy(dtype=bool)] if designed else test
    columns = {name: rows[name].to_numpy(dtype=float) for name in ("label", "loss", "raw", "probability")}
    weight = rows["weight"].to_numpy(dtype=float) if designed else np.ones(len(rows))
    scores = {MODEL: columns["raw"], **rivals(rows, names, baselines, seed)}
    measured = _Measured(columns, scores, spec.capacity_share)
    value = measured.at(weight)
    groups = rows["group"].astype(str).to_numpy()
    draws = [measured.at(weight * times) for times in resampled(groups, REPEATS, seed)]
    return {
        "kind": kind,
        "weighting": _weighting(rows, designed),
        "rows": len(rows),
        "groups": len(set(groups)),
        "positives": int(columns["label"].sum()),
        "prevalence": float((columns["label"] * weight).sum() / weight.sum()),
        "average_precision": {
            name: {"value": value[name], "interval90": interval([draw[name] for draw in draws])} for name in scores
        },
        "gain": {
            name: {
                "value": value[MODEL] - value[name],
                "interval90": interval([draw[MODEL] - draw[name] for draw in draws]),
            }
            for name in scores
            if name != MODEL
        },
        "capacity_share": spec.capacity_share,
        **{name: value[name] for name in _Measured.OTHERS},
        "intervals90": {name: interval([draw[name] for draw in draws]) for name in _Measured.OTHERS},
        "subgroups": subgroups(rows, weight, spec.capacity_share, seed),
    }


def _weighting(rows: pd.DataFrame, designed: bool) -> str:
    if rows["presumed"].any():
        return "the whole city: who was not investigated counts as clean"
    return "inverse inclusion probability" if designed else "none: inclusion probabilities unknown"


class _Measured:
    """Every measure of the same rows and scores, at given weights."""

    OTHERS = ("precision_at_capacity", "recall_at_capacity", "calibration_error", "brier", "money_per_100_reviews")

    def __init__(self, columns: dict[str, Any], scores: dict[str, Any], share: float) -> None:
        self.columns, self.share = columns, share
        self.rankings = {name: Ranking(score) for name, score in scores.items()}
        self.bins = calibration_bins(columns["probability"])

    def at(self, weight: Any) -> dict[str, float]:
        """Average precision by the name of the score, and the other measures of the model."""
        label, probability = self.columns["label"], self.columns["probability"]
        found = {name: ranking.average_precision(label, weight) for name, ranking in self.rankings.items()}
        top = self.rankings[MODEL]
        precision, recall = top.at_capacity(label, weight, self.share)
        found["precision_at_capacity"], found["recall_at_capacity"] = precision, recall
        found["calibration_error"] = gap(label, probability, weight, self.bins)
        found["brier"] = brier(label, probability, weight)
        found["money_per_100_reviews"] = 100 * top.at_capacity(self.columns["loss"], weight, self.share)[0]
        return found
