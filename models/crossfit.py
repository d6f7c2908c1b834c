"""Fitting on some rows and scoring others: every score here comes from trees that never saw the row's group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.boosting import FOLDS, SEED, constraints, parameters
from models.curve_trees import as_booster
from models.curves import draw
from models.labels import RuleRows
from models.rule_precision import RulePrecision, fit
from models.specs import ModelSpec

MOST_ROUNDS, LEAST_ROUNDS = 600, 20
#: Weak labels are many and say little: more trees only learn the rules by heart.
MOST_ROUNDS_WEAK = 300
#: A fold stops growing when so many trees in a row brought nothing.
_PATIENCE = 60
#: Of targets between 0 and 1 too; for labels it is the binary log loss.
_LOSS = "cross_entropy"


@dataclass(frozen=True)
class Sheet:
    """Labelled rows as arrays: features, label 0/1, design weight (mean 1), fold; and how trees are grown.

    ``target`` (0..1) is what trees grow on and probabilities are fitted to: the label, softened where experts
    disagreed, or the chance that rules give. Rows with ``by_rule`` were judged by nobody: trees grow on what the rules
    that ``fired`` on them say, each believed as far as the verdicts of this very sheet allow; nothing else counts them.
    """

    spec: ModelSpec
    names: list[str]
    x: Any
    label: Any
    target: Any
    weight: Any
    fold: Any
    threads: int = 2
    seed: int = SEED
    weak: bool = False
    by_rule: Any = None
    rules: RuleRows | None = None

    def take(self, rows: Any) -> Sheet:
        """Some of the rows."""
        names = ("x", "label", "target", "weight", "fold", *(("by_rule",) if self.by_rule is not None else ()))
        rules = self.rules and replace(self.rules, fired=self.rules.fired[np.flatnonzero(_mask(rows, len(self.label)))])
        return replace(self, **{name: getattr(self, name)[rows] for name in names}, rules=rules)

    @property
    def judged(self) -> Any:
        """Which rows a person judged, or count as if."""
        return np.ones(len(self.label), dtype=bool) if self.by_rule is None else ~self.by_rule

    def believed(self) -> RulePrecision | None:
        """How far each rule is believed, by the verdicts of this very sheet; None where rules are not asked."""
        if self.rules is None:
            return None
        rules, judged = self.rules, self.judged
        return fit(rules.rules, rules.prior, rules.fired[judged], self.label[judged], self.growing_weight[judged])

    def grown_on(self) -> tuple[Any, Any]:
        """Targets and weights that trees grow on, rows that rules alone speak of among them."""
        believed = self.believed()
        if believed is None or self.rules is None:
            return self.target, self.growing_weight
        return np.where(self.judged, self.target, believed.chance(self.rules.fired)), self.growing_weight

    @property
    def growing_weight(self) -> Any:
        """The weight trees grow on: tempered, because the full design weight wastes most of a small sample."""
        weight, judged = self.weight**self.spec.weight_power, self.judged
        if not judged.any():
            return weight
        return np.where(judged, weight / weight[judged].mean(), self.weight)

    @property
    def most(self) -> int:
        """The most trees."""
        return MOST_ROUNDS_WEAK if self.weak else MOST_ROUNDS

    @property
    def fits(self) -> Any:
        """What probabilities are fitted to: the final word of a person, or the chance that rules give."""
        return self.target if self.weak else self.label

    @property
    def settings(self) -> dict[str, Any]:
        """All parameters of a training on these columns and targets."""
        soft = self.rules is not None or bool(((self.target > 0) & (self.target < 1)).any())
        # What rules alone say is known of many rows, and thresholds drawn by chance only blur it.
        sure = {"extra_trees": False} if self.weak else {}
        return {**parameters(self.spec, self.threads, self.seed, soft), **constraints(self.spec, self.names), **sure}

    @property
    def has_both(self) -> bool:
        """Whether both classes are there among the judged."""
        return len(np.unique(self.label[self.judged])) == 2

    def dataset(self, reference: Any = None) -> Any:
        """The rows as LightGBM takes them."""
        import lightgbm

        target, weight = self.grown_on()
        return lightgbm.Dataset(
            self.x,
            label=target,
            weight=weight,
            feature_name=self.names,
            reference=reference,
            free_raw_data=not self.spec.curves,
        )

    def start(self) -> Any:
        """The booster that trees grow upon: curves of the judged rows; None where the specification wants none."""
        if not self.spec.curves or self.weak:
            return None
        judged, signs = self.judged, dict(self.spec.constrained)
        curves = draw(
            self.x[judged],
            self.label[judged],
            self.growing_weight[judged],
            self.spec.freedom(self.names),
            np.array([signs.get(name, 0) for name in self.names]),
            self.spec.says(self.names),
        )
        return as_booster(curves, self.x, self.names, self.settings["objective"])


@dataclass(frozen=True)
class Held:
    """Raw scores of the rows by trees of other groups, and the number of trees that served the whole best."""

    raw: Any
    rounds: int


def _mask(rows: Any, count: int) -> Any:
    chosen = np.zeros(count, dtype=bool)
    chosen[rows] = True
    return chosen


def grow(sheet: Sheet, rounds: int) -> Any:
    """A booster of so many trees on all rows of the sheet, upon its curves where the specification wants them."""
    import lightgbm

    start = sheet.start()
    if start is not None and not rounds:
        return start
    return lightgbm.train(sheet.settings, sheet.dataset(), num_boost_round=rounds, init_model=start)


def cross_fit(sheet: Sheet) -> Held:
    """Score every row by trees grown on the other folds.

    The number of trees for a fold is the one that served the *other* folds best, so that no row's own label chose it;
    upon curves they stay where their gain there was clear (``tree_gain``). Bounded by ``sheet.most``. A row whose fold
    cannot be held out scores 0 (log-odds of a coin).
    """
    grown = {}
    for number in range(FOLDS):
        inside, outside = sheet.take(sheet.fold != number), sheet.take((sheet.fold == number) & sheet.judged)
        if inside.has_both and len(outside.label):
            grown[number] = _watched(inside, outside)
    rounds = {number: _best(_others(grown, number)) for number in grown}
    gains = {number: one.gains(rounds[number]) if sheet.spec.tree_gain else None for number, one in grown.items()}
    raw = np.zeros(len(sheet.label))
    for number, one in grown.items():
        rows, clear = sheet.fold == number, _clear(_others(gains, number), sheet.spec.tree_gain)
        raw[rows] = one.raw(sheet.x[rows], rounds[number] if clear else 0)
    return Held(raw, _best(list(grown.values())) if _clear(list(gains.values()), sheet.spec.tree_gain) else 0)


def _others(parts: dict[int, Any], number: int) -> list[Any]:
    return [part for place, part in parts.items() if place != number]


def _clear(gains: list[Any], times: float) -> bool:
    """Whether trees gain so many standard errors upon curves that they stay; without curves they stay anyhow."""
    if not gains or any(part is None for part in gains):
        return True
    together = np.concatenate(gains)
    return bool(together.sum() > times * np.sqrt((together**2).sum()))


@dataclass(frozen=True)
class _Grown:
    """A booster whose ``first`` trees are curves, and the summed loss ``outside`` after each number of more trees, from 0."""

    booster: Any
    first: int
    losses: Any
    outside: Sheet

    def raw(self, x: Any, rounds: int) -> Any:
        """Raw scores by so many trees upon the curves."""
        return self.booster.predict(x, raw_score=True, num_iteration=self.first + rounds)

    def gains(self, rounds: int) -> Any:
        """By how much so many trees lower the loss of each row outside that curves alone leave; None without curves."""
        if not self.first:
            return None
        target, weight = self.outside.grown_on()
        before, after = self.raw(self.outside.x, 0), self.raw(self.outside.x, rounds)
        return weight * (np.logaddexp(0, before) - np.logaddexp(0, after) - target * (before - after))


def _watched(inside: Sheet, outside: Sheet) -> _Grown:
    """Trees grown until they bring nothing to the rows outside."""
    import lightgbm

    history: dict[str, Any] = {}
    train_set, start = inside.dataset(), inside.start()
    outside_set = outside.dataset(train_set)
    booster = lightgbm.train(
        {**inside.settings, "metric": _LOSS},
        train_set,
        num_boost_round=inside.most,
        valid_sets=[outside_set],
        init_model=start,
        callbacks=[
            lightgbm.record_evaluation(history),
            lightgbm.early_stopping(_PATIENCE, verbose=False),
        ],
    )
    first, nothing = (0, np.inf) if start is None else (start.num_trees(), _loss_of(start, outside))
    losses = np.append(nothing, history["valid_0"][_LOSS]) * float(outside.growing_weight.sum())
    # A fold that stopped early counts on with its last loss, so that all folds have the same length.
    return _Grown(booster, first, np.append(losses, np.full(inside.most + 1 - len(losses), losses[-1])), outside)


def _loss_of(booster: Any, outside: Sheet) -> float:
    raw, (target, weight) = booster.predict(outside.x, raw_score=True), outside.grown_on()
    return float(np.average(np.logaddexp(0, raw) - target * raw, weights=weight))


def _best(grown: list[_Grown]) -> int:
    """The number of trees with the least loss: none where curves say all, else at least a few."""
    least = 0 if grown and grown[0].first else LEAST_ROUNDS
    return max(least, int(np.argmin(np.sum([one.losses for one in grown], axis=0)))) if grown else least
