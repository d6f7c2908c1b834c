"""Drift of features and scores against the training quarters, as effect sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosting import matrix
from models.loaded import LoadedModel

if TYPE_CHECKING:
    import pandas as pd

#: A population stability index beyond these is worth a look, or is large.
NOTICE, LARGE = 0.1, 0.25
LEVELS = ("ok", "notice", "large")
SCORE = "(score)"


def drift(model: LoadedModel, features: pd.DataFrame) -> pd.DataFrame:
    """How far the raw score and each feature have moved since training.

    Grain: one row a feature and one for the score, named "(score)"; the furthest first. feature, before and now
    (medians; NaN = all missing), shift (population stability index over deciles and the missing, less what so
    few rows would give by chance; >= 0), level (ok, notice, large). Size alone fires nothing.
    """
    import pandas as pd

    x = matrix(features, model.names)
    # What scores of prescriptions feed is no feature of the file, and moves with those scores.
    groups = model.manifest.get("groups", {})
    columns = {name: x[:, place] for place, name in enumerate(model.names) if groups.get(name) != "fed"}
    columns[SCORE] = model.booster.predict(x, raw_score=True) if len(x) else np.array([])
    rows = [row for name, values in columns.items() if (row := _row(model, name, values)) is not None]
    frame = pd.DataFrame(rows, columns=["feature", "before", "now", "shift", "level"])
    return frame.sort_values(["shift", "feature"], ascending=[False, True], ignore_index=True)


def worst(moved: pd.DataFrame) -> str:
    """The worst level of a drift table: ok, notice or large."""
    return max(moved["level"], key=LEVELS.index, default="ok")


def _row(model: LoadedModel, name: str, values: Any) -> tuple[str, float, float, float, str] | None:
    then = model.distribution("" if name == SCORE else name)
    if then is None or not len(values):
        return None
    shift = then.moved(values)
    level = LEVELS[int(shift >= NOTICE) + int(shift >= LARGE)]
    return name, _middle(then.limits), _median(values), shift, level


def _middle(limits: list[float]) -> float:
    """The limit in the middle of the bins stands for the median."""
    return limits[len(limits) // 2] if limits else float("nan")


def _median(values: Any) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")
