"""The label model beside slow references: precisions by a general optimiser, agreement and chances row by row."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.sparse import csc_array

from models.labels import WEAK, Labels, from_findings
from models.rule_precision import (
    LEAK_MEAN,
    LEAK_ROWS,
    PRIOR_MEAN,
    PRIOR_ROWS,
    agreement,
    expectation_maximisation,
    fit,
    prior_of,
    table,
)
from models.specs import load_families, load_specs
from models.weak import beside_rules, rules_of, soften

SPEC = load_specs()["unreasonable@prescription"]


def _rows(seed: int, count: int = 300, rules: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows by rules, whether each is unreasonable, and the true precisions."""
    rng = np.random.default_rng(seed)
    truth = np.linspace(0.1, 0.9, rules)
    fired = (rng.random((count, rules)) < 0.3).astype(float)
    right = rng.random((count, rules)) < truth
    return fired, ((fired * right).sum(axis=1) > 0).astype(float), truth


@pytest.mark.parametrize("seed", range(3))
def test_precisions_maximise_the_posterior(seed: int) -> None:
    fired, verdict, _ = _rows(seed, 80, 3)
    hit = np.column_stack([fired, np.ones(len(fired))])
    weight = np.random.default_rng(seed).gamma(4, 0.25, len(fired))
    mean, strength = np.array([0.5, 0.4, 0.6, 0.05]), np.array([4.0, 4.0, 4.0, 20.0])

    def loss(logit: np.ndarray) -> float:
        q = 1 / (1 + np.exp(-logit))
        found = -(mean * strength * np.log(q) + (1 - mean) * strength * np.log(1 - q)).sum()
        for row, bad, mass in zip(hit, verdict, weight, strict=True):
            clear = math.prod(1 - chance for chance, there in zip(q, row, strict=True) if there)
            found -= mass * math.log(1 - clear if bad else clear)
        return float(found)

    slow = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-8})
    fast = expectation_maximisation(hit, verdict, weight, mean, strength)
    assert fast == pytest.approx(1 / (1 + np.exp(-slow.x)), abs=1e-4)


def test_verdicts_tell_good_rules_from_bad_ones_and_none_leave_the_prior() -> None:
    fired, verdict, truth = _rows(1, 3000)
    prior = np.full(4, PRIOR_MEAN)
    known = fit(("a", "b", "c", "d"), prior, csc_array(fired).tocsr(), verdict, np.ones(3000))
    assert known.precision == pytest.approx(truth, abs=0.08)
    assert known.leak < LEAK_MEAN
    none = fit(("a", "b", "c", "d"), prior, csc_array(fired[:0]).tocsr(), verdict[:0], verdict[:0])
    assert none.precision == pytest.approx(prior)
    assert none.leak == pytest.approx(LEAK_MEAN)
    shown = table(known)
    assert list(shown["rule_id"]) == ["a", "b", "c", "d"]
    assert list(shown["judged"]) == [int(count) for count in fired.sum(axis=0)]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.booleans(), st.booleans()), max_size=12))
def test_a_chance_grows_with_every_finding_and_is_that_of_one_being_right(rows: list[tuple[int, int, bool, bool]]) -> None:
    fired = np.array([row[:2] for row in rows], dtype=float).reshape(-1, 2)
    known = fit(("a", "b"), np.array([0.3, 0.7]), csc_array(fired[:0]).tocsr(), np.zeros(0), np.zeros(0))
    chance = known.chance(csc_array(fired).tocsr())
    for row, got in zip(fired, chance, strict=True):
        clear = (1 - known.leak) * (0.7 if row[0] else 1) * (0.3 if row[1] else 1)
        assert got == pytest.approx(1 - clear)


@given(
    st.lists(
        st.tuples(st.sampled_from("xyz"), st.integers(0, 1), st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=25
    )
)
def test_agreement_beside_the_slow_reference(rows: list[tuple[str, int, int, int]]) -> None:
    groups = [row[0] for row in rows]
    fired = np.array([row[1:] for row in rows], dtype=float)
    got = agreement(csc_array(fired), groups)
    for rule in range(3):
        near = []
        for at, group in enumerate(groups):
            others = [n for n in range(len(rows)) if groups[n] == group and n != at]
            found = sum(fired[n, other] for n in others for other in range(3) if other != rule)
            near.append(found / len(others) if others else 0.0)
        mean = sum(near) / len(near)
        hits = [n for n in range(len(rows)) if fired[n, rule]]
        expected = (sum(near[n] for n in hits) + 20 * mean) / ((len(hits) + 20) * mean) if mean else 1.0
        assert got[rule] == pytest.approx(expected)


def test_a_rule_that_agrees_with_the_others_is_believed_more() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(60), 20)
    sloppy = (groups % 6 == 0).repeat(1)
    real = rng.random((1200, 3)) < np.where(sloppy, 0.4, 0.03)[:, None]
    noise = rng.random((1200, 1)) < 0.1
    prior = prior_of(csc_array(np.hstack([real, noise]).astype(float)), groups)
    assert prior[3] < prior[:3].min()
    assert (prior > 0).all()
    assert (prior < 1).all()


