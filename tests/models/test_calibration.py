from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from models.calibration import fit_platt


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
