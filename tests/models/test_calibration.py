from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from models.calibration import FITS, entry_of, fit_best, fit_beta, fit_isotonic, fit_platt, of_entry


def _sample(seed: int, count: int, slope: float, intercept: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    raw = rng.normal(-1, 2, count)
    label = (rng.random(count) < 1 / (1 + np.exp(-(slope * raw + intercept)))).astype(float)
    return raw, label, rng.gamma(2, 0.5, count)


@pytest.mark.parametrize("seed", range(4))
def test_platt_is_the_weighted_maximum_likelihood(seed: int) -> None:
    raw, label, weight = _sample(seed, 400, 0.7, -0.4)
    positive, negative = label.sum(), (1 - label).sum()
    target = np.where(label > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(parameters: np.ndarray) -> float:
        logit = parameters[0] * raw + parameters[1]
        return float((weight * (np.logaddexp(0, logit) - target * logit)).sum())

    slow = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000})
    fast = fit_platt(raw, label, weight)
    assert [fast.slope, fast.intercept] == pytest.approx(slow.x, abs=1e-4)


@given(st.integers(0, 10**6), st.floats(-2, 2), st.integers(2, 60))
def test_the_order_is_kept_whatever_the_scores_say(seed: int, slope: float, count: int) -> None:
    raw, label, weight = _sample(seed, count, slope, 0.0)
    calibration = fit_platt(raw, label, weight)
    assert calibration.slope > 0
    steps = np.diff(calibration.apply(np.sort(raw)))
    assert (steps >= 0).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(-2, 2), st.integers(5, 60), st.sampled_from(sorted(FITS)))
def test_no_method_turns_the_order_or_leaves_the_unit_interval(seed: int, slope: float, count: int, name: str) -> None:
    raw, label, weight = _sample(seed, count, slope, 0.0)
    calibration = FITS[name](raw, label, weight)
    found = calibration.apply(np.sort(np.append(raw, [-800.0, 800.0])))
    assert (np.diff(found) >= -1e-12).all()
    assert ((found >= 0) & (found <= 1)).all()
    again = of_entry(json.loads(json.dumps(entry_of(calibration))))
    assert again == calibration


def test_beta_is_the_weighted_maximum_likelihood_under_its_bounds() -> None:
    raw, label, weight = _sample(3, 400, 0.7, -0.4)
    p = 1 / (1 + np.exp(-raw))
    target = np.where(label > 0, (label.sum() + 1) / (label.sum() + 2), 1 / ((1 - label).sum() + 2))

    def loss(parameters: np.ndarray) -> float:
        rise, fall = np.abs(parameters[:2])
        logit = rise * np.log(p) - fall * np.log(1 - p) + parameters[2]
        return float((weight * (np.logaddexp(0, logit) - target * logit)).sum())

    slow = minimize(loss, [1.0, 1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 9000})
    fast = fit_beta(raw, label, weight)
    assert loss(np.array([fast.rise, fast.fall, fast.intercept])) == pytest.approx(slow.fun, rel=1e-6)


def test_isotonic_is_the_mean_where_order_is_wrong() -> None:
    calibration = fit_isotonic(np.arange(4.0), np.array([0.0, 1.0, 0.0, 1.0]), np.array([1.0, 1.0, 3.0, 1.0]))
    low, high = 1 / 4, 3 / 4
    middle = (high + 3 * low) / 4
    assert calibration.apply(np.arange(4.0)) == pytest.approx([low, middle, middle, high])
    assert calibration.apply(np.array([0.5])) == pytest.approx([(low + middle) / 2])


@pytest.mark.parametrize(
    ("shape", "chosen"),
    [(lambda raw: 0.8 * raw - 0.3, {"platt"}), (lambda raw: np.where(raw > 0, 4.0, -1.0), {"isotonic", "beta"})],
)
def test_the_method_that_errs_least_when_held_out_is_taken(shape: Callable[[np.ndarray], np.ndarray], chosen: set[str]) -> None:
    rng = np.random.default_rng(8)
    raw = rng.normal(0, 2, 4000)
    label = (rng.random(4000) < 1 / (1 + np.exp(-shape(raw)))).astype(float)
    assert fit_best(raw, label, np.ones(4000), np.arange(4000) % 5).method in chosen


def test_an_older_manifest_without_a_method_is_platt() -> None:
    assert of_entry({"slope": 2.0, "intercept": 0.5}).apply(-0.25) == pytest.approx(0.5)


def test_scores_that_tell_nothing_give_the_observed_share() -> None:
    raw, label, weight = _sample(1, 2000, -1.0, 0.0)
    calibration = fit_platt(raw, label, weight)
    share = (label * weight).sum() / weight.sum()
    assert (calibration.apply(raw) * weight).sum() / weight.sum() == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("raw", [np.zeros(30), np.linspace(-900, 900, 30)])
def test_odd_scores_do_no_harm(raw: np.ndarray) -> None:
    label = np.array([0.0, 1.0] * 15)
    probability = fit_platt(raw, label, np.ones(30)).apply(raw)
    assert np.isfinite(probability).all()
