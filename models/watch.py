"""Drift of features and scores against the training quarters, as effect sizes, and what the scores promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.boosting import matrix
from models.expected import AT_CAPACITY, AVERAGE, came_true, estimate, level_of
from models.loaded import LoadedModel
from models.scoring import raw_scores

if TYPE_CHECKING:
    import pandas as pd

#: A population stability index beyond these is worth a look, or is large.
NOTICE, LARGE = 0.1, 0.25
LEVELS = ("ok", "notice", "large")
SCORE = "(score)"
_TOLD = 10
#: A model whose score moved far, or more than this share of its features, is no longer the one that was tested.
MOST_MOVED = 0.2
#: More than this share is worth a look. One feature alone often moves with the season or a longer look-back.
MANY_MOVED = 0.05


def drift(model: LoadedModel, features: pd.DataFrame) -> pd.DataFrame:
    """How far the raw score and each feature have moved since training.

    Grain: one row a feature and one for the score, named "(score)"; the furthest first. feature, before and now
    (medians; NaN = all missing), shift (population stability index over deciles and the missing, less what so
    few rows would give by chance; >= 0), level (ok, notice, large). Size alone fires nothing.
    """
    import pandas as pd

    x = matrix(features, model.names)
    # What scores of prescriptions feed is no feature of the file, and moves with those scores.
    groups = model.manifest.get("groups", {})
    columns = {name: x[:, place] for place, name in enumerate(model.names) if groups.get(name) != "fed"}
    columns[SCORE] = model.booster.predict(x, raw_score=True) if len(x) else np.array([])
    rows = [row for name, values in columns.items() if (row := _row(model, name, values)) is not None]
    frame = pd.DataFrame(rows, columns=["feature", "before", "now", "shift", "level"])
    return frame.sort_values(["shift", "feature"], ascending=[False, True], ignore_index=True)


def worst(moved: pd.DataFrame) -> str:
    """The worst level of a drift table: ok, notice or large."""
    return max(moved["level"], key=LEVELS.index, default="ok")


def watched(model: LoadedModel, features: pd.DataFrame, judged: pd.DataFrame | None = None) -> dict[str, Any]:
    """Everything a scheduler or a page asks of one model in one quarter, as JSON has it.

    ``features``: rows of the quarter. ``judged``: those of them that the random arm drew and experts judged, with label,
    weight and group; None where the model was trained on them. Keys: model, model_version, rows, drift (feature, shift
    and level of the furthest), moved (share of features moved far), score_shift, expected (promised by the scores),
    verdicts (expected, found and gap on judged rows, or null), level and why.
    """
    moved = drift(model, features)
    raw = raw_scores(model, features)
    share = model.spec.capacity_share
    promised = estimate(raw, model.calibration.apply(raw), share)
    kept = None if judged is None or judged.empty else came_true(_arrays(model, judged), share)
    level, why = _level(moved)
    metrics = model.manifest["metrics"]
    tested = {
        AVERAGE: metrics["average_precision"]["model"],
        AT_CAPACITY: {"interval90": metrics["intervals90"][AT_CAPACITY]},
    }
    # A test against findings of rules says nothing about what people would find.
    other, because = ("ok", "") if model.is_weak else level_of(promised, kept, tested)
    if LEVELS.index(other) > LEVELS.index(level):
        level, why = other, because
    return {
        "model": model.spec.name,
        "model_version": model.version,
        "label_source": model.label_source,
        "rows": len(features),
        "drift": moved.head(_TOLD).to_dict("records"),
        "moved": _moved(moved),
        "score_shift": _score_shift(moved),
        "expected": promised,
        "verdicts": kept,
        "n_verdicts": 0 if judged is None else len(judged),
        "level": level,
        "why": why,
    }


def _arrays(model: LoadedModel, judged: pd.DataFrame) -> dict[str, Any]:
    raw = raw_scores(model, judged)
    columns = {name: judged[name].to_numpy(dtype=float) for name in ("label", "weight")}
    return {**columns, "raw": raw, "probability": model.calibration.apply(raw), "group": judged["group"].astype(str).to_numpy()}


def _moved(moved: pd.DataFrame) -> float:
    """Share of the features that moved far."""
    features = moved[moved["feature"] != SCORE]
    return float((features["level"] == "large").mean()) if len(features) else 0.0


def _score_shift(moved: pd.DataFrame) -> float:
    return float(moved.loc[moved["feature"] == SCORE, "shift"].max())


def _level(moved: pd.DataFrame) -> tuple[str, str]:
    """large: the score or a fifth of the features moved far; notice: the score moved, or a twentieth of the features far."""
    share, score = _moved(moved), _score_shift(moved)
    if share > MOST_MOVED:
        return "large", f"{share:.0%} of the features moved far"
    if score >= LARGE:
        return "large", f"the score moved far ({score:.2f})"
    if score >= NOTICE:
        return "notice", f"the score moved ({score:.2f})"
    return ("notice", f"{share:.0%} of the features moved far") if share > MANY_MOVED else ("ok", "")


def _row(model: LoadedModel, name: str, values: Any) -> tuple[str, float, float, float, str] | None:
    then = model.distribution("" if name == SCORE else name)
    if then is None or not len(values):
        return None
    shift = then.moved(values)
    level = LEVELS[int(shift >= NOTICE) + int(shift >= LARGE)]
    return name, _middle(then.limits), _median(values), shift, level


def _middle(limits: list[float]) -> float:
    """The limit in the middle of the bins stands for the median."""
    return limits[len(limits) // 2] if limits else float("nan")


def _median(values: Any) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")
