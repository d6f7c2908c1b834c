"""What no rule and no label covers: prescriptions that stand far out in several ways, as others of their day do too.

Each feature's value is told by how few of the quarter lie as far out on the suspicious side (on either side where
medicine knows none); the three rarest are joined. A scheme seldom leaves one trace: the other prescriptions of the same
prescriber and day count with it. What a finding points at or a model flags is explained, and never novel.
Source: tail probabilities by feature, Li and others, ECOD (2022).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.catalogue import Feature
from models.boosting import matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    #: A feature's values as floats, NaN = missing; None = there is no such feature.
    Values = Callable[[str], Any]

#: Feature groups made of findings or of clues, which are explained already.
LEFT_OUT = ("findings", "clue")
#: What more than this share of the quarter has on a feature is usual.
_TAIL = 0.05
_RAREST = 3
#: The others of the group weigh twice as much as the row; so many average ones are added to them.
_OTHERS, _ADDED = 2.0, 3.0
#: The share of the frame that is novel at all.
SHARE = 0.01


def novelty(values: Values, groups: Any, explained: Any, catalogue: Iterable[Feature]) -> Any:
    """How novel each row is: 1 for the furthest, down to 0 at the last of the furthest `SHARE`; 0 for all others.

    Grain: one a row. ``values`` gives a feature by name; ``groups``: prescriber and day of each row; ``explained``:
    whether a finding or a flag covers it. Missing values are not rare. Equal rows are equally novel.
    """
    count = len(groups)
    if not count:
        return np.zeros(0)
    rare = rarity(values, count, [one for one in catalogue if one.group not in LEFT_OUT])
    spread = rare.std()
    if not spread > 0:
        return np.zeros(len(rare))
    own = (rare - rare.mean()) / spread
    codes = np.unique(np.asarray(groups, dtype=str), return_inverse=True)[1]
    size, total = np.bincount(codes)[codes], np.bincount(codes, weights=own)[codes]
    score = np.where(np.asarray(explained, dtype=bool), -np.inf, own + _OTHERS * (total - own) / (size - 1 + _ADDED))
    limit = float(np.quantile(score, 1 - SHARE, method="lower"))
    if not np.isfinite(limit):
        limit = float(score[np.isfinite(score)].min(initial=0.0))
    above = np.maximum(np.where(np.isfinite(score), score, limit) - limit, 0.0)
    return above / above.max() if above.max() > 0 else above


def of_frame(features: pd.DataFrame) -> Values:
    """The features of a frame, by name."""
    return lambda name: matrix(features, [name])[:, 0] if name in features.columns else None


def rarity(values: Values, count: int, columns: Iterable[Feature]) -> Any:
    """Sum of the largest few of -ln(share of rows that lie as far out or further), 0 for what is usual.

    One feature is in memory at a time.
    """
    top = np.zeros((_RAREST, count))
    for column in columns:
        found = values(column.name)
        if found is None:
            continue
        for sign in (column.monotone,) if column.monotone else (1, -1):
            tail = _tail(found * sign)
            # The row's own place among its largest: each level keeps the larger and hands the smaller down.
            for level in range(_RAREST):
                top[level], tail = np.maximum(top[level], tail), np.minimum(top[level], tail)
    return top.sum(axis=0)


def _tail(values: Any) -> Any:
    known = values[~np.isnan(values)]
    found = np.zeros(len(values))
    if not len(known):
        return found
    keep = max(1, int(_TAIL * len(known)))
    far = np.sort(np.partition(known, len(known) - keep)[len(known) - keep :])
    at = np.flatnonzero(values > far[0]) if (known >= far[0]).sum() > keep else np.flatnonzero(values >= far[0])
    found[at] = -np.log((keep - np.searchsorted(far, values[at], "left")) / len(known))
    return found
