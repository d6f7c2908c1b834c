"""Why a score is what it is: exact SHAP contributions in words, adding up to the raw score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.catalogue import load_catalogue
from features.words import reason, value_text
from models.boosting import matrix
from models.loaded import LoadedModel
from models.specs import KEYS

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("target", "feature", "value", "value_text", "contribution", "reason_zh", "reason_en")
MOST_REASONS = 8
_TOLERANCE = 1e-6


def explain(model: LoadedModel, features: pd.DataFrame, keys: set[str]) -> pd.DataFrame:
    """Reasons of the given subjects: the largest contributions by size, the rest in one row ``other``.

    Grain: one row a key and feature, by key and size of contribution. ``value`` is null for ``other`` and for a
    missing feature. Raises AssertionError if contributions did not sum to the raw score. Source: the exact
    tree contributions of LightGBM, which shap's TreeExplainer delegates to.
    """
    import numpy as np
    import pandas as pd

    chosen = features[features[model.spec.key].astype(str).isin(keys)]
    if chosen.empty:
        return empty_reasons(model.spec.grain)
    x = matrix(chosen, model.names)
    parts = model.booster.predict(x, pred_contrib=True)
    raw = model.booster.predict(x, raw_score=True)
    assert np.abs(parts.sum(axis=1) - raw).max() < _TOLERANCE, "contributions do not add up to the score"
    rows: list[tuple[Any, ...]] = []
    for number, key in enumerate(chosen[model.spec.key].astype(str)):
        rows += _reasons_of(model, key, x[number], parts[number], float(raw[number]))
    return pd.DataFrame(rows, columns=[model.spec.key, *COLUMNS])


def _reasons_of(model: LoadedModel, key: str, x: Any, parts: Any, raw: float) -> list[tuple[Any, ...]]:
    catalogue = {feature.name: feature for feature in load_catalogue().of(model.spec.grain)}
    usual = model.manifest["usual"]
    size = sorted(range(len(model.names)), key=lambda n: (-abs(parts[n]), model.names[n]))
    top = [n for n in size[:MOST_REASONS] if parts[n] != 0]
    target, rows = model.spec.target, []
    for n in top:
        feature = catalogue[model.names[n]]
        value = None if x[n] != x[n] else float(x[n])
        low, _, high = usual.get(feature.name, (None, None, None))
        rows.append(
            (key, target, feature.name, value, value_text(feature, value), float(parts[n]),
             reason(feature, value, low, high, "zh"), reason(feature, value, low, high, "en"))
        )  # fmt: skip
    # What is left is taken as the difference, so that the rows shown add up exactly.
    rest = raw - float(parts[-1]) - sum(row[5] for row in rows)
    rows.append((key, target, "other", None, "", rest, "其余特征合计", "all other features together"))
    return rows


def empty_reasons(grain: str) -> pd.DataFrame:
    """A reason table without rows, typed."""
    import pandas as pd

    kinds = {"value": "float64", "contribution": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "str")) for name in (KEYS[grain], *COLUMNS)})
