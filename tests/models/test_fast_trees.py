"""Fast scores: bit for bit those of LightGBM, whatever trees and values, or LightGBM itself."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import fast_trees
from models.boosting import matrix
from models.curve_trees import as_booster
from models.curves import draw
from models.fast_trees import FastTrees, raw_of
from models.loaded import LoadedModel
from models.training import Trained

ODD = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-36, 1e300])


def _rows(count: int, seed: int, missing: float) -> Any:
    chance = np.random.default_rng(seed)
    x = np.column_stack(
        [chance.poisson(1, count), chance.normal(size=count), chance.gamma(2, 20, count), chance.integers(0, 9, count)]
    )
    x = x.astype(float)
    # The first and the third have missing values in training, the others have none.
    x[chance.random(count) < missing, 0] = np.nan
    x[chance.random(count) < missing, 2] = np.nan
    return x


def _grown(x: Any, seed: int, trees: int = 20, **asked: Any) -> Any:
    chance = np.random.default_rng(seed)
    label = (np.nan_to_num(x[:, 0]) + x[:, 1] + x[:, 3] % 3 + chance.normal(size=len(x)) > 2).astype(int)
    given = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed, "min_data_in_leaf": 3, **asked}
    kinds = given.pop("categorical", "auto")
    data = lightgbm.Dataset(x, label, categorical_feature=kinds, params={"linear_tree": given.get("linear_tree", False)})
    return lightgbm.train(given, data, trees)


def _asked_of(x: Any, booster: Any) -> Any:
    """New rows, odd values in every column, and the very thresholds of the trees and their neighbours."""
    found = [_rows(300, 99, 0.2), np.tile(ODD[:, None], x.shape[1])]
    limits = np.unique(booster.trees_to_dataframe()["threshold"].dropna().to_numpy(dtype=float))[:200]
    found += [
        np.tile(moved[:, None], x.shape[1]) for moved in (limits, np.nextafter(limits, np.inf), np.nextafter(limits, -np.inf))
    ]
    return np.concatenate(found)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    missing=st.sampled_from([0.0, 0.1, 0.9]),
    leaves=st.sampled_from([2, 5, 31, 64]),
    threads=st.integers(1, 5),
)
def test_scores_are_those_of_lightgbm_to_the_last_bit(seed: int, missing: float, leaves: int, threads: int) -> None:
    x = _rows(500, seed, missing)
    booster = _grown(x, seed, num_leaves=leaves)
    asked, trees = _asked_of(x, booster), FastTrees.of(booster)
    assert trees is not None
    assert (trees.raw(asked, threads) == booster.predict(asked, raw_score=True)).all()


def test_trees_upon_curves_and_trees_of_one_leaf() -> None:
    x = _rows(800, 1, 0.3)
    label = (x[:, 1] > 1).astype(int)
    curves = as_booster(draw(x, label, np.ones(800), 1.0, np.zeros(4)), x, list("abcd"), "binary")
    dataset = lightgbm.Dataset(x, label, feature_name=list("abcd"), free_raw_data=False)
    both = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, dataset, 10, init_model=curves)
    flat = _grown(x, 1, trees=3, min_data_in_leaf=700)
    assert {tree["num_leaves"] for tree in flat.dump_model()["tree_info"]} == {1}
    for booster in (curves, both, flat):
        trees = FastTrees.of(booster)
        assert trees is not None
        asked = np.concatenate([x, np.tile(ODD[:, None], 4)])
        assert (trees.raw(asked, 2) == booster.predict(asked, raw_score=True)).all()


@pytest.mark.parametrize(
    "asked",
    [
        {"num_leaves": 65, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0},
        {"categorical": [3], "min_data_per_group": 1, "cat_smooth": 0, "max_cat_to_onehot": 1},
        {"linear_tree": True},
        {"zero_as_missing": True},
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_what_it_cannot_do_is_left_to_lightgbm(asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_trees, "_LEAST_WORK", 0)
    x = _rows(2000, 5, 0.1)
    booster = _grown(x, 5, **asked)
    assert FastTrees.of(booster) is None
    assert (raw_of(booster, x) == booster.predict(x, raw_score=True)).all()


def test_plain_python_gives_what_is_compiled() -> None:
    x = _rows(300, 8, 0.2)
    trees = FastTrees.of(_grown(x, 8, num_leaves=12))
    assert trees is not None
    known, missing, plain = trees.known, trees.missing, np.empty(40)
    with np.errstate(over="ignore"):
        fast_trees._score(
            x[:40], known.at, known.threshold, known.tree, known.left, missing.at, missing.tree, missing.left,
            trees.first, trees.leaves, fast_trees._PLACES, plain,
        )  # fmt: skip
    assert (plain == trees.raw(x[:40], 1)).all()


def test_many_rows_are_asked_of_the_fast_trees_once_read(
    model: LoadedModel, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = matrix(trained.test, model.names)
    few = raw_of(model.booster, x)
    assert not hasattr(model.booster, "fast_trees")
    monkeypatch.setattr(fast_trees, "_LEAST_WORK", 0)
    assert (raw_of(model.booster, x) == few).all()
    read = model.booster.fast_trees
    assert isinstance(read, FastTrees)
    assert (raw_of(model.booster, np.asfortranarray(x)) == few).all()
    assert model.booster.fast_trees is read
