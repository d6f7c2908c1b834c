"""What is said before any tree grows: a curve for each feature, drawn by a ridge logistic regression on few labels.

A feature is told by its place among the rows, and by how few lie as far out on either side of it (Savage's scores,
-log(1 - place)), because what gives fraud away lies far out. The curves are steps, so they are trees of one feature
each, exactly: trees that grow afterwards only say what the curves leave open, the file stays one booster, and its
contributions stay exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

#: Places of the edges between steps: few in the middle, many far out.
_FAR = (0.002, 0.005, 0.01, 0.02, 0.05)
PLACES = (*_FAR, *(tenth / 10 for tenth in range(1, 10)), *(1 - place for place in reversed(_FAR)))
#: More rows than this teach the curves nothing more; the fit takes every n-th.
_MOST_ROWS = 50_000
#: Steps are rounded, so that the last bits of a fit change nothing; a curve that moves less than this is none.
_DIGITS, _LEAST = 6, 0.001


@dataclass(frozen=True)
class Curve:
    """One feature's steps: ``values`` (log-odds) at or below each of ``edges``, and above the last; missing says 0.

    ``column``: place of the feature; ``counts``: training rows on each step, and missing ones last.
    """

    column: int
    edges: Any
    values: Any
    counts: Any

    def of(self, x: Any) -> Any:
        """Log-odds of values of the feature."""
        return np.where(np.isnan(x), 0.0, self.values[np.searchsorted(self.edges, x)])


@dataclass(frozen=True)
class Curves:
    """The curves of all features that have one, and the log-odds of a row that is usual in each."""

    base: float
    curves: tuple[Curve, ...]

    def raw(self, x: Any) -> Any:
        """Log-odds of rows of features, as the booster of these curves gives them."""
        return self.base + sum((curve.of(x[:, curve.column]) for curve in self.curves), np.zeros(len(x)))


def draw(x: Any, label: Any, weight: Any, strength: Any, signs: Any, says: Any = 0.0) -> Curves:
    """Curves of the columns of ``x`` from labels 0/1.

    ``strength``: variance of the prior of each column's coefficients, the larger the freer; ``signs``: +1 where more never
    lowers the score, -1 where it never raises it; ``says``: what is believed before any label, the log-odds that a unit of
    Savage's score far above is expected to add.
    """
    rows = np.arange(0, len(label), max(1, -(-len(label) // _MOST_ROWS)))
    if len(np.unique(label[rows])) < 2:
        rows = np.arange(len(label))
    x, label, weight = x[rows], label[rows], weight[rows]
    steps = {column: found for column in range(x.shape[1]) if (found := _steps(x[:, column])) is not None}
    if not steps:
        return Curves(_log_odds(label, weight), ())
    told = np.column_stack(
        [shape[np.searchsorted(edges, x[:, c])] * ~np.isnan(x[:, [c]]) for c, (edges, shape, _) in steps.items()]
    )
    sign = np.concatenate([(signs[column], signs[column], -signs[column]) for column in steps])
    freedom = np.repeat(np.broadcast_to(strength, x.shape[1])[list(steps)], 3)
    mean = np.concatenate([(0.0, expected, 0.0) for expected in np.broadcast_to(says, x.shape[1])[list(steps)]])
    found = _ridge(told, label, weight, freedom, sign, mean)
    drawn = []
    for number, (column, (edges, shape, counts)) in enumerate(steps.items()):
        values = np.round(shape @ found[1 + 3 * number : 4 + 3 * number], _DIGITS)
        if np.ptp(values) >= _LEAST:
            drawn.append(Curve(column, edges, values, counts))
    return Curves(float(np.round(found[0], _DIGITS)), tuple(drawn))


def _steps(values: Any) -> tuple[Any, Any, Any] | None:
    """Edges, shape (steps by place, far above, far below; mean 0 over rows) and counts; None for a constant column."""
    known = values[~np.isnan(values)]
    if len(known) < 2 or known.min() == known.max():
        return None
    edges = np.unique(np.quantile(known, PLACES, method="lower"))
    edges = edges[edges < known.max()]
    if not len(edges):
        edges = np.array([known[known < known.max()].max()])
    counts = np.bincount(np.searchsorted(edges, known), minlength=len(edges) + 1)
    middle = (np.cumsum(counts) - counts / 2) / len(known)
    # The outermost steps stand at the ends: of a count that is nearly always 0, "not 0" is as far as can be.
    place = np.concatenate([[0.0], middle[1:-1], [1.0]])
    least = 0.5 / len(known)
    shape = np.column_stack([2 * place - 1, -np.log(1 - middle + least), -np.log(middle + least)])
    return edges, shape - (counts @ shape) / len(known), np.append(counts, len(values) - len(known))


def _ridge(x: Any, label: Any, weight: Any, strength: Any, sign: Any, mean: Any) -> Any:
    """Intercept and coefficients that maximise likelihood x normal prior, within the signs."""
    from scipy.optimize import minimize

    def loss(b: Any) -> tuple[float, Any]:
        # Not x @ b: that adds up in another order on a machine with more processors.
        z, off = np.einsum("ij,j->i", x, b[1:]) + b[0], b[1:] - mean
        slope = weight * (1 / (1 + np.exp(-z)) - label)
        value = (weight * (np.logaddexp(0, z) - label * z)).sum() + (off**2 / strength).sum() / 2
        return float(value), np.append(slope.sum(), np.einsum("i,ij->j", slope, x) + off / strength)

    low, high = np.where(sign > 0, 0.0, -np.inf), np.where(sign < 0, 0.0, np.inf)
    begin = np.append(_log_odds(label, weight), np.clip(mean, low, high))
    limits = [(-np.inf, np.inf), *zip(low, high, strict=True)]
    options = {"maxiter": 2000, "maxfun": 5000}
    solution: Any = minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=limits, options=options).x
    return solution


def _log_odds(label: Any, weight: Any) -> float:
    share = float(np.clip((label * weight).sum() / weight.sum(), 1e-9, 1 - 1e-9))
    return float(np.log(share / (1 - share)))
