from __future__ import annotations

from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pytest

from models.boosting import folds
from models.crossfit import LEAST_ROUNDS, Sheet, cross_fit, grow
from models.curve_trees import as_booster
from models.curves import PLACES, Curves, draw
from models.specs import load_specs

NAMES = ["many", "rare", "steps", "constant", "unknown"]
ROWS = 1500


@pytest.fixture(scope="module")
def table() -> tuple[Any, Any]:
    """Five columns: one with missing values, one nearly always 0, one of few values, one constant, one all missing."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(ROWS, 5))
    x[:, 1], x[:, 2], x[:, 3], x[:, 4] = x[:, 1] > 2, np.round(x[:, 2]), 1.0, np.nan
    x[rng.random(ROWS) < 0.1, 0] = np.nan
    label = (rng.random(ROWS) < 1 / (1 + np.exp(3 - 2 * x[:, 1] - np.nan_to_num(x[:, 0])))).astype(float)
    return x, label


def drawn(table: tuple[Any, Any], strength: float = 0.3, signs: Any = None) -> Curves:
    x, label = table
    return draw(x, label, np.ones(len(x)), strength, np.zeros(x.shape[1]) if signs is None else signs)


def test_a_booster_of_curves_says_exactly_what_the_curves_say(table: tuple[Any, Any]) -> None:
    curves, (x, _) = drawn(table), table
    far = np.vstack([x, 1e6 * np.nan_to_num(x), np.full((1, 5), np.nan)])
    booster = as_booster(curves, x, NAMES, "binary")
    assert {NAMES[curve.column] for curve in curves.curves} == {"many", "rare", "steps"}
    np.testing.assert_allclose(booster.predict(far, raw_score=True), curves.raw(far), rtol=0, atol=1e-9)
    np.testing.assert_allclose(booster.predict(far, pred_contrib=True).sum(axis=1), curves.raw(far), rtol=0, atol=1e-9)
    np.testing.assert_allclose(booster.predict(far), 1 / (1 + np.exp(-curves.raw(far))), rtol=0, atol=1e-9)


def test_a_missing_value_and_a_usual_row_add_nothing(table: tuple[Any, Any]) -> None:
    curves, (x, _) = drawn(table), table
    assert curves.raw(np.full((1, 5), np.nan))[0] == curves.base
    for curve in curves.curves:
        known = x[~np.isnan(x[:, curve.column]), curve.column]
        assert abs(curve.of(known).mean()) < 1e-5


def test_curves_follow_the_labels_and_grow_flat_with_a_narrow_prior(table: tuple[Any, Any]) -> None:
    free, narrow = drawn(table, 1.0), drawn(table, 0.001)
    steps = {NAMES[curve.column]: curve for curve in free.curves}
    assert steps["rare"].values[-1] - steps["rare"].values[0] > 1
    assert steps["many"].values[-1] > steps["many"].values[0]
    assert np.ptp(narrow.curves[0].values) < 0.3 * np.ptp(free.curves[0].values)


def test_a_constrained_curve_never_turns(table: tuple[Any, Any]) -> None:
    curves = drawn(table, 10.0, signs=np.array([-1.0, -1.0, 1.0, 0.0, 0.0]))
    for curve in curves.curves:
        assert (np.diff(curve.values) * (1 if curve.column == 2 else -1) >= 0).all()


def test_without_any_curve_the_booster_says_the_share_of_positives(table: tuple[Any, Any]) -> None:
    x, label = table
    booster = as_booster(drawn((x[:, 3:], label)), x[:, 3:], NAMES[3:], "cross_entropy")
    assert booster.predict(x[:2, 3:]) == pytest.approx([label.mean()] * 2, abs=1e-6)
    assert booster.predict(x[:1, 3:], pred_contrib=True)[0].tolist()[:2] == [0, 0]


def test_edges_lie_at_the_places_and_no_step_is_empty(table: tuple[Any, Any]) -> None:
    x, _ = table
    (many,) = (curve for curve in drawn(table).curves if curve.column == 0)
    known = x[~np.isnan(x[:, 0]), 0]
    assert many.edges.tolist() == np.unique(np.quantile(known, PLACES, method="lower")).tolist()
    assert all(curve.counts[:-1].min() > 0 and curve.counts.sum() == ROWS for curve in drawn(table).curves)


def sheet_of(table: tuple[Any, Any], curves: float) -> Sheet:
    x, label = table
    spec = replace(load_specs()["fraud@person"], curves=curves, tree_gain=2.0)
    return Sheet(spec, NAMES, x, label, label, np.ones(ROWS), folds([f"g{n}" for n in range(ROWS)]))  # type: ignore[arg-type]


def test_trees_grow_upon_the_curves_and_the_file_is_the_same_again(table: tuple[Any, Any]) -> None:
    sheet = sheet_of(table, 0.3)
    start, grown = sheet.start(), grow(sheet, 30)
    assert start.num_trees() == 3 < grown.num_trees() <= 33
    np.testing.assert_allclose(
        grown.predict(sheet.x, raw_score=True, num_iteration=start.num_trees()),
        start.predict(sheet.x, raw_score=True),
        atol=1e-9,
    )
    text = grown.model_to_string()
    assert grow(sheet, 30).model_to_string() == text
    loaded = lightgbm.Booster(model_str=text)
    raw = loaded.predict(sheet.x, raw_score=True)
    np.testing.assert_allclose(loaded.predict(sheet.x, pred_contrib=True).sum(axis=1), raw, rtol=0, atol=1e-6)
    shap = pytest.importorskip("shap")
    told = shap.TreeExplainer(loaded).shap_values(sheet.x[:20])
    own = loaded.predict(sheet.x[:20], pred_contrib=True)[:, :-1]
    np.testing.assert_allclose(told[1] if isinstance(told, list) else told, own, atol=1e-9)
    assert grow(sheet, 0).model_to_string() == start.model_to_string()


def test_trees_stay_upon_curves_only_where_what_they_gain_is_clear(table: tuple[Any, Any]) -> None:
    x, _ = table
    chance = np.random.default_rng(5)
    # No curve of one column can tell of two that go together.
    together = (x[:, 2] > 0) & (np.nan_to_num(x[:, 0]) > 0)
    strong = (chance.random(ROWS) < np.where(together, 0.95, 0.02)).astype(float)
    assert cross_fit(sheet_of((x, strong), 0.3)).rounds > 0
    noises = [(chance.random(ROWS) < 0.1).astype(float) for _ in range(3)]
    held = [cross_fit(sheet_of((x, noise), 0.3)) for noise in noises]
    assert [one.rounds for one in held] == [0, 0, 0]
    sheet = sheet_of((x, noises[0]), 0.3)
    by_curves = np.zeros(ROWS)
    for number in range(5):
        out = sheet.fold == number
        by_curves[out] = sheet.take(~out).start().predict(x[out], raw_score=True)
    np.testing.assert_allclose(held[0].raw, by_curves, rtol=0, atol=1e-9)


def test_what_is_fed_may_speak_louder_with_the_same_labels(table: tuple[Any, Any]) -> None:
    x, label = table
    twice = np.column_stack([x[:, 1], x[:, 1]])
    spec = replace(load_specs()["fraud@person"], curves=0.01, fed_freedom=10.0)
    assert spec.freedom(["rare", "fed_rare"]) == [0.01, 0.1]
    plain, fed = draw(twice, label, np.ones(ROWS), spec.freedom(["rare", "fed_rare"]), np.zeros(2)).curves
    assert np.ptp(fed.values) == pytest.approx(10 * np.ptp(plain.values), rel=0.01)


def test_what_is_believed_before_any_label_gives_way_to_labels() -> None:
    chance = np.random.default_rng(11)
    x, names = chance.normal(size=(ROWS, 2)), ["fed_fraud_mean", "fed_fraud_top1"]
    label = (chance.random(ROWS) < np.where(x[:, 1] > 1.5, 0.0, 0.2)).astype(float)
    says = replace(load_specs()["fraud@person"], fed_says=0.5).says([*names, "rare", "fed_unreasonable_top5"])
    assert says == [0.0, 0.5, 0.0, 0.5]
    # Hardly any freedom: what is believed stands, half the log-odds a unit of Savage's score.
    (believed,) = draw(x, label, np.ones(ROWS), 1e-9, np.zeros(2), says[:2]).curves
    assert believed.column == 1
    known = -np.log(1 - np.linspace(0.05, 0.95, 10))
    told = believed.of(np.quantile(x[:, 1], np.linspace(0.05, 0.95, 10)))
    np.testing.assert_allclose(told - told[0], 0.5 * (known - known[0]), atol=0.2)
    free = draw(x, label, np.ones(ROWS), 1.0, np.zeros(2), says[:2]).curves
    risen = {curve.column: curve.values[-1] - curve.values[0] for curve in free}
    assert risen[1] < 0


def test_trees_that_bring_nothing_are_left_out_but_never_without_curves(table: tuple[Any, Any]) -> None:
    x, _ = table
    noise = (x, (np.random.default_rng(8).random(ROWS) < 0.03).astype(float))
    assert cross_fit(sheet_of(noise, 0.001)).rounds < LEAST_ROUNDS
    assert cross_fit(sheet_of(noise, 0.0)).rounds >= LEAST_ROUNDS
    assert sheet_of(table, 0.0).start() is None
    assert replace(sheet_of(table, 0.3), weak=True).start() is None
