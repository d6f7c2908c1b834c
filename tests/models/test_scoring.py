"""Scores and reasons: columns, ranks, and sums that must hold to the last digit shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shap

from features.themes import themes_of
from models.boosting import matrix
from models.evaluation import LOGISTIC
from models.labels import WEAK
from models.loaded import LoadedModel
from models.manifest import manifest_of
from models.reasons import LEADING_THEMES, MOST_REASONS, OTHER, empty_reasons, explain
from models.scoring import base_value, empty_scores, raw_scores, score
from models.specs import ModelSpec
from models.themes import UNKNOWN, theme_table
from models.training import train
from records.errors import VerificationFailed

SCORES = [
    "rxno", "target", "score", "raw_score", "base_value", "rank", "flagged", "model_name", "model_version",
    "label_source",
]  # fmt: skip
REASONS = ["rxno", "target", "feature", "value", "value_text", "contribution", "reason_zh", "reason_en"]


def test_scores_have_the_columns_of_the_contract_by_key(model: LoadedModel, rows: pd.DataFrame) -> None:
    frame = score(model, rows.sample(frac=1, random_state=3), 25)
    assert list(frame.columns) == SCORES == list(empty_scores("prescription").columns)
    assert frame["rxno"].is_monotonic_increasing
    assert sorted(frame["rank"]) == list(range(1, len(rows) + 1))
    assert frame["flagged"].sum() == 25
    assert frame.loc[frame["flagged"], "raw_score"].min() >= frame.loc[~frame["flagged"], "raw_score"].max()
    assert frame["score"].corr(frame["raw_score"], method="spearman") == pytest.approx(1)
    assert set(frame["model_version"]) == {model.version}


def test_equal_scores_are_ranked_by_key(model: LoadedModel, rows: pd.DataFrame) -> None:
    same = pd.concat([rows.iloc[[0]]] * 5, ignore_index=True).assign(rxno=["E", "A", "D", "B", "C"])
    frame = score(model, same, 2)
    assert dict(zip(frame["rxno"], frame["rank"], strict=True)) == {"A": 1, "B": 2, "C": 3, "D": 4, "E": 5}


def test_a_switched_off_feature_counts_as_missing(model: LoadedModel, rows: pd.DataFrame) -> None:
    without = raw_scores(model, rows.drop(columns="drug_count"))
    missing = raw_scores(model, rows.assign(drug_count=np.nan))
    assert (without == missing).all()


def test_slices_change_nothing(model: LoadedModel, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = raw_scores(model, rows)
    monkeypatch.setattr("models.scoring._SLICE", 7)
    assert (raw_scores(model, rows) == whole).all()
    assert len(raw_scores(model, rows.iloc[:0])) == 0


def test_reasons_add_up_to_the_raw_score(model: LoadedModel, rows: pd.DataFrame) -> None:
    keys = set(rows["rxno"].iloc[:40])
    scores = score(model, rows, 10).set_index("rxno")
    frame = explain(model, rows, keys)
    assert list(frame.columns) == REASONS == list(empty_reasons("prescription").columns)
    assert set(frame["rxno"]) == keys
    sums = frame.groupby("rxno")["contribution"].sum() + base_value(model)
    assert np.abs(sums - scores.loc[sums.index, "raw_score"]).max() < 1e-6
    last = frame.groupby("rxno").tail(1)
    assert set(last["feature"]) == {OTHER}
    assert (frame.groupby("rxno").size() <= MOST_REASONS + 1).all()
    assert frame[["reason_zh", "reason_en"]].map(bool).all(axis=None)


def test_contributions_are_those_of_shap(model: LoadedModel, rows: pd.DataFrame) -> None:
    some = rows.iloc[:30]
    frame = explain(model, some, set(some["rxno"]))
    explainer = shap.TreeExplainer(model.booster)
    values = np.asarray(explainer.shap_values(matrix(some, model.names)))
    values = values[1] if values.ndim == 3 and values.shape[0] == 2 else values
    expected = pd.DataFrame(values, columns=model.names, index=some["rxno"])
    for row in frame[frame["feature"] != OTHER].itertuples():
        assert row.contribution == pytest.approx(expected.loc[row.rxno, row.feature], abs=1e-6)


FINDINGS = pd.DataFrame(
    [("R00000", "2-5 1-9", None), ("R00000", "1-11", "F38-2d"), ("R00001", "2-9", ""), ("R00002", "1-8,1-10", None)],
    columns=["rxno", "item_codes", "fund_codes"],
)
#: Told by hand from features/themes.toml.
THEME_OF = {"2-5": "regimen", "1-9": "writing", "1-11": "drugs", "2-9": "findings", "1-8": "writing", "1-10": "writing"}


def slow_themes(model: LoadedModel, row: pd.Series) -> dict[str, float]:
    """Theme totals of one subject, feature by feature, from shap's values; finding counts go where the findings are."""
    values = np.asarray(shap.TreeExplainer(model.booster).shap_values(row[model.names].to_numpy(dtype=float)[None, :]))
    values = values.reshape(-1)[-len(model.names) :]
    mine = FINDINGS.loc[FINDINGS["rxno"] == row["rxno"], "item_codes"]
    codes = [code for text in mine for code in text.replace(",", " ").split()]
    of = dict.fromkeys(model.names, UNKNOWN) | themes_of("prescription")
    totals: dict[str, float] = {}
    for name, value in zip(model.names, values, strict=True):
        wanted = {"findings": "", "findings_dosage": "2-5", "findings_writing": "1-"}.get(name)
        counted = [] if wanted is None or row[name] == 0 else [code for code in codes if code.startswith(wanted)]
        for theme in [THEME_OF[code] for code in counted] or [of[name].name]:
            totals[theme] = totals.get(theme, 0.0) + value / max(1, len(counted))
    return totals


