"""Training one model: grouped folds, early stopping, calibration on what was held out, honest evaluation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosting import MOST_ROUNDS, folds, grow, matrix, parameters
from models.calibration import Calibration, fit_platt
from models.evaluation import evaluate
from models.labels import WEAK, Labels, enough
from models.specs import ModelSpec
from records.errors import ModelNotTrained
from records.output import write_frame, write_json

if TYPE_CHECKING:
    import pandas as pd

FOLDS = 5
_OURS = ("key", "quarter", "as_of", "group")


@dataclass
class Trained:
    """A trained model with everything that must be known about it later."""

    spec: ModelSpec
    text: str
    names: list[str]
    calibration: Calibration
    label_source: str
    metrics: dict[str, Any]
    out_of_fold: pd.DataFrame
    usual: dict[str, list[float | None]]
    quarters: list[str]
    rounds: int

    @property
    def version(self) -> str:
        """First 12 hex digits of the model file's SHA-256."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]


def train(
    spec: ModelSpec, rows: pd.DataFrame, labels: Labels, groups_of: dict[str, str], *, threads: int = 2
) -> Trained:
    """Train on labelled rows.

    ``rows``: key, quarter, as_of, group and features, one row a key and quarter; ``groups_of`` tells each
    feature's catalogue group. Raises ModelNotTrained when positives or negatives are too few.
    """
    data = rows.merge(labels.frame, on=["key", "quarter"], how="inner").sort_values(
        ["quarter", "key"], ignore_index=True
    )
    if not enough(Labels(data, labels.source), spec):
        raise ModelNotTrained(
            f"{spec.name} needs at least {spec.least_labels} positive and negative labels in the data: "
            f"there are {int(data['label'].sum())} and {int((data['label'] == 0).sum())}."
        )
    left_out = set(spec.weak_leaves_out) if labels.source == WEAK else set()
    names = [name for name in groups_of if name in rows.columns and groups_of[name] not in left_out]
    names = [name for name in names if data[name].notna().any()]
    x, label, weight = (
        matrix(data, names),
        data["label"].to_numpy(dtype=float),
        data["weight"].to_numpy(dtype=float),
    )
    held, rounds = _held_out(spec, (x, label, weight), data["group"], names, threads)
    calibration = fit_platt(held, label, weight)
    booster = grow(spec, x, label, weight, rounds, threads, names)
    test, kind = _test_rows(spec, data, (x, label, weight), held, (rounds, threads), names)
    test["probability"] = calibration.apply(test["raw"].to_numpy(dtype=float))
    out_of_fold = data[["key", "as_of", "label"]].assign(score=calibration.apply(held))
    return Trained(
        spec=spec,
        text=booster.model_to_string(),
        names=names,
        calibration=calibration,
        label_source=labels.source,
        metrics=evaluate(test, names, spec, kind),
        out_of_fold=out_of_fold.rename(columns={"key": spec.key}),
        usual=_usual(rows, names),
        quarters=sorted(set(data["quarter"])),
        rounds=rounds,
    )


def _held_out(
    spec: ModelSpec, arrays: tuple[Any, Any, Any], groups: pd.Series, names: list[str], threads: int
) -> tuple[Any, int]:
    """Raw scores of rows by models that did not see their group, and the number of trees that served best."""
    import lightgbm

    x, label, weight = arrays
    fold = folds(groups, FOLDS)
    histories, boosters = [], []
    for number in range(FOLDS):
        inside = fold != number
        history: dict[str, Any] = {}
        if not inside.any() or inside.all() or len(set(label[inside])) < 2:
            boosters.append(None)
            continue
        train_set = lightgbm.Dataset(
            x[inside], label=label[inside], weight=weight[inside], feature_name=names
        )
        valid = lightgbm.Dataset(
            x[~inside], label=label[~inside], weight=weight[~inside], reference=train_set
        )
        booster = lightgbm.train(
            {**parameters(spec, threads), "metric": "binary_logloss"}, train_set, num_boost_round=MOST_ROUNDS,
            valid_sets=[valid],
            callbacks=[lightgbm.record_evaluation(history)],
        )  # fmt: skip
        boosters.append(booster)
        mass = float(weight[~inside].sum())
        histories.append(np.array(history["valid_0"]["binary_logloss"]) * mass)
    rounds = max(20, int(np.argmin(np.sum(histories, axis=0))) + 1) if histories else 50
    held = np.zeros(len(label))
    for number, booster in enumerate(boosters):
        outside = fold == number
        if booster is not None and outside.any():
            held[outside] = booster.predict(x[outside], raw_score=True, num_iteration=rounds)
    return held, rounds


def _test_rows(
    spec: ModelSpec,
    data: pd.DataFrame,
    arrays: tuple[Any, Any, Any],
    held: Any,
    effort: tuple[int, int],
    names: list[str],
) -> tuple[pd.DataFrame, str]:
    """The newest labelled quarter, each row scored by a model of older quarters and other groups.

    With one labelled quarter only, or older ones without both classes, the held-out scores of all rows.
    """
    x, label, weight = arrays
    rounds, threads = effort
    newest = (data["quarter"] == data["quarter"].max()).to_numpy()
    fold = folds(data["group"], FOLDS)
    raw = held.copy()
    usable = newest.any() and not newest.all() and label[newest].sum() >= 1
    for number in range(FOLDS):
        inside, outside = ~newest & (fold != number), newest & (fold == number)
        if not usable or len(set(label[inside])) < 2:
            usable = False
            break
        if outside.any():
            booster = grow(spec, x[inside], label[inside], weight[inside], rounds, threads, names)
            raw[outside] = booster.predict(x[outside], raw_score=True)
    if not usable:
        return data.assign(raw=held), "other groups, same quarters"
    return data[newest].assign(raw=raw[newest]), "newest quarter, other groups"


def _usual(rows: pd.DataFrame, names: list[str]) -> dict[str, list[float | None]]:
    """q10, q50 and q90 of each feature over all rows given, values that occur; None where all are missing."""
    usual: dict[str, list[float | None]] = {}
    for name in names:
        values = rows[name].astype("float64").dropna()
        if values.empty:
            usual[name] = [None, None, None]
        else:
            usual[name] = [float(v) for v in values.quantile([0.1, 0.5, 0.9], interpolation="lower")]
    return usual


def write_training(trained: Trained, root: Path) -> Path:
    """Write out_of_fold.parquet and metrics.json under ``root/<target>_<grain>``; the folder comes back."""
    folder = root / trained.spec.slug
    write_frame(trained.out_of_fold, folder / "out_of_fold.parquet")
    write_json(
        folder / "metrics.json",
        {
            "model": trained.spec.name,
            "model_version": trained.version,
            "label_source": trained.label_source,
            "quarters": trained.quarters,
            "rounds": trained.rounds,
            **trained.metrics,
        },
    )
    return folder
