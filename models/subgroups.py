"""Error rates by subgroup: whether the same score means the same for the old and the young, in the county and the city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.measures import Ranking, interval, resampled

if TYPE_CHECKING:
    import pandas as pd

#: Columns of evaluation rows by which rates are told; a grain has those that it has.
BY = {"by_age": "age band", "by_sex": "sex", "by_level": "level", "by_insurance": "insurance type", "by_area": "area"}
MEASURES = ("precision", "missed_share", "false_share", "calibration_gap")
REPEATS = 100
#: A subgroup with fewer rows is not told: its rates would say nothing.
LEAST_ROWS = 30


def subgroups(rows: pd.DataFrame, weight: Any, share: float, seed: int) -> list[dict[str, Any]]:
    """Rates of each subgroup at the capacity of all, with 90 % intervals from resampling whole groups.

    ``rows``: label, raw, probability, group and columns of `BY`; the top ``share`` of the weight is looked at. Each
    entry: by, value, rows, positives; ``precision`` of what is looked at, ``missed_share`` of the positives that are
    not, ``false_share`` of the negatives that are, ``calibration_gap`` = predicted less observed rate. NaN where
    there is nothing to divide by.
    """
    label, probability = (rows[name].to_numpy(dtype=float) for name in ("label", "probability"))
    looked = _looked_at(rows["raw"].to_numpy(dtype=float), weight, share)
    times = np.array(list(resampled(rows["group"].astype(str).to_numpy(), REPEATS, seed)))
    found = []
    for column, name in BY.items():
        if column not in rows:
            continue
        values = rows[column].astype("object").where(rows[column].notna(), "unknown").astype(str).to_numpy()
        for value in sorted(set(values)):
            at = values == value
            if at.sum() < LEAST_ROWS:
                continue
            rates = [_rates(label[at], probability[at], looked[at], w) for w in [weight[at], *(weight * times)[:, at]]]
            found.append(
                {
                    "by": name,
                    "value": value,
                    "rows": int(at.sum()),
                    "positives": int(label[at].sum()),
                    **{
                        measure: {"value": rates[0][n], "interval90": interval([rate[n] for rate in rates[1:]])}
                        for n, measure in enumerate(MEASURES)
                    },
                }
            )
    return found


def _looked_at(raw: Any, weight: Any, share: float) -> Any:
    """The part of each row that is looked at, 0..1: rows of equal score share what is left for them."""
    ranking = Ranking(raw)
    order, ends = ranking.order, ranking.ends
    seen = np.cumsum(weight[order])[ends]
    before = np.append(0.0, seen[:-1])
    step = np.clip((share * seen[-1] - before) / np.maximum(seen - before, 1e-12), 0, 1)
    part = np.empty(len(raw))
    part[order] = np.repeat(step, np.diff(np.append(-1, ends)))
    return part


def _rates(label: Any, probability: Any, looked: Any, weight: Any) -> tuple[float, float, float, float]:
    bad, good = weight * label, weight * (1 - label)
    return (
        _share((bad * looked).sum(), (weight * looked).sum()),
        _share((bad * (1 - looked)).sum(), bad.sum()),
        _share((good * looked).sum(), good.sum()),
        _share((weight * (probability - label)).sum(), weight.sum()),
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