@pytest.fixture(scope="module")
def with_findings(
    spec: ModelSpec, rows: pd.DataFrame, labels_of: Any, groups: dict[str, str]
) -> tuple[LoadedModel, pd.DataFrame]:
    """A model that also took findings by family, and its rows: some have none, some one family, some two alike."""
    rng = np.random.default_rng(8)
    wide = rows.assign(findings_dosage=rng.integers(0, 2, len(rows)), findings_writing=rng.integers(0, 3, len(rows)))
    wide.loc[[0, 1, 2], ["findings_dosage", "findings_writing"]] = [[1, 2], [0, 0], [0, 2]]
    wide["findings"] = wide["findings_dosage"] + wide["findings_writing"] + (rng.random(len(wide)) < 0.2)
    wide.loc[[0, 1, 2], "findings"] = [2, 1, 1]
    labels = labels_of(wide)
    labels.frame["label"] = (wide["findings"] + rng.normal(0, 0.6, len(wide)) > 1.6).astype(int)
    more = {**groups, "findings_dosage": "findings", "findings_writing": "findings"}
    trained = train(spec, wide, labels, more, threads=1)
    return LoadedModel.of(trained.text, manifest_of(trained, {})), wide


def test_themes_add_up_and_agree_with_a_slow_reference(with_findings: tuple[LoadedModel, pd.DataFrame]) -> None:
    model, rows = with_findings
    some = rows.iloc[:25]
    table = theme_table(model, some, set(some["rxno"]), FINDINGS)
    assert {"regimen", "drugs"} <= set(table.loc[table["rxno"] == "R00000", "theme"])
    scores = score(model, some, 5).set_index("rxno")
    sums = table.groupby("rxno")["contribution"].sum() + base_value(model)
    assert np.abs(sums - scores.loc[sums.index, "raw_score"]).max() < 1e-6
    for row in some.itertuples():
        mine = table[table["rxno"] == row.rxno]
        assert mine["contribution"].abs().is_monotonic_decreasing
        expected = slow_themes(model, rows.loc[row.Index])
        for theme in mine.itertuples():
            assert theme.contribution == pytest.approx(expected[theme.theme], abs=1e-6), theme.theme
        assert set(mine["theme"]) >= {name for name, total in expected.items() if abs(total) > 1e-9}
        assert mine["score"].eq(scores.loc[row.rxno, "score"]).all()


def test_reasons_come_theme_by_theme(with_findings: tuple[LoadedModel, pd.DataFrame]) -> None:
    model, rows = with_findings
    keys = set(rows["rxno"].iloc[:60])
    table = theme_table(model, rows, keys, FINDINGS)
    frame = explain(model, rows, keys, findings=FINDINGS)
    for key, mine in frame[frame["feature"] != OTHER].groupby("rxno", sort=False):
        several = [text.split("、") for text in mine["reason_zh"].str.extract("^【(.+?)】")[0]]
        said = [names[0] for names in several]
        order = list(dict.fromkeys(said))
        totals = table[table["rxno"] == key].set_index("theme_zh")["contribution"].abs()
        assert list(totals[order]) == sorted(totals[order], reverse=True)
        assert said == sorted(said, key=order.index)
        assert set(totals.index[:LEADING_THEMES]) <= {name for names in several for name in names}
        words = table.drop_duplicates("theme_zh").set_index("theme_zh")["theme_en"]
        told = [text.split("; ") for text in mine["reason_en"].str.extract(r"^\[(.+?)\]")[0]]
        assert told == [[words[name] for name in names] for names in several]


