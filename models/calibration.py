"""From log-odds to a probability that can be counted on: Platt, beta or isotonic, whichever errs least when held out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

_LEAST_SLOPE = 0.05
#: Another method than Platt's must lower the held-out loss by this part of it: few verdicts favour the plainest.
_LEAST_GAIN = 0.005


@dataclass(frozen=True)
class Calibration:
    """probability = 1 / (1 + exp(-(slope x raw + intercept))); the slope is positive, so ranks are kept."""

    slope: float
    intercept: float
    method: ClassVar[str] = "platt"

    def apply(self, raw: Any) -> Any:
        """Probabilities of raw scores (log-odds)."""
        return _logistic(self.slope * np.asarray(raw, dtype=float) + self.intercept)


@dataclass(frozen=True)
class BetaCalibration:
    """logit = rise x ln p - fall x ln(1 - p) + intercept with p = logistic(raw), rise and fall >= 0: ranks are kept.

    It bends at either end where Platt's is straight. Source: Kull, Silva Filho and Flach (2017).
    """

    rise: float
    fall: float
    intercept: float
    method: ClassVar[str] = "beta"

    def apply(self, raw: Any) -> Any:
        """Probabilities of raw scores (log-odds)."""
        first, second = _ends(raw)
        return _logistic(self.rise * first + self.fall * second + self.intercept)


@dataclass(frozen=True)
class IsotonicCalibration:
    """Straight lines between knots, flat beyond them; never falling, so order is kept but for ties."""

    knots: tuple[float, ...]
    values: tuple[float, ...]
    method: ClassVar[str] = "isotonic"

    def apply(self, raw: Any) -> Any:
        """Probabilities of raw scores (log-odds)."""
        return np.interp(np.asarray(raw, dtype=float), self.knots, self.values)


AnyCalibration = Calibration | BetaCalibration | IsotonicCalibration
_KINDS: dict[str, type[AnyCalibration]] = {kind.method: kind for kind in (Calibration, BetaCalibration, IsotonicCalibration)}


def entry_of(calibration: AnyCalibration) -> dict[str, Any]:
    """A calibration as a manifest has it."""
    return {"method": calibration.method, **asdict(calibration)}


def of_entry(entry: dict[str, Any]) -> AnyCalibration:
    """A calibration from a manifest."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entry.items() if name != "method"
    }
    return _KINDS[entry.get("method", Calibration.method)](**values)


def fit_best(raw: Any, target: Any, weight: Any, fold: Any) -> AnyCalibration:
    """The method with the lowest weighted log loss on folds held out, fitted on all rows; Platt's when it is close."""
    platt, *others = FITS
    losses = {name: _held_out_loss(name, raw, target, weight, fold) for name in FITS}
    best = min(others, key=lambda name: losses[name])
    chosen = best if losses[best] < (1 - _LEAST_GAIN) * losses[platt] else platt
    found: AnyCalibration = FITS[chosen](raw, target, weight)
    return found


def _held_out_loss(name: str, raw: Any, target: Any, weight: Any, fold: Any) -> float:
    total = 0.0
    for number in np.unique(fold):
        out = fold == number
        if out.all():
            return 0.0 if name == Calibration.method else float("inf")
        total += log_loss(target[out], FITS[name](raw[~out], target[~out], weight[~out]).apply(raw[out]), weight[out])
    return total


def log_loss(target: Any, probability: Any, weight: Any) -> float:
    """Weighted sum of the log loss; a probability is taken as at least 1e-6 from 0 and 1."""
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return float(-(weight * (target * np.log(p) + (1 - target) * np.log1p(-p))).sum())


def fit_platt(raw: Any, label: Any, weight: Any) -> Calibration:
    """Weighted maximum likelihood by Newton steps, with Platt's smoothed targets.

    A slope that is not clearly positive (scores that tell nothing) is set to a small one, and the intercept
    then fits the observed share. Source: Platt (1999), targets (n+ + 1)/(n+ + 2) and 1/(n- + 2); a label between
    0 and 1 lies between them.
    """
    target = _smoothed(label)
    slope, intercept = 1.0, 0.0
    for _ in range(100):
        slope, intercept, moved = _newton(raw, target, weight, slope, intercept)
        if moved < 1e-10:
            break
    if not np.isfinite(slope) or slope < _LEAST_SLOPE:
        slope = _LEAST_SLOPE
        intercept = _matching_intercept(raw, target, weight)
    return Calibration(float(slope), float(intercept))


def fit_beta(raw: Any, label: Any, weight: Any) -> BetaCalibration:
    """Weighted maximum likelihood with Platt's smoothed targets, both slopes held at 0 or more."""
    from scipy.optimize import minimize

    target, (first, second) = _smoothed(label), _ends(raw)
    parts = np.column_stack([first, second, np.ones(len(first))])
    share = weight / weight.sum()

    def loss(values: Any) -> tuple[float, Any]:
        logit = parts @ values
        pull = share * (_logistic(logit) - target)
        return float((share * (np.logaddexp(0, logit) - target * logit)).sum()), parts.T @ pull

    bounds = [(0.0, None), (0.0, None), (None, None)]
    found = minimize(loss, [1.0, 1.0, 0.0], jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return BetaCalibration(*map(float, found.x))


def fit_isotonic(raw: Any, label: Any, weight: Any) -> IsotonicCalibration:
    """Weighted isotonic regression of Platt's smoothed targets, which keeps it off 0 and 1."""
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(out_of_bounds="clip").fit(raw, _smoothed(label), sample_weight=weight)
    return IsotonicCalibration(tuple(map(float, fitted.X_thresholds_)), tuple(map(float, fitted.y_thresholds_)))


FITS: dict[str, Any] = {"platt": fit_platt, "beta": fit_beta, "isotonic": fit_isotonic}


def _smoothed(label: Any) -> Any:
    positives, negatives = float(label.sum()), float((1 - label).sum())
    return label * ((positives + 1) / (positives + 2)) + (1 - label) * (1 / (negatives + 2))


def _ends(raw: Any) -> tuple[Any, Any]:
    """ln p and -ln(1 - p) of p = logistic(raw), however far raw lies out."""
    raw = np.asarray(raw, dtype=float)
    return -np.logaddexp(0, -raw), np.logaddexp(0, raw)


def _logistic(logit: Any) -> Any:
    # Beyond these limits a double is 0 or 1 anyway; without them the exponential overflows.
    return 1 / (1 + np.exp(-np.clip(logit, -700, 700)))


def _newton(raw: Any, target: Any, weight: Any, slope: float, intercept: float) -> tuple[float, float, float]:
    p = _logistic(slope * raw + intercept)
    curve = weight * p * (1 - p)
    pull = weight * (target - p)
    # A little ridge keeps the step finite when all scores are alike.
    a, b, c = (curve * raw * raw).sum() + 1e-6, (curve * raw).sum(), curve.sum() + 1e-6
    g, h = (pull * raw).sum(), pull.sum()
    step = a * c - b * b
    first, second = (c * g - b * h) / step, (a * h - b * g) / step
    size = max(abs(first), abs(second), 1.0)
    return slope + first / size, intercept + second / size, float(max(abs(first), abs(second)))


def _matching_intercept(raw: Any, target: Any, weight: Any) -> float:
    low, high = -30.0, 30.0
    share = float((weight * target).sum() / weight.sum())
    for _ in range(80):
        middle = (low + high) / 2
        mean = float((weight * _logistic(_LEAST_SLOPE * raw + middle)).sum() / weight.sum())
        low, high = (middle, high) if mean < share else (low, middle)
    return (low + high) / 2
