"""LightGBM, set up so that the same data, seed and threads give the same model file."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.specs import ModelSpec

if TYPE_CHECKING:
    import pandas as pd

SEED = 20260701
FOLDS = 5
#: Below so many cells a second thread gains nothing, loses much on a busy machine, and could change the last bits.
_CELLS_FOR_THREADS = 2_000_000
#: Of very many rows the learning rate is so many times that of the specification, and at most so much.
_FASTER, _MOST_RATE = 4.0, 0.2


def threads_for(cells: int, threads: int) -> int:
    """Threads for a table of so many cells: a small one gives the same model whatever the machine."""
    return threads if cells >= _CELLS_FOR_THREADS else 1


def parameters(spec: ModelSpec, threads: int, seed: int = SEED, soft: bool = False) -> dict[str, Any]:
    """All parameters of a training. ``soft``: targets lie between 0 and 1 too; the loss is the same."""
    return {
        "objective": "cross_entropy" if soft else "binary",
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "seed": seed,
        **dict(spec.parameters),
    }


def faster(spec: ModelSpec) -> ModelSpec:
    """The specification for very many rows: each tree says more, so that fewer do.

    Small steps guard against the noise of few labels, and so do thresholds drawn by chance; of many they only cost time.
    """
    given = dict(spec.parameters)
    rate = max(given["learning_rate"], min(_MOST_RATE, _FASTER * given["learning_rate"]))
    return replace(spec, parameters=tuple(sorted({**given, "learning_rate": rate, "extra_trees": False}.items())))


def constraints(spec: ModelSpec, names: list[str]) -> dict[str, Any]:
    """What the specification demands of features, in the order of the columns; nothing where none is demanded."""
    signs = [dict(spec.constrained).get(name, 0) for name in names]
    return {"monotone_constraints": signs} if any(signs) else {}


def matrix(features: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Features as numbers in the given order; a missing value or column is NaN."""
    found = np.full((len(features), len(names)), np.nan)
    for place, name in enumerate(names):
        if name in features.columns:
            found[:, place] = features[name].astype("float64").to_numpy(dtype=float, na_value=np.nan)
    return found


def folds(groups: pd.Series, count: int = FOLDS) -> np.ndarray:
    """Fold number of each row, whole groups together; the same groups always fall into the same folds."""
    return np.array([zlib.crc32(str(group).encode()) % count for group in groups], dtype=int)
