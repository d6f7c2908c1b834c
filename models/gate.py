"""Whether a challenger may replace the champion: both on the same rows, by a paired interval."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from models.boosting import SEED, matrix
from models.evaluation import FITTED, REPEATS
from models.loaded import LoadedModel
from models.measures import Ranking, interval, resampled

if TYPE_CHECKING:
    import pandas as pd

#: Fewer positives among the common rows say nothing.
_LEAST_POSITIVES = 5


@dataclass(frozen=True)
class Judged:
    """What speaks against a promotion, as sentences, and the comparison it rests on."""

    objections: list[str] = field(default_factory=list)
    comparison: dict[str, Any] = field(default_factory=dict)


def judge(challenger: LoadedModel, test: pd.DataFrame, champion: LoadedModel | None, tested: pd.DataFrame) -> Judged:
    """Judge a challenger by its test rows, and against the champion where there is one.

    ``test``, ``tested``: the evaluation frames of challenger and champion. An objection is raised only by an
    interval (90 %, groups resampled) that lies wholly on the wrong side.
    """
    objections = [
        f"it ranks worse than the baseline '{name}'"
        for name, gain in challenger.manifest["metrics"]["gain"].items()
        if name not in FITTED and gain["interval90"][1] < 0
    ]
    if champion is None:
        return Judged(objections)
    rows, rival, how = _same_rows(test, champion, tested)
    if rows is None:
        return Judged(objections, {"how": how})
    found = _paired(rows, rival)
    if found["interval90"][1] < 0:
        low, high = found["interval90"]
        objections.append(
            f"its average precision is {-found['value']:.3f} below the champion's on the same {found['rows']} rows "
            f"(difference {low:.3f} to {high:.3f})"
        )
    return Judged(objections, {"how": how, **found})


def never_saw(champion: LoadedModel, test: pd.DataFrame) -> bool:
    """Whether the champion was trained on older quarters than the rows, or on no verdict at all."""
    return bool(champion.is_weak or max(champion.quarters) < test["quarter"].min())


def _same_rows(test: pd.DataFrame, champion: LoadedModel, tested: pd.DataFrame) -> tuple[Any, Any, str]:
    """Rows that neither model was trained on, and the champion's raw scores of them."""
    if never_saw(champion, test):
        raw = champion.booster.predict(matrix(test, champion.names), raw_score=True)
        return test, raw, "the champion scored the challenger's test rows"
    common = test.merge(tested[["key", "quarter", "raw"]], on=["key", "quarter"], suffixes=("", "_champion"))
    if common["label"].sum() < _LEAST_POSITIVES:
        return None, None, "no rows that both were tested on: not compared"
    return common, common["raw_champion"].to_numpy(dtype=float), "rows that both were tested on"


def _paired(rows: pd.DataFrame, rival: Any) -> dict[str, Any]:
    known = rows["known"].to_numpy(dtype=bool)
    label = rows["label"].to_numpy(dtype=float)
    designed = bool(label[known].sum() >= _LEAST_POSITIVES)
    weight = rows["weight"].to_numpy(dtype=float) * known if designed else label * 0 + 1
    mine, other = Ranking(rows["raw"].to_numpy(dtype=float)), Ranking(rival)

    def gain(times: Any) -> float:
        return mine.average_precision(label, weight * times) - other.average_precision(label, weight * times)

    groups = rows["group"].astype(str).to_numpy()
    draws = [gain(times) for times in resampled(groups, REPEATS, SEED)]
    return {"value": gain(1.0), "interval90": interval(draws), "rows": int((weight > 0).sum())}
