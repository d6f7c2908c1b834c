"""Why a score is what it is: exact SHAP contributions in words, adding up to the raw score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.catalogue import Feature, load_catalogue
from features.words import reason, value_text
from models.boosting import matrix
from models.loaded import LoadedModel
from models.specs import KEYS
from models.themes import Grouping, codes_of, exact_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

COLUMNS = ("target", "feature", "value", "value_text", "contribution", "reason_zh", "reason_en")
MOST_REASONS = 8
#: The leading feature of so many themes is always told, however many features share the theme's contribution.
LEADING_THEMES = 3
OTHER = "other"


def explain(
    model: LoadedModel,
    features: pd.DataFrame,
    keys: set[str],
    catalogue: Mapping[str, Feature] | None = None,
    findings: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Reasons of the given subjects: the largest contributions by size, the rest in one row ``other``.

    Grain: one row a key and feature. Features of one theme stand together, the theme with the largest sum (by size)
    first, within it by size of contribution; ``other`` last. Everything that shows reasons keeps this order.
    ``contribution`` in log-odds; ``value`` is null for ``other`` and for a missing feature. Sentences begin with the
    theme. ``catalogue``: features by name, the grain's own when not given; ``findings``: the run's, so that counts of
    them stand with the themes they are about. Raises VerificationFailed when contributions do not sum to the raw score.
    """
    import numpy as np
    import pandas as pd

    chosen = features[features[model.spec.key].astype(str).isin(keys)]
    if chosen.empty:
        return empty_reasons(model.spec.grain)
    x = matrix(chosen, model.names)
    parts, raw = exact_parts(model, x)
    known = catalogue or {feature.name: feature for feature in load_catalogue().of(model.spec.grain)}
    subjects = list(chosen[model.spec.key].astype(str))
    grouping = Grouping(model, x, parts, None if findings is None else codes_of(findings, model.spec.key, subjects))
    words, size = _Words(model, known), np.abs(parts[:, :-1])
    by_size = np.argsort(-size, axis=1, kind="stable")
    rows: list[tuple[Any, ...]] = []
    for number, key in enumerate(subjects):
        order = _order(size[number], by_size[number], np.abs(grouping.totals[number]), grouping.place[number])
        told = [(n, *grouping.names(number, n)) for n in order]
        rows += _reasons_of(words, key, x[number], parts[number], told, float(raw[number]))
    return pd.DataFrame(rows, columns=[model.spec.key, *COLUMNS]).astype({"value": "float64"})


def _order(size: Any, by_size: Any, total: Any, place: Any) -> list[int]:
    """Features to be told, in order; ``place`` = the theme of each feature. Equal ones stay in the model's order."""
    ranked, sums, themes = by_size.tolist(), total.tolist(), place.tolist()
    first = sorted(range(len(sums)), key=lambda theme: -sums[theme])[:LEADING_THEMES]
    # A theme that only has a share of what another one tells has no feature of its own to lead.
    leading = [next((n for n in ranked if themes[n] == theme), None) for theme in first]
    told = list(dict.fromkeys([*(n for n in leading if n is not None), *ranked[:MOST_REASONS]]))[:MOST_REASONS]
    return sorted((n for n in told if size[n] > 0), key=lambda n: (-sums[themes[n]], themes[n], -size[n], n))


class _Words:
    """The texts of one model's features, each made once however many subjects share it."""

    def __init__(self, model: LoadedModel, known: Mapping[str, Feature]) -> None:
        self.model, self.names = model, model.names
        self._features = [known.get(name) for name in self.names]
        self._usual = [model.manifest["usual"].get(name, (None, None, None)) for name in self.names]
        self._made: dict[tuple[int, float | None], tuple[str, str, str]] = {}

    def of(self, n: int, value: float | None) -> tuple[str, str, str]:
        """Value, Chinese and English sentence of a feature."""
        if (n, value) not in self._made:
            low, _, high = self._usual[n]
            self._made[n, value] = _texts(self._features[n], self.names[n], value, low, high)
        return self._made[n, value]


def _reasons_of(
    words: _Words, key: str, x: Any, parts: Any, told: list[tuple[int, str, str]], raw: float
) -> list[tuple[Any, ...]]:
    target, rows = words.model.spec.target, []
    for n, theme_zh, theme_en in told:
        value = None if x[n] != x[n] else float(x[n])
        shown, zh, en = words.of(n, value)
        row = (key, target, words.names[n], value, shown, float(parts[n]), f"【{theme_zh}】{zh}", f"[{theme_en}] {en}")
        rows.append(row)
    # What is left is taken as the difference, so that the rows shown add up exactly.
    rest = raw - float(parts[-1]) - sum(row[5] for row in rows)
    return [*rows, (key, target, OTHER, None, "", rest, *_other(words.model))]


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
