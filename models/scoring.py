"""Scores of every subject of a grain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.boosting import matrix
from models.loaded import LoadedModel
from models.specs import KEYS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "target",
    "score",
    "raw_score",
    "base_value",
    "rank",
    "flagged",
    "model_name",
    "model_version",
    "label_source",
)


_SLICE = 200_000


def score(model: LoadedModel, features: pd.DataFrame, top: int) -> pd.DataFrame:
    """Score a feature table of the model's grain; the ``top`` highest are flagged.

    Grain: one row a key, by key: the contract's columns of scores. Equal scores are ranked by key.
    """
    return ranked(model, features[model.spec.key], raw_scores(model, features), top)


def ranked(model: LoadedModel, keys: pd.Series, raw: Any, top: int) -> pd.DataFrame:
    """The score table of subjects whose raw scores are known; as ``score``."""
    import pandas as pd

    key = model.spec.key
    frame = pd.DataFrame({key: keys.astype(str), "target": model.spec.target})
    frame["score"] = model.calibration.apply(raw)
    frame["raw_score"] = raw
    frame["base_value"] = base_value(model)
    order = frame.assign(minus=-frame["raw_score"]).sort_values(["minus", key], kind="stable").index
    frame.loc[order, "rank"] = range(1, len(frame) + 1)
    frame["rank"] = frame["rank"].astype("int64")
    frame["flagged"] = frame["rank"] <= top
    frame["model_name"] = model.spec.slug
    frame["model_version"] = model.version
    frame["label_source"] = model.label_source
    return frame.sort_values(key, ignore_index=True)


def raw_scores(model: LoadedModel, features: pd.DataFrame) -> Any:
    """Log-odds before calibration, in slices so that memory does not grow with the city; missing columns are NaN."""
    import numpy as np

    parts = [
        model.booster.predict(matrix(features.iloc[start : start + _SLICE], model.names), raw_score=True)
        for start in range(0, len(features), _SLICE)
    ]
    return np.concatenate(parts) if parts else np.array([])


def base_value(model: LoadedModel) -> float:
    """Log-odds that the trees start from: the last column of the contributions, the same for every row."""
    import numpy as np

    row = np.full((1, len(model.names)), np.nan)
    return float(model.booster.predict(row, pred_contrib=True)[0, -1])


def empty_scores(grain: str) -> pd.DataFrame:
    """A score table of a grain that could not be scored: the columns and their types, no rows."""
    import pandas as pd

    kinds = {
        "score": "float64",
        "raw_score": "float64",
        "base_value": "float64",
        "rank": "int64",
        "flagged": "bool",
    }
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "str")) for name in (KEYS[grain], *COLUMNS)})
