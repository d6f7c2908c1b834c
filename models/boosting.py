"""LightGBM, set up so that the same data, seed and threads give the same model file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.specs import ModelSpec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SEED = 20260701
MOST_ROUNDS = 250


def parameters(spec: ModelSpec, threads: int) -> dict[str, Any]:
    """All parameters of a training."""
    return {
        "objective": "binary",
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "seed": SEED,
        **dict(spec.parameters),
    }


def matrix(features: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Features as numbers in the given order; a missing value or column is NaN."""
    import numpy as np

    table = features.reindex(columns=names)
    return (
        np.column_stack(
            [table[name].astype("float64").to_numpy(dtype=float, na_value=np.nan) for name in names]
        )
        if names
        else np.empty((len(features), 0))
    )


def grow(
    spec: ModelSpec, x: np.ndarray, label: Any, weight: Any, rounds: int, threads: int, names: list[str]
) -> Any:
    """A booster of so many trees."""
    import lightgbm

    data = lightgbm.Dataset(x, label=label, weight=weight, feature_name=names, free_raw_data=False)
    return lightgbm.train(parameters(spec, threads), data, num_boost_round=rounds)


def folds(groups: pd.Series, count: int) -> np.ndarray:
    """Fold number of each row, whole groups together; the same groups always fall into the same folds."""
    import zlib

    import numpy as np

    return np.array([zlib.crc32(str(group).encode()) % count for group in groups])
