"""Scores of every subject of a grain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.boosting import matrix
from models.fast_trees import raw_of
from models.loaded import LoadedModel
from models.specs import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    import numpy as np
    import pandas as pd

    key = model.spec.key
    frame = pd.DataFrame({key: keys.astype(str).to_numpy(), "raw": np.asarray(raw, dtype=float)})
    if not frame[key].is_monotonic_increasing:
        frame = frame.sort_values(key, kind="stable", ignore_index=True)
    values = frame.pop("raw").to_numpy()
    rank = np.empty(len(frame), dtype="int64")
    # In the order of the key, a stable sort ranks equal scores by key.
    rank[np.argsort(-values, kind="stable")] = np.arange(1, len(frame) + 1)
    return frame.assign(
        target=model.spec.target,
        score=model.calibration.apply(values),
        raw_score=values,
        base_value=base_value(model),
        rank=rank,
        flagged=rank <= top,
        model_name=model.spec.slug,
        model_version=model.version,
        label_source=model.label_source,
    )


def joined(parts: list[pd.DataFrame], grain: str) -> pd.DataFrame:
    """Score tables of several targets of a grain as one, by key and target."""
    import numpy as np
    import pandas as pd

    key = KEYS[grain]
    parts = sorted((part for part in parts if len(part)), key=lambda part: str(part["target"].iloc[0]))
    if not parts:
        return empty_scores(grain)
    frame = pd.concat(parts, ignore_index=True)
    if all(len(part) == len(parts[0]) and (part[key].array == parts[0][key].array).all() for part in parts[1:]):
        # The same subjects in the same order: no text is sorted.
        order = np.arange(len(frame)).reshape(len(parts), -1).T.ravel()
        return frame.take(order).reset_index(drop=True)
    return frame.sort_values([key, "target"], ignore_index=True)


def raw_of_batches(models: list[LoadedModel], batches: Iterable[Any]) -> tuple[pd.Series, list[Any]]:
    """Keys and the raw scores of each model of one grain, from Arrow batches of its features, in their order.

    A batch is read once for all models, so that memory does not grow with the city.
    """
    import numpy as np
    import pandas as pd

    names = sorted({name for model in models for name in model.names})
    place = {name: number for number, name in enumerate(names)}
    columns = [[place[name] for name in model.names] for model in models]
    keys: list[Any] = []
    raw: list[list[Any]] = [[] for _ in models]
    for batch in batches:
        keys.append(batch.column(models[0].spec.key))
        x = batch_matrix(batch, names)
        for model, chosen, found in zip(models, columns, raw, strict=True):
            whole = len(chosen) == len(names) and chosen == list(range(len(names)))
            found.append(raw_of(model.booster, x if whole else x[:, chosen]))
    together = [np.concatenate(found) if found else np.array([]) for found in raw]
    return pd.concat([part.to_pandas() for part in keys], ignore_index=True) if keys else pd.Series(dtype="str"), together


def batch_matrix(batch: Any, names: list[str]) -> Any:
    """Features of an Arrow batch as numbers in the given order; a missing value or column is NaN."""
    import numpy as np

    there = set(batch.schema.names)
    found = np.full((batch.num_rows, len(names)), np.nan)
    for number, name in enumerate(names):
        if name in there:
            column = batch.column(name)
            if str(column.type) == "bool":
                column = column.cast("uint8")
            found[:, number] = column.cast("float64").to_numpy(zero_copy_only=False)
    return found


def raw_scores(model: LoadedModel, features: pd.DataFrame) -> Any:
    """Log-odds before calibration; as ``raw_of_frame``."""
    return raw_of_frame(model.booster, features, model.names)


def raw_of_frame(booster: Any, features: pd.DataFrame, names: list[str]) -> Any:
    """Log-odds by a booster of so named features, in slices so that memory does not grow; missing columns are NaN."""
    import numpy as np

    parts = [raw_of(booster, matrix(features.iloc[start : start + _SLICE], names)) for start in range(0, len(features), _SLICE)]
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
