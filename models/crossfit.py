"""Fitting on some rows and scoring others: every score here comes from trees that never saw the row's group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.boosting import FOLDS, SEED, parameters
from models.specs import ModelSpec

MOST_ROUNDS, LEAST_ROUNDS = 600, 20
#: Weak labels are many and say little: more trees only learn the rules by heart.
MOST_ROUNDS_WEAK = 300
#: A fold stops growing when so many trees in a row brought nothing.
_PATIENCE = 60


@dataclass(frozen=True)
class Sheet:
    """Labelled rows as arrays: features, label 0/1, design weight (mean 1), fold; and how trees are grown."""

    spec: ModelSpec
    names: list[str]
    x: Any
    label: Any
    weight: Any
    fold: Any
    threads: int = 2
    seed: int = SEED
    most: int = MOST_ROUNDS

    def take(self, rows: Any) -> Sheet:
        """Some of the rows."""
        return replace(self, x=self.x[rows], label=self.label[rows], weight=self.weight[rows], fold=self.fold[rows])

    @property
    def growing_weight(self) -> Any:
        """The weight trees grow on: tempered, because the full design weight wastes most of a small sample."""
        weight = self.weight**self.spec.weight_power
        return weight / weight.mean() if len(weight) else weight

    @property
    def has_both(self) -> bool:
        """Whether both classes are there."""
        return len(np.unique(self.label)) == 2

    def dataset(self, reference: Any = None) -> Any:
        """The rows as LightGBM takes them."""
        import lightgbm

        return lightgbm.Dataset(
            self.x, label=self.label, weight=self.growing_weight, feature_name=self.names, reference=reference
        )


@dataclass(frozen=True)
class Held:
    """Raw scores of the rows by trees of other groups, and the number of trees that served the whole best."""

    raw: Any
    rounds: int


def grow(sheet: Sheet, rounds: int) -> Any:
    """A booster of so many trees on all rows of the sheet."""
    import lightgbm

    settings = parameters(sheet.spec, sheet.threads, sheet.seed)
    return lightgbm.train(settings, sheet.dataset(), num_boost_round=rounds)


def cross_fit(sheet: Sheet) -> Held:
    """Score every row by trees grown on the other folds.

    The number of trees for a fold is the one that served the *other* folds best, so that no row's own label
    chose it. Bounded by ``sheet.most``. A row whose fold cannot be held out scores 0 (log-odds of a coin).
    """
    grown = {}
    for number in range(FOLDS):
        inside, outside = sheet.take(sheet.fold != number), sheet.take(sheet.fold == number)
        if inside.has_both and len(outside.label):
            grown[number] = _watched(inside, outside)
    raw = np.zeros(len(sheet.label))
    for number, (booster, _) in grown.items():
        others = [losses for other, (_, losses) in grown.items() if other != number]
        rows = sheet.fold == number
        raw[rows] = booster.predict(sheet.x[rows], raw_score=True, num_iteration=_best(others))
    return Held(raw, _best([losses for _, losses in grown.values()]))


def _watched(inside: Sheet, outside: Sheet) -> tuple[Any, Any]:
    """A booster, and the summed loss on the rows outside after each tree."""
    import lightgbm

    history: dict[str, Any] = {}
    train_set = inside.dataset()
    booster = lightgbm.train(
        {**parameters(inside.spec, inside.threads, inside.seed), "metric": "binary_logloss"},
        train_set,
        num_boost_round=inside.most,
        valid_sets=[outside.dataset(train_set)],
        callbacks=[
            lightgbm.record_evaluation(history),
            lightgbm.early_stopping(_PATIENCE, verbose=False),
        ],
    )
    losses = np.array(history["valid_0"]["binary_logloss"]) * float(outside.growing_weight.sum())
    # A fold that stopped early counts on with its last loss, so that all folds have the same length.
    return booster, np.append(losses, np.full(inside.most - len(losses), losses[-1]))


def _best(losses: list[Any]) -> int:
    if not losses:
        return LEAST_ROUNDS
    return max(LEAST_ROUNDS, int(np.argmin(np.sum(losses, axis=0))) + 1)
