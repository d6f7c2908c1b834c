"""Logistic regression on the same rows, as a rival that shows what trees are worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from models.crossfit import Sheet

#: More rows than this teach a few dozen coefficients nothing; the fit takes every n-th.
_MOST_ROWS = 20_000


def logistic(sheet: Sheet) -> Callable[[Any], Any]:
    """A function from features to log-odds, fitted on the sheet with the weight that its trees grow on.

    Missing values become the median; each feature is drawn to the ranks of its training values, from -1 to 1, so that
    no amount carries the fit away; ridge of strength 1.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import QuantileTransformer

    rows = np.arange(0, len(sheet.label), max(1, -(-len(sheet.label) // _MOST_ROWS)))
    if len(np.unique(sheet.label[rows])) < 2:
        rows = np.arange(len(sheet.label))
    middle = np.nan_to_num(np.nanmedian(np.vstack([sheet.x[rows], np.zeros(sheet.x.shape[1])]), axis=0))
    ranks = QuantileTransformer(n_quantiles=min(100, len(rows)), subsample=None)

    def ready(x: Any, fit: bool = False) -> Any:
        filled = np.where(np.isnan(x), middle, x)
        return 2 * (ranks.fit_transform(filled) if fit else ranks.transform(filled)) - 1

    model = LogisticRegression(max_iter=1000)
    model.fit(ready(sheet.x[rows], fit=True), sheet.label[rows], sample_weight=sheet.growing_weight[rows])
    return lambda x: model.decision_function(ready(x))
