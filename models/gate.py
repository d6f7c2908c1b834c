"""Whether a challenger may replace the champion: both on the same rows, by paired intervals, and four eyes on it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosting import SEED, matrix
from models.evaluation import FITTED
from models.loaded import LoadedModel
from models.measures import Ranking, calibration_bins, gap, interval, resampled

if TYPE_CHECKING:
    import pandas as pd

#: Fewer positives among the common rows, or among those of a subgroup, say nothing.
_LEAST_POSITIVES = 5
#: Resamplings of whole groups: enough for the outer limits that many subgroups together need.
DRAWS = 1000
#: Columns of test rows that name a subgroup (age band, sex, level, insurance, area) begin so.
SUBGROUP = "by_"
PRECISION, AT_CAPACITY, CALIBRATION = "average precision", "precision at capacity", "calibration error"


@dataclass(frozen=True)
class Judged:
    """What speaks against a promotion, as sentences, and the comparison it rests on."""

    objections: list[str] = field(default_factory=list)
    comparison: dict[str, Any] = field(default_factory=dict)


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's: width, case and blanks do not make another."""
    return _name(one) == _name(other)


def _name(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def judge(challenger: LoadedModel, test: pd.DataFrame, champion: LoadedModel | None, tested: pd.DataFrame) -> Judged:
    """Judge a challenger by its test rows, and against the champion where there is one.

    ``test``, ``tested``: the evaluation frames of challenger and champion. Compared on the random arm of the newest
    labelled quarter where that holds enough, else on what there is, and ``how`` says on what. An objection is raised
    only by an interval that lies wholly on the wrong side: so wide that average precision, precision at capacity and
    calibration error together err as seldom as one of 90 % would, and all subgroups together too (Bonferroni).
    """
    objections = [
        f"it ranks worse than the baseline '{name}'"
        for name, gain in challenger.manifest["metrics"]["gain"].items()
        if name not in FITTED and gain["interval90"][1] < 0
    ]
    if champion is None:
        return Judged(objections)
    rows, how = _same_rows(test, champion, tested)
    if rows is None:
        return Judged(objections, {"how": how})
    rows, weight, arm = _arm(rows)
    found = _paired(rows, weight, challenger.spec.capacity_share)
    for name, entry in found["differences"].items():
        if entry["interval"][1] < 0:
            objections.append(_sentence(name, entry, entry["interval"], f"the same {found['rows']} rows"))
    for entry in found["subgroups"]:
        if entry["interval"][1] < 0:
            objections.append(_sentence(PRECISION, entry, entry["interval"], f"the subgroup {entry['subgroup']}"))
    return Judged(objections, {"how": how, "arm": arm, **found["differences"][PRECISION], **found})


def _sentence(name: str, entry: dict[str, Any], limits: list[float], where: str) -> str:
    side = "above" if name == CALIBRATION else "below"
    return (
        f"its {name} is {-entry['value']:.3f} {side} the champion's on {where} "
        f"(to its favour {limits[0]:.3f} to {limits[1]:.3f})"
    )  # fmt: skip


def never_saw(champion: LoadedModel, test: pd.DataFrame) -> bool:
    """Whether the champion was trained on older quarters than the rows, or on no verdict at all."""
    return bool(champion.is_weak or max(champion.quarters) < test["quarter"].min())


def _same_rows(test: pd.DataFrame, champion: LoadedModel, tested: pd.DataFrame) -> tuple[pd.DataFrame | None, str]:
    """Rows that neither model was trained on, with the champion's ``rival_raw`` and ``rival_probability``."""
    if never_saw(champion, test):
        raw = champion.booster.predict(matrix(test, champion.names), raw_score=True)
        rows = test.assign(rival_raw=raw, rival_probability=champion.calibration.apply(raw))
        return rows, "the champion scored the challenger's test rows"
    theirs = tested[["key", "quarter", "raw", "probability"]]
    theirs = theirs.rename(columns={"raw": "rival_raw", "probability": "rival_probability"})
    common = test.merge(theirs, on=["key", "quarter"])
    if common["label"].sum() < _LEAST_POSITIVES:
        return None, "no rows that both were tested on: not compared"
    return common, "rows that both were tested on"


def _arm(rows: pd.DataFrame) -> tuple[pd.DataFrame, Any, str]:
    """The rows that count, their weights, and which they are: random arm before all, newest quarter before older."""
    newest = rows["quarter"] == rows["quarter"].max()
    random, known = rows["random"].to_numpy(dtype=bool), rows["known"].to_numpy(dtype=bool)
    for chosen, what in (
        (newest & random, f"random arm of {rows['quarter'].max()}"),
        (random, "random arm of the test quarters"),
        (known, "rows of known inclusion probability"),
    ):
        positives = rows.loc[chosen, "label"].sum()
        if _LEAST_POSITIVES <= positives < chosen.sum():
            return rows[chosen], rows.loc[chosen, "weight"].to_numpy(dtype=float), what
    return rows, np.ones(len(rows)), "all rows alike: inclusion probabilities unknown"


class _Pair:
    """Challenger and champion on the same rows; every difference is positive where the challenger is better."""

    def __init__(self, rows: pd.DataFrame, share: float) -> None:
        columns = ("label", "raw", "rival_raw", "probability", "rival_probability")
        self.label, raw, rival, mine, theirs = (rows[name].to_numpy(dtype=float) for name in columns)
        self.rankings = (Ranking(raw), Ranking(rival))
        self.probabilities = ((mine, calibration_bins(mine)), (theirs, calibration_bins(theirs)))
        self.share = share

    def precision(self, weight: Any) -> float:
        mine, other = (ranking.average_precision(self.label, weight) for ranking in self.rankings)
        return mine - other

    def differences(self, weight: Any) -> dict[str, float]:
        top, rival = (ranking.at_capacity(self.label, weight, self.share)[0] for ranking in self.rankings)
        error, other = (gap(self.label, p, weight, bins) for p, bins in self.probabilities)
        return {PRECISION: self.precision(weight), AT_CAPACITY: top - rival, CALIBRATION: other - error}


def _paired(rows: pd.DataFrame, weight: Any, share: float) -> dict[str, Any]:
    """Differences with their intervals, of all rows and within each subgroup that holds enough."""
    pair, groups = _Pair(rows, share), rows["group"].astype(str).to_numpy()
    parts = {name: (at, _Pair(rows[at], share)) for name, at in _subgroups(rows)}
    all_draws: list[dict[str, float]] = []
    by_part: dict[str, list[float]] = {name: [] for name in parts}
    for times in resampled(groups, DRAWS, SEED):
        all_draws.append(pair.differences(weight * times))
        for name, (at, part) in parts.items():
            by_part[name].append(part.precision((weight * times)[at]))
    whole = pair.differences(weight)
    return {
        "rows": len(rows),
        "positives": int(rows["label"].sum()),
        "differences": {
            name: {"value": value, "interval90": interval(draws := [draw[name] for draw in all_draws]),
                   "interval": _wide(draws, len(whole))}
            for name, value in whole.items()
        },
        "subgroups": [
            {"subgroup": name, "rows": int(at.sum()), "value": part.precision(weight[at]),
             "interval": _wide(by_part[name], len(parts))}
            for name, (at, part) in parts.items()
        ],
    }  # fmt: skip


def _subgroups(rows: pd.DataFrame) -> list[tuple[str, Any]]:
    """Subgroups with enough positives and a negative, as name and which rows."""
    found = []
    for column in sorted(name for name in rows.columns if name.startswith(SUBGROUP)):
        values = rows[column].astype("object").where(rows[column].notna(), "unknown").astype(str).to_numpy()
        for value in sorted(set(values)):
            at = values == value
            positives = rows["label"].to_numpy(dtype=float)[at].sum()
            if _LEAST_POSITIVES <= positives < at.sum():
                found.append((f"{column.removeprefix(SUBGROUP)} {value}", at))
    return found


def _wide(draws: list[float], count: int) -> list[float]:
    known = np.array(draws)[~np.isnan(draws)]
    tail = 0.05 / count
    return [float(limit) for limit in np.quantile(known, [tail, 1 - tail])] if len(known) else [float("nan")] * 2
