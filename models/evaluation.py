"""A model beside its baselines, on the same rows, with intervals from resampling whole groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosting import SEED, matrix
from models.measures import (
    at_capacity,
    average_precision,
    calibration_error,
    interval,
    money_per_hundred,
    resampled,
)
from models.specs import ModelSpec

if TYPE_CHECKING:
    import pandas as pd

#: Share of all rows that the panel can look at; precision and recall are told there.
CAPACITY_SHARE = 0.02
REPEATS = 200


def rivals(test: pd.DataFrame, names: list[str], spec: ModelSpec) -> dict[str, Any]:
    """Scores of the baselines on the test rows: the one-column ones and an isolation forest."""
    from sklearn.ensemble import IsolationForest

    found = {}
    for name, column in spec.baselines:
        if column in test.columns:
            found[name] = test[column].astype("float64").fillna(0).to_numpy(dtype=float)
    x = np.nan_to_num(matrix(test, names), nan=-1.0)
    forest = IsolationForest(n_estimators=100, random_state=SEED % 2**31, n_jobs=1).fit(x)
    found["isolation forest"] = -forest.score_samples(x)
    return found


def evaluate(test: pd.DataFrame, names: list[str], spec: ModelSpec, kind: str) -> dict[str, Any]:
    """Metrics of a test frame with columns label, weight, loss, group, raw, probability and the features."""
    label, weight = test["label"].to_numpy(dtype=float), test["weight"].to_numpy(dtype=float)
    loss, groups = test["loss"].to_numpy(dtype=float), test["group"].astype(str).to_numpy()
    raw, probability = test["raw"].to_numpy(dtype=float), test["probability"].to_numpy(dtype=float)
    scores = {"model": raw, **rivals(test, names, spec)}
    precision = {name: average_precision(label, score, weight) for name, score in scores.items()}
    draws: dict[str, list[float]] = {name: [] for name in scores}
    for rows in resampled(groups, REPEATS, SEED):
        for name, score in scores.items():
            draws[name].append(average_precision(label[rows], score[rows], weight[rows]))
    top_precision, top_recall = at_capacity(label, raw, weight, CAPACITY_SHARE)
    return {
        "kind": kind,
        "rows": len(test),
        "positives": int(label.sum()),
        "prevalence": float((label * weight).sum() / weight.sum()),
        "average_precision": {
            name: {"value": precision[name], "interval90": interval(draws[name])} for name in scores
        },
        "gain": {
            name: {
                "value": precision["model"] - precision[name],
                "interval90": interval([a - b for a, b in zip(draws["model"], draws[name], strict=True)]),
            }
            for name in scores
            if name != "model"
        },
        "capacity_share": CAPACITY_SHARE,
        "precision_at_capacity": top_precision,
        "recall_at_capacity": top_recall,
        "calibration_error": calibration_error(label, probability, weight),
        "brier": float((weight * (label - probability) ** 2).sum() / weight.sum()),
        "money_per_100_reviews": money_per_hundred(loss, raw, weight, CAPACITY_SHARE),
    }
