"""How good a model is before anybody has judged: what its own calibrated scores promise, and whether that came true.

Where scores are calibrated, a row of probability p is a positive p times in a hundred, so what a ranking will find can
be told from the scores alone. Source: confidence-based performance estimation, as NannyML describes it. It cannot see
that calibration itself has gone; that is what the comparison with verdicts of the random arm is for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.boosting import SEED
from models.measures import Ranking, interval, resampled

PREVALENCE, AVERAGE, AT_CAPACITY = "prevalence", "average_precision", "precision_at_capacity"
DRAWS = 200
#: Fewer positive verdicts say nothing.
LEAST_POSITIVES = 5
Spans = dict[str, dict[str, Any]]


def _measured(ranking: Ranking, label: Any, weight: Any, share: float) -> dict[str, float]:
    """The measures for labels or probabilities of labels; NaN where there is nothing to divide by."""
    mass = float(np.sum(weight))
    return {
        PREVALENCE: float(np.sum(label * weight) / mass) if mass > 0 else float("nan"),
        AVERAGE: ranking.average_precision(label, weight),
        AT_CAPACITY: ranking.at_capacity(label, weight, share)[0],
    }


def _spans(value: dict[str, float], draws: list[dict[str, float]]) -> Spans:
    return {name: {"value": value[name], "interval90": interval([draw[name] for draw in draws])} for name in value}


def estimate(raw: Any, probability: Any, share: float) -> Spans:
    """What calibrated scores promise: share of positives, average precision, precision of the top ``share``; 0..1.

    Intervals: 90 %, over draws of labels from the probabilities; they hold what chance does, not what a wrong
    calibration would.
    """
    probability, ranking = np.asarray(probability, dtype=float), Ranking(raw)
    weight, rng = np.ones(len(probability)), np.random.default_rng(SEED)
    drawn = [(rng.random(len(probability)) < probability).astype(float) for _ in range(DRAWS)]
    return _spans(_measured(ranking, probability, weight, share), [_measured(ranking, label, weight, share) for label in drawn])


def came_true(rows: dict[str, Any], share: float) -> dict[str, Spans] | None:
    """Expected and found on judged rows, and found less expected; None with too few positives.

    ``rows``: arrays raw, probability, label, weight (1 / inclusion probability) and group of the random arm. Intervals:
    90 %, resampling whole groups.
    """
    label, weight = rows["label"].astype(float), rows["weight"].astype(float)
    if not LEAST_POSITIVES <= label.sum() < len(label):
        return None
    ranking = Ranking(rows["raw"])

    def both(times: Any) -> tuple[dict[str, float], dict[str, float]]:
        expected = _measured(ranking, rows["probability"], weight * times, share)
        return expected, _measured(ranking, label, weight * times, share)

    value = both(1.0)
    draws = [both(times) for times in resampled(rows["group"], DRAWS, SEED)]
    gaps = [{name: found[name] - expected[name] for name in found} for expected, found in (value, *draws)]
    return {
        "expected": _spans(value[0], [draw[0] for draw in draws]),
        "found": _spans(value[1], [draw[1] for draw in draws]),
        "gap": _spans(gaps[0], gaps[1:]),
    }


def level_of(promised: Spans, kept: dict[str, Spans] | None, tested: Spans) -> tuple[str, str]:
    """ok, notice or large, and why. ``tested`` = average precision and precision at capacity of the model's own test.

    notice: the scores promise less than the test, or verdicts found less than was promised, in each case by intervals
    that do not meet. large: verdicts found less than the test had, by intervals that do not meet.
    """
    for name in (AVERAGE, AT_CAPACITY):
        low = tested[name]["interval90"][0] if name in tested else float("nan")
        if kept is not None and kept["found"][name]["interval90"][1] < low:
            return "large", f"{name} found below its test"
        if kept is not None and kept["gap"][name]["interval90"][1] < 0:
            return "notice", f"{name} found below what was expected"
        if promised[name]["interval90"][1] < low:
            return "notice", f"{name} expected below its test"
    return "ok", ""