def test_what_if_a_theme_were_as_usual(with_findings: tuple[LoadedModel, pd.DataFrame]) -> None:
    model, rows = with_findings
    row = rows.iloc[[7]]
    table = theme_table(model, row, set(row["rxno"])).set_index("theme")
    for theme, names in (("unknown", ("drug_count", "age")), ("amount", ("total_amount", "amount_per_day"))):
        usual = {name: model.manifest["usual"][name][1] for name in names}
        expected = score(model, row.assign(**usual), 1)["score"].iloc[0]
        assert table.loc[theme, "score_if_usual"] == pytest.approx(expected)
        assert expected != table.loc[theme, "score"]


def test_a_reason_says_value_unit_and_usual_range(model: LoadedModel, rows: pd.DataFrame) -> None:
    frame = explain(model, rows, {"R00000"})
    row = frame[frame["feature"] == "amount_per_day"].iloc[0]
    assert f"{rows['amount_per_day'].iloc[0]:,.2f}" in row["reason_zh"]
    assert "元" in row["reason_zh"]
    assert "yuan" in row["reason_en"]
    low = model.manifest["usual"]["amount_per_day"][0]
    assert f"{low:,.2f}" in row["reason_en"]


def test_usual_ranges_are_the_tenth_and_ninetieth_of_a_hundred(model: LoadedModel, rows: pd.DataFrame) -> None:
    for name in model.names:
        known = np.sort(rows[name].dropna().to_numpy(dtype=float))
        low, middle, high = model.manifest["usual"][name]
        for share, value in ((0.1, low), (0.5, middle), (0.9, high)):
            assert value == known[int(np.floor(share * (len(known) - 1) + 1e-9))]


def test_weak_labels_are_said_in_the_reasons(model: LoadedModel, rows: pd.DataFrame) -> None:
    weak = replace(model, manifest={**model.manifest, "label_source": WEAK})
    frame = explain(weak, rows, {"R00000"})
    other = frame[frame["feature"] == OTHER].iloc[0]
    assert "规则发现" in other["reason_zh"]
    assert "rule findings" in other["reason_en"]
    assert set(score(weak, rows, 1)["label_source"]) == {WEAK}


def test_a_feature_that_left_the_catalogue_is_told_by_its_name(model: LoadedModel, rows: pd.DataFrame) -> None:
    frame = explain(model, rows, {"R00000"}, catalogue={"x": None})  # type: ignore[dict-item]
    assert (
        frame.loc[frame["feature"] == "drug_count", "reason_en"]
        .iloc[0]
        .endswith("drug_count = " + f"{rows['drug_count'].iloc[0]:g}")
    )


def test_nobody_to_explain_gives_an_empty_table(model: LoadedModel, rows: pd.DataFrame) -> None:
    assert list(explain(model, rows, {"nobody"}).columns) == REASONS


def test_contributions_that_do_not_add_up_are_refused(
    model: LoadedModel, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = model.booster

    class Off:
        def predict(self, x: Any, **how: Any) -> Any:
            found = true.predict(x, **how)
            return found + 0.001 if "raw_score" in how else found

    broken = replace(model)
    broken.__dict__["booster"] = Off()
    with pytest.raises(VerificationFailed):
        explain(broken, rows, {"R00000"})


def test_a_model_names_the_single_columns_that_it_was_not_shown_to_be_better_than(model: LoadedModel) -> None:
    assert model.not_above == []
    low = {"total amount": 0.0, "number of findings": 0.01, LOGISTIC: -1.0, "another": float("nan")}
    gains = {name: {"value": 0.1, "interval90": [limit, 0.2]} for name, limit in low.items()}
    doubtful = replace(model, manifest={**model.manifest, "metrics": {**model.manifest["metrics"], "gain": gains}})
    assert doubtful.not_above == ["total amount", "another"]
