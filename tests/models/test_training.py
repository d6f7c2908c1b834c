"""What a training may see, and that it gives the same bytes again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest

from models.boosting import FOLDS, folds, matrix
from models.labels import INVESTIGATIONS, WEAK, Labels
from models.loaded import LoadedModel
from models.manifest import manifest_of
from models.measures import average_precision
from models.specs import ModelSpec, load_specs
from models.training import Trained, train, write_training
from records.errors import ModelNotTrained


def test_the_same_data_seed_and_threads_give_the_same_bytes(
    trained: Trained, spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> None:
    mixed = rows.sample(frac=1, random_state=5)
    again = train(spec, mixed, labels_of(rows), groups, threads=1)
    assert again.text == trained.text
    assert again.version == trained.version == hashlib.sha256(trained.text.encode()).hexdigest()[:12]
    assert again.data_hash == trained.data_hash
    assert again.metrics == trained.metrics
    pd.testing.assert_frame_equal(again.out_of_fold, trained.out_of_fold)
    other = train(spec, rows, labels_of(rows, seed=9), groups, threads=1)
    assert other.version != trained.version
    assert other.data_hash != trained.data_hash


def test_it_learns_what_there_is_to_learn(trained: Trained) -> None:
    precision = trained.metrics["average_precision"]
    assert precision["model"]["value"] > 0.75
    for name in ("total amount", "number of findings", "isolation forest"):
        gain = trained.metrics["gain"][name]
        assert gain["value"] == pytest.approx(precision["model"]["value"] - precision[name]["value"])
        assert gain["interval90"][0] > 0
    assert trained.metrics["calibration_error"] < 0.1
    for name, (low, high) in trained.metrics["intervals90"].items():
        assert low <= trained.metrics[name] <= high or name == "calibration_error"


def test_logistic_regression_is_a_rival_on_the_same_rows_and_learns_what_a_line_can(trained: Trained) -> None:
    precision = trained.metrics["average_precision"]
    assert precision["logistic regression"]["value"] > 0.7
    assert "raw_logistic" in trained.test


def test_subgroups_of_the_test_rows_are_told_where_the_rows_know_them(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], trained: Trained
) -> None:
    assert trained.metrics["subgroups"] == []
    known = rows.assign(by_sex=np.where(np.arange(len(rows)) % 2, "1", "2"))
    done = train(spec, known, labels_of(rows), groups, threads=1)
    assert [(entry["by"], entry["value"]) for entry in done.metrics["subgroups"]] == [("sex", "1"), ("sex", "2")]
    assert done.text == trained.text


def test_a_champion_that_never_saw_the_rows_is_a_rival(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], model: LoadedModel
) -> None:
    older = rows[rows["quarter"] < "2026Q2"]
    before = train(spec, older, labels_of(older), groups, threads=1)
    champion = LoadedModel.of(before.text, manifest_of(before, {}))
    done = train(spec, rows, labels_of(rows), groups, threads=1, champion=champion)
    assert done.metrics["average_precision"]["present champion"]["value"] > 0.7
    saw = train(spec, rows, labels_of(rows), groups, threads=1, champion=model)
    assert "present champion" not in saw.metrics["average_precision"]


@pytest.mark.parametrize("sign", [1, -1])
def test_what_medicine_demands_holds_whatever_the_labels_say(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], sign: int
) -> None:
    held = replace(spec, constrained=(("drug_count", sign),))
    done = train(held, rows, labels_of(rows), groups, threads=1)
    steps = pd.concat([rows.iloc[:40].assign(drug_count=count) for count in range(10)])
    raw = lightgbm.Booster(model_str=done.text).predict(matrix(steps, done.names), raw_score=True).reshape(10, 40)
    assert (sign * np.diff(raw, axis=0) >= -1e-12).all()
    assert (np.ptp(raw, axis=0) > 0.5).any() == (sign == 1)


def test_soft_targets_train_and_the_final_word_tests(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], trained: Trained
) -> None:
    labels = labels_of(rows)
    labels.frame["target"] = labels.frame["label"].where(np.arange(len(rows)) % 5 > 0, (1 + labels.frame["label"]) / 3)
    done = train(spec, rows, labels, groups, threads=1)
    assert done.text != trained.text
    assert list(done.test["label"]) == list(trained.test["label"])
    assert done.metrics["average_precision"]["model"]["value"] > 0.7
    hard = labels_of(rows)
    hard.frame["target"] = hard.frame["label"].astype(float)
    assert train(spec, rows, hard, groups, threads=1).text == trained.text


def test_every_labelled_row_has_one_score_out_of_fold(trained: Trained, rows: pd.DataFrame) -> None:
    frame = trained.out_of_fold
    assert list(frame.columns) == ["rxno", "as_of", "label", "score"]
    assert sorted(frame["rxno"]) == sorted(rows["key"])
    assert frame["score"].between(0, 1).all()


def test_the_test_is_the_newest_quarter_and_its_labels_train_nothing(
    trained: Trained, spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> None:
    assert set(trained.test["quarter"]) == {"2026Q2"}
    assert "older quarters and other groups" in trained.metrics["kind"]
    turned = labels_of(rows)
    newest = turned.frame["quarter"] == "2026Q2"
    turned.frame.loc[newest, "label"] = 1 - turned.frame.loc[newest, "label"]
    other = train(spec, rows, turned, groups, threads=1)
    assert (other.test["raw"].to_numpy() == trained.test["raw"].to_numpy()).all()
    assert (other.test["probability"].to_numpy() == trained.test["probability"].to_numpy()).all()


def test_no_row_is_scored_by_trees_that_saw_its_prescriber(spec: ModelSpec, rows: pd.DataFrame, groups: dict[str, str]) -> None:
    """Labels that only the prescriber's number tells can be memorised within a group, never across groups."""
    data = rows.assign(age=rows["group"].str[1:].astype(float))
    held, tested = [], []
    # Forty-four prescribers say little of one draw: half of them are lucky in each of four.
    for seed in range(4):
        lucky = {name: number % 2 for number, name in enumerate(np.random.default_rng(seed).permutation(44))}
        label = rows["group"].str[1:].astype(int).map(lucky)
        frame = rows[["key", "quarter"]].assign(label=label, weight=1.0, known=True, random=True, loss=0.0)
        done = train(spec, data, Labels(frame, "past_verdict"), groups, threads=1)
        scored = done.out_of_fold.merge(frame[["key", "label"]], left_on="rxno", right_on="key")
        known, score = scored["label_x"].to_numpy(float), scored["score"].to_numpy(float)
        held.append(average_precision(known, score, np.ones(len(scored))))
        tested.append(done.metrics["average_precision"]["model"]["value"])
    assert np.mean(held) < 0.65
    assert np.mean(tested) < 0.65


