"""Drift of features and scores against the training quarters, as effect sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.loaded import LoadedModel

if TYPE_CHECKING:
    import pandas as pd

#: A shift of the median beyond so many widths of the usual range (q10 to q90) is worth a look, or is large.
NOTICE, LARGE = 0.25, 0.5


def drift(model: LoadedModel, features: pd.DataFrame) -> pd.DataFrame:
    """How far each feature has moved since training.

    Grain: one row a feature, the furthest first: feature, before, now (medians), shift (in widths of the usual
    range of the training rows; 1 where a constant changed), level (ok, notice, large). Size alone fires nothing.
    """
    import pandas as pd

    rows = []
    for name in model.names:
        low, middle, high = model.manifest["usual"].get(name, (None, None, None))
        if name not in features or middle is None:
            continue
        values = features[name].astype("float64").dropna()
        now = float(values.median()) if len(values) else float("nan")
        width = high - low
        shift = abs(now - middle) / width if width else float(now != middle)
        level = "large" if shift >= LARGE else "notice" if shift >= NOTICE else "ok"
        rows.append((name, middle, now, shift, level))
    frame = pd.DataFrame(rows, columns=["feature", "before", "now", "shift", "level"])
    return frame.sort_values(["shift", "feature"], ascending=[False, True], ignore_index=True)
