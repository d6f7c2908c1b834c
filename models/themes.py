"""Contributions by theme: what a score rests on once features that say the same thing are taken together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.themes import Theme, counted, load_themes, theme_of_code, themes_of
from models.boosting import matrix
from models.loaded import LoadedModel
from records.errors import VerificationFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

#: Where features go that the catalogue of today does not know.
UNKNOWN = Theme("unknown", "其他特征", "other features", (), ())
#: What a model of prescriptions feeds a model of another grain (``models.feeding``).
FED = Theme("prescriptions", "处方评分", "scores of the prescriptions", (), ())
_TOLERANCE = 1e-6
#: A theme whose contributions all went elsewhere keeps only what rounding left.
_NOTHING = 1e-12


def exact_parts(model: LoadedModel, x: Any) -> tuple[Any, Any]:
    """Contributions (rows x features and the base value last, log-odds) and raw scores of a matrix.

    Raises VerificationFailed when they do not sum. Source: the exact tree contributions of LightGBM, which shap's
    TreeExplainer delegates to.
    """
    parts = model.booster.predict(x, pred_contrib=True)
    raw = model.booster.predict(x, raw_score=True)
    if len(x) and np.abs(parts.sum(axis=1) - raw).max() >= _TOLERANCE:
        raise VerificationFailed(f"The reasons of {model.spec.name} do not add up to its scores: train it again.")
    return parts, raw


class Grouping:
    """The themes of a model's features on given rows.

    ``place`` = the theme of each feature, rows x features, as a number in ``themes``; ``totals`` = contribution of
    each theme, rows x themes, which add up as the features' do. ``codes`` = item and fund codes of each row's
    findings, one mention a finding: what features that count findings contribute goes in equal parts to the themes of
    the codes they counted, and such a feature stands with the largest of them. None = the findings are not known.
    """

    def __init__(self, model: LoadedModel, x: Any, parts: Any, codes: Sequence[Sequence[str]] | None = None) -> None:
        known = themes_of(model.spec.grain)
        self.themes = [*load_themes(), FED, UNKNOWN]
        groups = model.manifest.get("groups", {})
        number = {theme.name: n for n, theme in enumerate(self.themes)}
        others = (FED if groups.get(name) == "fed" else UNKNOWN for name in model.names)
        own = np.array(
            [number[known.get(name, other).name] for name, other in zip(model.names, others, strict=True)], dtype=int
        )
        self.place = np.tile(own, (len(x), 1))
        # Not a matrix product: its last bits depend on how many rows there are, and with them the order of equals.
        sums = [parts[:, np.flatnonzero(own == n)].sum(axis=1) for n in range(len(self.themes))]
        self.totals = np.column_stack(sums)
        self._several: dict[tuple[int, int], list[int]] = {}
        begins = counted()
        counts = [(n, begins[name]) for n, name in enumerate(model.names) if name in begins]
        for row, mentioned in enumerate(codes or ()):
            told = [(code, number[theme.name]) for code in mentioned if (theme := theme_of_code(code))]
            given = {n: [to for code, to in told if code.startswith(begin)] for n, begin in counts if x[row, n] > 0}
            self._share_out(row, parts[row], {n: to for n, to in given.items() if to})

    def _share_out(self, row: int, parts: Any, given: dict[int, list[int]]) -> None:
        """Give what features contribute to other themes, equal parts to each mention."""
        totals = self.totals[row]
        for n, receivers in given.items():
            totals[self.place[row, n]] -= parts[n]
            for receiver in receivers:
                totals[receiver] += parts[n] / len(receivers)
        for n, receivers in given.items():
            # The theme that explains most of the score takes the feature, and the others are named with it.
            told = sorted(set(receivers), key=lambda to: (-abs(totals[to]), to))
            self.place[row, n], self._several[row, n] = told[0], told

    def names(self, row: int, feature: int) -> tuple[str, str]:
        """The themes that a feature of a row is told under, in Chinese and English."""
        told = self._several.get((row, feature))
        if told is None:
            theme = self.themes[self.place[row, feature]]
            return theme.zh, theme.en
        return "、".join(self.themes[n].zh for n in told), "; ".join(self.themes[n].en for n in told)


def codes_of(findings: pd.DataFrame, key: str, keys: Sequence[str]) -> list[list[str]]:
    """Item and fund codes of the findings about each of the given subjects, each code once a finding.

    ``findings``: the contract's table; ``key``: its column of the grain.
    """
    by_key: dict[str, list[str]] = {name: [] for name in keys}
    mine = findings[findings[key].isin(by_key)]
    for name, items, funds in zip(mine[key], mine["item_codes"], mine["fund_codes"], strict=True):
        words = " ".join(text for text in (items, funds) if isinstance(text, str)).replace(",", " ").split()
        by_key[str(name)] += dict.fromkeys(words)
    return [sorted(by_key[name]) for name in keys]


def theme_table(
    model: LoadedModel, features: pd.DataFrame, keys: set[str], findings: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The themes of the given subjects, with what the score would be if a theme were as usual.

    Grain: one row a key and theme, the largest contribution (log-odds, by size) first, as in the reasons; the
    contributions and the base value sum to the raw score. ``score`` and ``score_if_usual`` are probabilities; the
    latter with every feature of the theme at the median of the training quarters (missing where all were missing)
    and nothing else changed. Themes without a contribution are left out. ``findings``: see ``Grouping``.
    """
    import pandas as pd

    chosen = features[features[model.spec.key].astype(str).isin(keys)].sort_values(model.spec.key)
    x = matrix(chosen, model.names)
    parts, raw = exact_parts(model, x)
    subjects = list(chosen[model.spec.key].astype(str))
    codes = None if findings is None else codes_of(findings, model.spec.key, subjects)
    grouping, score = Grouping(model, x, parts, codes), model.calibration.apply(raw)
    usual = [_score_if_usual(model, x, grouping.place == n) for n in range(len(grouping.themes))]
    rows = []
    for number, key in enumerate(subjects):
        total = grouping.totals[number]
        for n in (n for n in np.argsort(-np.abs(total), kind="stable") if abs(total[n]) > _NOTHING):
            theme = grouping.themes[n]
            words = (key, model.spec.target, theme.name, theme.zh, theme.en)
            rows.append((*words, total[n], score[number], usual[n][number]))
    names = ["target", "theme", "theme_zh", "theme_en", "contribution", "score", "score_if_usual"]
    return pd.DataFrame(rows, columns=[model.spec.key, *names])


def _score_if_usual(model: LoadedModel, x: Any, members: Any) -> Any:
    """Probabilities with some cells (``members``, rows x features) at the peers' median."""
    middles = [model.manifest["usual"].get(name, (None, None, None))[1] for name in model.names]
    changed = np.where(members, np.array([np.nan if middle is None else middle for middle in middles]), x)
    return model.calibration.apply(model.booster.predict(changed, raw_score=True))
