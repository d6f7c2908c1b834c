"""Drift: silent on the same city, loud on another, and not alarmed by few rows."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from models.distribution import Distribution
from models.loaded import LoadedModel
from models.watch import SCORE, drift, watched, worst


def slow_index(then: list[float], now: list[float], limits: list[float]) -> float:
    """Population stability index, one bin at a time, less what chance gives in nineteen of twenty times."""

    def counted(values: list[float]) -> list[int]:
        bins = [0] * (len(limits) + 2)
        for value in values:
            if np.isnan(value):
                bins[-1] += 1
            else:
                bins[sum(value > limit for limit in limits)] += 1
        return bins

    pairs = [(a, b) for a, b in zip(counted(then), counted(now), strict=True) if a or b]
    first, second = ([one + 0.5 for one in side] for side in zip(*pairs, strict=True))
    index = sum(
        (b / sum(second) - a / sum(first)) * np.log(b / sum(second) * sum(first) / a)
        for a, b in zip(first, second, strict=True)
    )
    chance = chi2.ppf(0.95, len(pairs) - 1) if len(pairs) > 1 else 0.0
    return float(max(0.0, index - chance * (1 / len(then) + 1 / len(now))))


VALUES = st.lists(st.one_of(st.integers(-3, 6).map(float), st.just(float("nan"))), min_size=1, max_size=60)


@given(VALUES, VALUES)
def test_the_index_agrees_with_the_slow_reference(then: list[float], now: list[float]) -> None:
    distribution = Distribution.of(np.array(then))
    assert sum(distribution.shares) == pytest.approx(1)
    assert distribution.moved(np.array(now)) == pytest.approx(slow_index(then, now, distribution.limits), abs=1e-12)
    assert distribution.moved(np.array(then)) == 0


def test_nothing_to_compare_is_not_a_number() -> None:
    assert np.isnan(Distribution.of(np.array([1.0])).moved(np.array([])))


def test_a_constant_that_changes_either_way_is_seen() -> None:
    then = Distribution.of(np.zeros(500))
    assert then.moved(np.ones(500)) > 1
    assert then.moved(-np.ones(500)) > 1
    assert then.moved(np.full(500, np.nan)) > 1


@pytest.mark.parametrize(("before", "now"), [(20_000, 60), (66, 22), (22, 22), (400, 400)])
def test_few_rows_do_not_alarm(before: int, now: int) -> None:
    rng = np.random.default_rng(1)
    calm = [Distribution.of(rng.normal(size=before)).moved(rng.normal(size=now)) for _ in range(400)]
    assert np.mean(np.array(calm) > 0) < 0.08
    assert np.mean(np.array(calm) > 0.25) < 0.03


def test_a_shift_does_alarm_and_one_of_no_size_does_not() -> None:
    rng = np.random.default_rng(1)
    then = Distribution.of(rng.normal(size=20_000))
    assert then.moved(rng.normal(1, 1, 60)) > 0.25
    assert then.moved(rng.normal(0.05, 1, 2_000_000)) < 0.1


def test_drift_of_a_model(model: LoadedModel, rows: pd.DataFrame) -> None:
    same = drift(model, rows)
    assert set(same["feature"]) == {*model.names, SCORE}
    assert set(same["level"]) == {"ok"}
    assert worst(same) == "ok"
    moved = drift(model, rows.assign(drug_count=rows["drug_count"] + 4))
    assert worst(moved) == "large"
    assert {"drug_count", SCORE} <= set(moved.loc[moved["level"] == "large", "feature"])
    assert moved["shift"].is_monotonic_decreasing
    gone = drift(model, rows.drop(columns="age")).set_index("feature")
    assert gone.loc["age", "level"] == "large"
    assert np.isnan(gone.loc["age", "now"])


def test_no_rows_no_drift(model: LoadedModel, rows: pd.DataFrame) -> None:
    assert drift(model, rows.iloc[:0]).empty
    assert worst(drift(model, rows.iloc[:0])) == "ok"


def test_what_a_scheduler_is_told_of_a_model(model: LoadedModel, rows: pd.DataFrame, labels_of: Any) -> None:
    calm = watched(model, rows)
    assert (calm["level"], calm["verdicts"], calm["n_verdicts"]) == ("ok", None, 0)
    judged = rows.merge(labels_of(rows, seed=9).frame[["key", "label", "weight"]], on="key")
    seen = watched(model, rows, judged)
    assert seen["n_verdicts"] == len(rows)
    assert seen["verdicts"]["found"]["average_precision"]["value"] > 0.5
    assert seen["level"] == "ok", seen["why"]
    wrong = watched(model, rows, judged.assign(label=1 - judged["label"]))
    assert wrong["level"] == "large"
    assert "found below its test" in wrong["why"]
    moved = watched(model, rows.assign(drug_count=rows["drug_count"] + 4))
    assert moved["level"] == "large"
    assert moved["score_shift"] > 0.25
    assert {entry["feature"] for entry in moved["drift"]} >= {"drug_count", SCORE}
    json.dumps(seen)
