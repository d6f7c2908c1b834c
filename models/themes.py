"""Contributions by theme: what a score rests on once features that say the same thing are taken together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.themes import Theme, themes_of
from models.boosting import matrix
from models.loaded import LoadedModel
from records.errors import VerificationFailed

if TYPE_CHECKING:
    import pandas as pd

#: Where features go that the catalogue of today does not know.
UNKNOWN = Theme("unknown", "其他特征", "other features", (), ())
_TOLERANCE = 1e-6


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
    each theme, rows x themes, which add up as the features' do. A theme that is shared out (``Theme.by_count``)
    leaves its contributions to the themes of what was counted, and its features stand with the one that got most.
    """

    def __init__(self, model: LoadedModel, x: Any, parts: Any) -> None:
        known = themes_of(model.spec.grain)
        mine = [known.get(name, UNKNOWN) for name in model.names]
        self.themes = [theme for theme in (*dict.fromkeys(known.values()), UNKNOWN) if theme in mine]
        own = np.array([self.themes.index(theme) for theme in mine], dtype=int)
        self.place = np.tile(own, (len(x), 1))
        # Not a matrix product: its last bits depend on how many rows there are, and with them the order of equals.
        sums = [parts[:, np.flatnonzero(own == n)].sum(axis=1) for n in range(len(self.themes))]
        self.totals = np.column_stack(sums)
        for n, theme in enumerate(self.themes):
            counted = [place for place, name in enumerate(model.names) if name in theme.by_count]
            if counted:
                self._share_out(n, np.flatnonzero(own == n), x[:, counted], own[counted])

    def _share_out(self, theme: int, members: Any, counts: Any, receivers: Any) -> None:
        """Give a theme's contributions to others, in proportion to the counts of what is theirs."""
        counts = np.nan_to_num(counts)
        whole = counts.sum(axis=1)
        rows = np.flatnonzero(whole > 0)
        share = counts[rows] / whole[rows, None]
        given = self.totals[rows, theme]
        self.totals[rows, theme] = 0.0
        for column, receiver in enumerate(receivers):
            self.totals[rows, receiver] += share[:, column] * given
        # Of equal shares the theme that explains more of the score takes the features.
        most = share == share.max(axis=1, keepdims=True)
        size = np.where(most, np.abs(self.totals[rows][:, receivers]), -1.0)
        self.place[np.ix_(rows, members)] = receivers[size.argmax(axis=1)][:, None]


def theme_table(model: LoadedModel, features: pd.DataFrame, keys: set[str]) -> pd.DataFrame:
    """The themes of the given subjects, with what the score would be if a theme were as usual.

    Grain: one row a key and theme, the largest contribution (log-odds, by size) first, as in the reasons; the
    contributions and the base value sum to the raw score. ``score`` and ``score_if_usual`` are probabilities; the
    latter with every feature of the theme at the median of the training quarters (missing where all were missing)
    and nothing else changed.
    """
    import pandas as pd

    chosen = features[features[model.spec.key].astype(str).isin(keys)].sort_values(model.spec.key)
    x = matrix(chosen, model.names)
    parts, raw = exact_parts(model, x)
    grouping, score = Grouping(model, x, parts), model.calibration.apply(raw)
    usual = [_score_if_usual(model, x, grouping.place == n) for n in range(len(grouping.themes))]
    rows = []
    for number, key in enumerate(chosen[model.spec.key].astype(str)):
        total = grouping.totals[number]
        for n in np.argsort(-np.abs(total), kind="stable"):
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