def test_one_labelled_quarter_is_split_by_group_only_and_says_so(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> None:
    one = rows[rows["quarter"] == "2026Q1"]
    done = train(spec, one, labels_of(one), groups, threads=1)
    assert "one labelled quarter only" in done.metrics["kind"]
    assert len(done.test) == len(one)


def test_a_test_goes_back_until_it_has_enough_positives(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> None:
    labels = labels_of(rows)
    newest = labels.frame.index[(labels.frame["quarter"] == "2026Q2") & (labels.frame["label"] == 1)]
    labels.frame.loc[newest[3:], "label"] = 0
    done = train(spec, rows, labels, groups, threads=1)
    assert set(done.test["quarter"]) == {"2026Q1", "2026Q2"}


@pytest.mark.parametrize("positives", [0, 19])
def test_too_few_labels_are_a_situation_that_says_how_many(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str], positives: int
) -> None:
    labels = labels_of(rows)
    hits = labels.frame.index[labels.frame["label"] == 1]
    labels.frame.loc[hits[positives:], "label"] = 0
    with pytest.raises(ModelNotTrained, match=f"at least 20 .* there are {positives} and {900 - positives}"):
        train(spec, rows, labels, groups, threads=1)


def test_features_that_weak_labels_are_made_of_are_left_out_with_their_baseline(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> None:
    weak = train(spec, rows, labels_of(rows, source=WEAK), groups, threads=1)
    assert "findings" not in weak.names
    assert weak.label_source == WEAK
    # A few verdicts draw thresholds by chance, what rules say of many rows does not.
    assert "[extra_trees: 0]" in weak.text
    assert "[extra_trees: 1]" in train(spec, rows, labels_of(rows), groups, threads=1).text
    assert "number of findings" not in weak.metrics["average_precision"]


def test_rows_of_unknown_probability_train_but_do_not_test(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> None:
    labels = labels_of(rows)
    labels.frame["known"] = np.arange(len(rows)) % 4 != 0
    done = train(spec, rows, labels, groups, threads=1)
    newest = (labels.frame["quarter"] == "2026Q2").to_numpy()
    assert done.metrics["rows"] == int((newest & labels.frame["known"]).sum())
    assert len(done.out_of_fold) == len(rows)
    labels.frame["known"] = False
    none = train(spec, rows, labels, groups, threads=1)
    assert none.metrics["weighting"].startswith("none")
    assert none.metrics["rows"] == int(newest.sum())


def test_a_missing_prescriber_is_a_group_of_its_own(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> None:
    data = rows.assign(group=rows["group"].where(rows["group"] != "D001", None))
    done = train(spec, data, labels_of(rows), groups, threads=1)
    assert done.metrics["groups"] > 44


def test_subjects_nobody_investigated_are_a_background_and_no_labels(rows_of: Any, labels_of: Any) -> None:
    spec = replace(load_specs()["fraud@person"], background=2.0)
    groups = {"drug_count": "a", "amount_per_day": "a"}
    everybody = rows_of(1800, grain_key="psn_no")
    judged = labels_of(everybody, source=INVESTIGATIONS).frame.iloc[:240].assign(known=False)
    done = train(spec, everybody, Labels(judged, INVESTIGATIONS), groups, threads=1)
    assert sorted(done.out_of_fold["psn_no"]) == sorted(judged["key"])
    assert done.labels["presumed_negative"] == 480
    assert done.labels["positive"] + done.labels["negative"] == 240
    test = done.test
    assert test.loc[test["presumed"], "label"].eq(0).all()
    # Weights add up to the quarter's subjects, so that chances are those of the whole city.
    whole = everybody[everybody["quarter"] == "2026Q2"]
    ratio = test["weight"].sum() / test.loc[~test["presumed"], "weight"].iloc[0]
    assert ratio == pytest.approx(len(whole))
    shuffled = train(spec, everybody.sample(frac=1, random_state=1), Labels(judged, INVESTIGATIONS), groups, threads=1)
    assert shuffled.text == done.text


def test_folds_keep_groups_together_and_do_not_depend_on_the_rest() -> None:
    groups = pd.Series([f"D{n}" for n in range(200)] * 2)
    number = folds(groups)
    assert set(number) == set(range(FOLDS))
    assert (number[:200] == number[200:]).all()
    assert (folds(groups.iloc[:7]) == number[:7]).all()


def test_a_matrix_takes_every_kind_of_column() -> None:
    frame = pd.DataFrame(
        {
            "yes": pd.array([True, None, False], dtype="boolean"),
            "count": pd.array([1, 2, None], dtype="Int32"),
            "plain": [True, False, True],
        }
    )
    x = matrix(frame, ["count", "absent", "yes", "plain"])
    np.testing.assert_array_equal(x, [[1, np.nan, 1, 1], [2, np.nan, np.nan, 0], [np.nan, np.nan, 0, 1]])


def test_the_record_of_a_training_is_the_same_bytes_again_and_strict_json(trained: Trained, tmp_path: Path) -> None:
    folder = write_training(trained, tmp_path)
    assert folder == tmp_path / "unreasonable_prescription"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"out_of_fold.parquet", "metrics.json"}
    write_training(trained, tmp_path)
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
    content = json.loads(before["metrics.json"], parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert content["model_version"] == trained.version
