"""Why a score is what it is: exact SHAP contributions in words, adding up to the raw score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.catalogue import Feature, load_catalogue
from features.words import reason, value_text
from models.boosting import matrix
from models.loaded import LoadedModel
from models.specs import KEYS
from records.errors import VerificationFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

COLUMNS = ("target", "feature", "value", "value_text", "contribution", "reason_zh", "reason_en")
MOST_REASONS = 8
OTHER = "other"
_TOLERANCE = 1e-6


def explain(
    model: LoadedModel,
    features: pd.DataFrame,
    keys: set[str],
    catalogue: Mapping[str, Feature] | None = None,
) -> pd.DataFrame:
    """Reasons of the given subjects: the largest contributions by size, the rest in one row ``other``.

    Grain: one row a key and feature, by key and size of contribution, ``other`` last. ``contribution`` in
    log-odds; ``value`` is null for ``other`` and for a missing feature. ``catalogue``: features by name, the
    grain's own when not given. Raises VerificationFailed when contributions do not sum to the raw score. Source:
    the exact tree contributions of LightGBM, which shap's TreeExplainer delegates to.
    """
    import numpy as np
    import pandas as pd

    chosen = features[features[model.spec.key].astype(str).isin(keys)]
    if chosen.empty:
        return empty_reasons(model.spec.grain)
    x = matrix(chosen, model.names)
    parts = model.booster.predict(x, pred_contrib=True)
    raw = model.booster.predict(x, raw_score=True)
    if np.abs(parts.sum(axis=1) - raw).max() >= _TOLERANCE:
        raise VerificationFailed(f"The reasons of {model.spec.name} do not add up to its scores: train it again.")
    known = catalogue or {feature.name: feature for feature in load_catalogue().of(model.spec.grain)}
    words = [known.get(name) for name in model.names]
    rows: list[tuple[Any, ...]] = []
    order = np.argsort(-np.abs(parts[:, :-1]), axis=1, kind="stable")[:, :MOST_REASONS]
    for number, key in enumerate(chosen[model.spec.key].astype(str)):
        rows += _reasons_of(model, words, key, x[number], parts[number], order[number], float(raw[number]))
    return pd.DataFrame(rows, columns=[model.spec.key, *COLUMNS]).astype({"value": "float64"})


def _reasons_of(
    model: LoadedModel, words: list[Feature | None], key: str, x: Any, parts: Any, order: Any, raw: float
) -> list[tuple[Any, ...]]:
    target, rows = model.spec.target, []
    for n in (n for n in order if parts[n] != 0):
        name, value = model.names[n], None if x[n] != x[n] else float(x[n])
        low, _, high = model.manifest["usual"].get(name, (None, None, None))
        texts = _texts(words[n], name, value, low, high)
        rows.append((key, target, name, value, texts[0], float(parts[n]), *texts[1:]))
    # What is left is taken as the difference, so that the rows shown add up exactly.
    rest = raw - float(parts[-1]) - sum(row[5] for row in rows)
    rows.append((key, target, OTHER, None, "", rest, *_other(model)))
    return rows


def _texts(feature: Feature | None, name: str, value: float | None, low: Any, high: Any) -> tuple[str, str, str]:
    """Value, Chinese and English sentence. A feature that has left the catalogue is told by its name."""
    if feature is None:
        shown = "" if value is None else f"{value:g}"
        return shown, f"{name} = {shown or '缺失'}", f"{name} = {shown or 'missing'}"
    return (
        value_text(feature, value),
        reason(feature, value, low, high, "zh"),
        reason(feature, value, low, high, "en"),
    )


def _other(model: LoadedModel) -> tuple[str, str]:
    zh, en = "其余特征合计", "all other features together"
    if model.is_weak:
        return f"{zh}（模型仅由规则发现训练，未经人工评判）", f"{en} (a model of rule findings, judged by nobody)"
    return zh, en


def empty_reasons(grain: str) -> pd.DataFrame:
    """A reason table without rows, typed."""
    import pandas as pd

    kinds = {"value": "float64", "contribution": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=kinds.get(name, "str")) for name in (KEYS[grain], *COLUMNS)})
