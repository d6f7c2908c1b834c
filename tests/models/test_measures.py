"""Every measure beside a slow one that follows its definition, and average precision beside scikit-learn's."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from models.measures import (
    Ranking,
    at_capacity,
    average_precision,
    brier,
    calibration_error,
    interval,
    resampled,
)

ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=25)


def _arrays(rows: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    label, score, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    return label, score, weight


@given(ROWS)
def test_average_precision_is_exact(rows: list[tuple[int, int, int]]) -> None:
    positive = sum(w for y, _, w in rows if y)
    expected = Fraction(0)
    for cut in sorted({s for _, s, _ in rows}):
        here = sum(w for y, s, w in rows if y and s == cut)
        found = sum(w for y, s, w in rows if y and s >= cut)
        seen = sum(w for _, s, w in rows if s >= cut)
        expected += Fraction(here * found, seen * positive) if positive else 0
    got = average_precision(*_arrays(rows))
    if not positive:
        assert np.isnan(got)
        return
    assert got == pytest.approx(float(expected))
    label, score, weight = _arrays(rows)
    assert got == pytest.approx(average_precision_score(label, score, sample_weight=weight))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=6), st.integers(1, 6))
def test_at_capacity_is_the_mean_over_every_order_of_the_equals(rows: list[tuple[int, int]], top: int) -> None:
    top = min(top, len(rows))
    hits = []
    for order in permutations(range(len(rows))):
        ranked = sorted(order, key=lambda n: -rows[n][1])
        hits.append(sum(rows[n][0] for n in ranked[:top]))
    label = np.array([y for y, _ in rows], dtype=float)
    score = np.array([s for _, s in rows], dtype=float)
    precision, recall = at_capacity(label, score, np.ones(len(rows)), top / len(rows))
    assert precision == pytest.approx(np.mean(hits) / top)
    if label.sum():
        assert recall == pytest.approx(np.mean(hits) / label.sum())
    else:
        assert np.isnan(recall)


@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1), st.integers(1, 9)), min_size=1, max_size=60),
    st.integers(1, 12),
)
def test_calibration_error_and_brier(rows: list[tuple[int, float, int]], bins: int) -> None:
    ranked = sorted(range(len(rows)), key=lambda n: (rows[n][1], n))
    many = min(bins, len(rows))
    small, larger = divmod(len(rows), many)
    off, start = 0.0, 0
    for number in range(many):
        size = small + (number < larger)
        part = [rows[n] for n in ranked[start : start + size]]
        off += abs(sum(w * y for y, _, w in part) - sum(w * p for _, p, w in part))
        start += size
    total = sum(w for *_, w in rows)
    label, probability, weight = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    assert calibration_error(label, probability, weight, bins) == pytest.approx(off / total, abs=1e-9)
    squares = sum(w * (y - p) ** 2 for y, p, w in rows) / total
    assert brier(label, probability, weight) == pytest.approx(squares, abs=1e-9)


def test_a_change_of_weights_is_the_same_as_repeating_rows() -> None:
    rng = np.random.default_rng(3)
    label, score = rng.integers(0, 2, 60).astype(float), rng.integers(0, 9, 60).astype(float)
    times = rng.integers(0, 4, 60)
    again = np.repeat(np.arange(60), times)
    ranking = Ranking(score)
    assert ranking.average_precision(label, times.astype(float)) == pytest.approx(
        average_precision(label[again], score[again], np.ones(len(again)))
    )
    assert ranking.at_capacity(label, times.astype(float), 0.2) == pytest.approx(
        at_capacity(label[again], score[again], np.ones(len(again)), 0.2)
    )


def test_resampling_takes_whole_groups_and_can_be_repeated() -> None:
    groups = np.array(list("aabbbcdd"))
    first, second = (list(resampled(groups, 50, 7)) for _ in range(2))
    assert all((one == other).all() for one, other in zip(first, second, strict=True))
    for times in first:
        by_group = {name: set(times[groups == name]) for name in "abcd"}
        assert all(len(counts) == 1 for counts in by_group.values())
        assert sum(next(iter(counts)) for counts in by_group.values()) == 4
    assert len({tuple(times) for times in first}) > 10


def test_an_interval_leaves_out_what_could_not_be_measured() -> None:
    low, high = interval([float("nan"), *range(101)])
    assert (low, high) == (5.0, 95.0)
    assert all(np.isnan(interval([float("nan")])))