FINDINGS = pd.DataFrame(
    [("R1", "r1", "1-1", None), ("R1", "r2", "2-5", "F38-2d"), ("R2", "r1", "1-1", None), ("R3", "r3", None, "F40-3"),
     ("RX", "r1", "1-1", None), ("R2", "r1", "1-1", None)],
    columns=["rxno", "rule_id", "item_codes", "fund_codes"],
)  # fmt: skip
KEYS = pd.Series(["R1", "R2", "R3", "R4"])
PLACES = pd.Series(["H1", "H1", "H2", "H2"])


@pytest.mark.parametrize(
    ("name", "rules", "fired"),
    [
        ("unreasonable@prescription", ("r1", "r2"), [[1, 1], [1, 0], [0, 0], [0, 0]]),
        ("fraud@prescription", ("r3",), [[0], [0], [1], [0]]),
        ("unreasonable_dosage@prescription", ("r2",), [[1], [0], [0], [0]]),
    ],
)
def test_which_rules_speak_of_a_target(name: str, rules: tuple[str, ...], fired: list[list[int]]) -> None:
    spec = {**load_specs(), **load_families()}[name]
    told = rules_of(FINDINGS, KEYS, PLACES, spec)
    assert told.rules == rules
    assert told.fired.toarray().tolist() == fired


def test_weak_labels_become_chances_and_keep_their_source() -> None:
    keys = pd.DataFrame({"key": KEYS, "quarter": "2026Q2"})
    weak = from_findings(FINDINGS, keys, SPEC)
    soft = soften(weak, FINDINGS, PLACES, SPEC, weak.frame.iloc[:0])
    assert soft.source == WEAK
    assert list(soft.frame["label"]) == [1, 1, 0, 0]
    assert soft.frame["target"].is_monotonic_decreasing
    assert soft.frame["target"].iloc[-1] == pytest.approx(LEAK_MEAN)
    judged = pd.DataFrame({"key": ["R2"], "label": [0], "weight": [1.0]})
    doubted = soften(weak, FINDINGS, PLACES, SPEC, judged)
    assert doubted.frame["target"].iloc[1] < soft.frame["target"].iloc[1]
    assert doubted.believed is not None
    before = prior_of(csc_array(np.array([[1, 1], [1, 0], [0, 0], [0, 0]], dtype=float)), PLACES)[0]
    assert doubted.believed.precision[0] == pytest.approx(before * PRIOR_ROWS / (PRIOR_ROWS + 1), abs=0.02)
    assert doubted.believed.leak == pytest.approx(LEAK_MEAN * LEAK_ROWS / (LEAK_ROWS + 1), abs=1e-3)


@pytest.mark.parametrize(
    ("silent", "unjudged"),
    [
        pytest.param(True, {"R1": [1, 1], "R3": [0, 0], "R4": [0, 0]}, id="with those that no rule points at"),
        pytest.param(False, {"R1": [1, 1]}, id="without them"),
    ],
)
def test_unjudged_rows_stand_beside_the_verdicts_and_are_no_labels(silent: bool, unjudged: dict[str, list[int]]) -> None:
    frame = pd.DataFrame({"key": ["R2", "R9"], "quarter": "2026Q2", "label": [1, 0], "weight": 1.0, "known": True,
                          "random": True, "loss": 0.0})  # fmt: skip
    rows = pd.DataFrame({"key": KEYS, "quarter": "2026Q2"})
    both = beside_rules(Labels(frame, "past_verdict"), rows, FINDINGS, PLACES, replace(SPEC, silent_rows=silent))
    assert list(both.frame.loc[~both.frame["by_rule"], "key"]) == ["R2"]
    assert set(both.frame.loc[both.frame["by_rule"], "key"]) == set(unjudged)
    assert both.rules is not None
    fired = dict(zip(both.frame["key"], both.rules.fired.toarray().tolist(), strict=True))
    assert fired == {**unjudged, "R2": [1, 0]}
