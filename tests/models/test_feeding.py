"""What feeds other grains: never by trees that saw the prescriber, and as places in the frame beside a slow reference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models.feeding
from models.feeding import TOPS, fed_features, held_out_raw, of_subjects
from models.specs import ModelSpec, load_specs

SPEC = load_specs()["unreasonable@prescription"]
QUARTERS = ("2025Q4", "2026Q1", "2026Q2")


def test_no_prescription_is_scored_by_trees_that_saw_its_prescriber(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.feeding, "ROUNDS", 40)
    labels = labels_of(rows)
    labels.frame.drop(labels.frame.index[::3], inplace=True)
    first = held_out_raw(spec, rows, labels, groups, threads=1)
    mine = (rows["group"] == "D007").to_numpy()
    turned = labels_of(rows)
    turned.frame.drop(turned.frame.index[::3], inplace=True)
    own = turned.frame["key"].isin(rows.loc[mine, "key"])
    turned.frame.loc[own, "label"] = 1 - turned.frame.loc[own, "label"]
    second = held_out_raw(spec, rows, turned, groups, threads=1)
    assert (first[mine] == second[mine]).all()
    assert (first != second).any()
    assert len(first) == len(rows)
    assert np.corrcoef(first, labels_of(rows).frame["label"])[0, 1] > 0.5


def test_a_quarter_is_scored_from_the_labels_of_the_quarters_before_it(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.feeding, "ROUNDS", 40)
    turned = labels_of(rows)
    newest = turned.frame["quarter"] == "2026Q2"
    turned.frame.loc[newest, "label"] = 1 - turned.frame.loc[newest, "label"]
    first, second = (held_out_raw(spec, rows, labels, groups, threads=1) for labels in (labels_of(rows), turned))
    changed = {name: bool((first != second)[(rows["quarter"] == name).to_numpy()].any()) for name in QUARTERS}
    # The first labelled quarter has none before it and is told by the others.
    assert changed == {"2025Q4": True, "2026Q1": False, "2026Q2": False}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 9)), min_size=1, max_size=40))
def test_places_of_a_subject_beside_the_slow_reference(given_rows: list[tuple[str | None, int]]) -> None:
    found = of_subjects([subject for subject, _ in given_rows], [score for _, score in given_rows], SPEC)
    scores = [score for _, score in given_rows]
    place = [(sum(s < one for s in scores) + (sum(s == one for s in scores) + 1) / 2) / len(scores) for one in scores]
    for subject in {subject for subject, _ in given_rows} - {None}:
        mine = [place[n] for n, (whose, _) in enumerate(given_rows) if whose == subject]
        assert found.loc[subject, "fed_unreasonable_mean"] == pytest.approx(sum(mine) / len(mine))
        for top in TOPS:
            count, chance = sum(one > 1 - top / 100 for one in mine), len(mine) * top / 100
            deviance = 2 * ((count * math.log(count / chance) if count else 0.0) - (count - chance))
            wanted = math.copysign(math.sqrt(max(0.0, deviance)), count - chance)
            assert found.loc[subject, f"fed_unreasonable_top{top}"] == pytest.approx(wanted, abs=1e-9)
    assert set(found.index) == {subject for subject, _ in given_rows if subject}


def test_ten_of_twenty_at_the_top_say_more_than_one_of_two_and_a_large_subject_has_some_by_chance() -> None:
    subjects = ["small"] * 2 + ["large"] * 20 + ["usual"] * 1000
    raw = [9.0, 0.0] + [9.0] * 10 + [0.0] * 10 + [9.0] * 39 + [0.0] * 961
    top = of_subjects(subjects, raw, SPEC)["fed_unreasonable_top5"]
    assert top["large"] > 2 * top["small"] > 2 * top["usual"]
    assert abs(top["usual"]) < 2


def test_a_prescription_may_stand_for_two_subjects_and_is_ranked_once() -> None:
    raw = [1.0, 3.0, 2.0]
    found = of_subjects(["h", "h", "h", "p", "gone"], raw, SPEC, np.array([0, 1, 2, 1, -1]))
    assert found["fed_unreasonable_mean"].to_dict() == pytest.approx({"h": 2 / 3, "p": 1.0})


def test_fed_features_have_words_and_the_names_of_the_columns() -> None:
    names = [feature.name for feature in fed_features("person", SPEC)]
    assert names == list(of_subjects(["a"], [1.0], SPEC).columns)
    assert all("{value}" in feature.reason_zh and SPEC.zh in feature.reason_zh for feature in fed_features("person", SPEC))
