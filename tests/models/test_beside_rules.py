"""Training on verdicts and on what rules say, a search of tree settings, and a part for folds where rows are very many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import models.crossfit
import models.training
from models.boosting import folds, matrix
from models.crossfit import Sheet
from models.labels import Labels, RuleRows
from models.measures import average_precision
from models.search import SPACE, search
from models.specs import ModelSpec
from models.training import Trained, train


def _with_rules(rows: pd.DataFrame, labels: Labels, judged: int) -> Labels:
    """Labels of which only the first rows were judged; two rules point at the others, one of them at random."""
    order = labels.frame.merge(rows[["key", "quarter"]], on=["key", "quarter"])
    frame = order.assign(by_rule=np.arange(len(order)) >= judged, rule_row=np.arange(len(order)))
    good = frame["label"].to_numpy() * (np.arange(len(frame)) % 3 > 0)
    noise = (np.arange(len(frame)) % 7 == 0).astype(int)
    fired = csr_array(np.column_stack([good, noise]).astype(float))
    frame.loc[frame["by_rule"], ["label", "weight", "known", "random", "loss"]] = [0, 1.0, False, False, 0.0]
    return Labels(frame, labels.source, RuleRows(("good", "noise"), fired, np.array([0.5, 0.5])))


def test_rules_teach_where_verdicts_are_few_and_are_believed_as_far_as_they_were_upheld(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> None:
    truth = labels_of(rows).frame.set_index("key")["label"]
    both = _with_rules(rows, labels_of(rows), 150)
    done = train(spec, rows, both, groups, threads=1)
    alone = train(spec, rows, Labels(both.frame[~both.frame["by_rule"]], both.source), groups, threads=1)
    assert done.believed is not None
    assert done.believed.precision[0] > 0.9 > 0.6 > done.believed.precision[1]
    assert done.labels["by_rule"] == 750
    assert done.labels["positive"] + done.labels["negative"] == 150
    assert len(done.out_of_fold) == 150
    assert set(done.test["key"]) <= set(both.frame.loc[~both.frame["by_rule"], "key"])
    unseen = rows[rows["key"].isin(both.frame.loc[both.frame["by_rule"], "key"])]
    label, ones = truth.loc[unseen["key"]].to_numpy(float), np.ones(len(unseen))

    def precise(model: Trained) -> float:
        raw = lightgbm.Booster(model_str=model.text).predict(matrix(unseen, model.names), raw_score=True)
        return average_precision(label, raw, ones)

    assert precise(done) > precise(alone)
    shuffled = train(spec, rows.sample(frac=1, random_state=3), both, groups, threads=1)
    assert shuffled.text == done.text


def test_verdicts_of_the_newest_quarter_do_not_reach_older_trees_through_the_rules(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> None:
    both = _with_rules(rows, labels_of(rows), 400)
    turned = _with_rules(rows, labels_of(rows), 400)
    newest = (turned.frame["quarter"] == "2026Q2") & ~turned.frame["by_rule"]
    turned.frame.loc[newest, "label"] = 1 - turned.frame.loc[newest, "label"]
    first, second = (train(spec, rows, labels, groups, threads=1) for labels in (both, turned))
    assert first.text != second.text
    assert (first.test["raw"].to_numpy() == second.test["raw"].to_numpy()).all()


def test_a_search_is_the_same_again_and_uses_no_label_of_the_test(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.crossfit, "MOST_ROUNDS", 60)
    slow = replace(spec, parameters=tuple({**dict(spec.parameters), "learning_rate": 1e-4}.items()))
    quarters = rows["quarter"].to_numpy(dtype=object)

    def chosen(turned: bool) -> dict[str, Any]:
        label = labels_of(rows).frame["label"].to_numpy(dtype=float)
        label = np.where(turned & (quarters == "2026Q2"), 1 - label, label)
        names = list(groups)
        sheet = Sheet(slow, names, matrix(rows, names), label, label, np.ones(len(rows)), folds(rows["group"]), 1)
        return search(sheet, quarters, 2)

    found = chosen(False)
    assert found["learning_rate"] in SPACE["learning_rate"]
    assert set(found) == set(dict(spec.parameters))
    assert chosen(True) == found


def test_very_many_rows_are_tested_by_a_part_and_all_grow_the_model(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.training, "MOST_HELD_OUT", 500)
    done = train(spec, rows, labels_of(rows), groups, threads=1)
    assert 400 < len(done.out_of_fold) <= 500
    assert done.labels["positive"] + done.labels["negative"] == len(rows)
    kept = rows[rows["key"].isin(done.out_of_fold["rxno"])]
    assert set(rows.loc[rows["group"].isin(set(kept["group"])), "key"]) == set(kept["key"])
    grown = lightgbm.Booster(model_str=done.text).dump_model()["tree_info"][0]["tree_structure"]["internal_count"]
    assert grown > 500
    # Of so many rows each tree says more, in the folds as in the model.
    own = dict(spec.parameters)["learning_rate"]
    assert f"[learning_rate: {4 * own:g}]" in done.text
    assert dict(done.spec.parameters) == {**dict(spec.parameters), "learning_rate": 4 * own, "extra_trees": False}
    few = train(spec, kept, labels_of(kept), groups, threads=1)
    assert f"[learning_rate: {own:g}]" in few.text
