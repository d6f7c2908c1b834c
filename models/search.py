"""A bounded search of tree settings: a few candidates, drawn from a seed, judged by the loss of rows held out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from models.calibration import fit_best, log_loss
from models.crossfit import Sheet, cross_fit

#: What may be tried. Every value is one that a training of few or of many labels could want.
SPACE: dict[str, tuple[Any, ...]] = {
    "num_leaves": (4, 6, 10, 16, 31),
    "learning_rate": (0.03, 0.05, 0.08),
    "min_data_in_leaf": (3, 5, 10, 20),
    "path_smooth": (0.0, 2.0, 5.0, 10.0),
    "feature_fraction": (0.2, 0.4, 0.7),
    "lambda_l2": (0.5, 2.0, 5.0),
    "extra_trees": (False, True),
}
#: Settings of the specification stay unless the loss falls by this part of it.
_LEAST_GAIN = 0.005


def search(sheet: Sheet, quarters: Any, trials: int) -> dict[str, Any]:
    """The settings that serve best among the specification's and ``trials`` others.

    Judged by the weighted log loss of calibrated scores across the folds of the sheet, on rows older than the newest
    quarter where there are several, so that the test chooses nothing. The same sheet gives the same settings.
    """
    own = dict(sheet.spec.parameters)
    older = quarters < max(quarters)
    past = sheet.take(older) if sheet.take(older).has_both else sheet
    chance = np.random.default_rng(sheet.seed)
    best, least = own, _loss(past, own) * (1 - _LEAST_GAIN)
    for _ in range(trials):
        drawn = {name: values[int(chance.integers(len(values)))] for name, values in SPACE.items()}
        loss = _loss(past, {**own, **drawn})
        if loss < least:
            best, least = {**own, **drawn}, loss
    return best


def _loss(sheet: Sheet, settings: dict[str, Any]) -> float:
    tried = replace(sheet, spec=replace(sheet.spec, parameters=tuple(sorted(settings.items()))))
    held, judged = cross_fit(tried), tried.judged
    raw, target, weight, fold = held.raw[judged], tried.fits[judged], tried.weight[judged], tried.fold[judged]
    return log_loss(target, fit_best(raw, target, weight, fold).apply(raw), weight)
