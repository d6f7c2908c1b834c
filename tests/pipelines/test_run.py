"""One run: every output file as the contract describes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pandas as pd
import pytest

GRAINS = {
    "prescription": "rxno",
    "person": "psn_no",
    "practitioner": "dr_codg",
    "institution": "fixmedins_code",
}
FINDINGS = [
    "rule_id",
    "rule_name",
    "subject_type",
    "subject_code",
    "rxno",
    "setl_id",
    "feedetl_sn",
    "psn_no",
    "fixmedins_code",
    "dr_codg",
    "fee_ocur_time",
    "result_type",
    "vola_amt",
    "vola_evid",
    "item_codes",
    "fund_codes",
    "basis",
    "basis_version",
]
SCORES = [
    "target",
    "score",
    "raw_score",
    "base_value",
    "rank",
    "flagged",
    "model_name",
    "model_version",
    "label_source",
]
REASONS = ["target", "feature", "value", "value_text", "contribution", "reason_zh", "reason_en"]
SAMPLE = [
    "rxno",
    "fixmedins_code",
    "stratum",
    "arm",
    "incl_prob",
    "incl_prob_any",
    "weight",
    "design_id",
    "seed",
    "draw_order",
]


@pytest.fixture(scope="module")
def folder(first_run: Path) -> Path:
    return first_run / "2026Q2"


def test_rows_in_are_accepted_plus_quarantined(folder: Path) -> None:
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    for name, counts in record["tables"].items():
        assert counts["rows_in"] == counts["accepted"] + counts["quarantined"], name
        if counts["rows_in"]:
            assert len(pd.read_parquet(folder / "quarantine" / f"{name}.parquet")) == counts["quarantined"]


def test_findings_have_the_columns_and_evidence(folder: Path) -> None:
    findings = pd.read_parquet(folder / "findings.parquet")
    assert list(findings.columns) == FINDINGS
    assert len(findings) > 20
    assert set(findings.result_type) <= {"definite", "suspicious"}
    assert findings.basis.str.len().min() > 5
    for evidence in findings.vola_evid:
        assert json.loads(evidence)


@pytest.mark.parametrize("grain", GRAINS)
def test_features_have_one_row_a_key_in_order(folder: Path, grain: str) -> None:
    features = pd.read_parquet(folder / f"features_{grain}.parquet")
    key = GRAINS[grain]
    assert list(features.columns[:2]) == [key, "as_of"]
    assert features[key].is_unique
    assert features[key].is_monotonic_increasing
    assert features.as_of.eq(pd.Timestamp("2026-07-01")).all()


@pytest.mark.parametrize("grain", GRAINS)
def test_scores_are_probabilities_with_ranks_and_reasons_that_add_up(folder: Path, grain: str) -> None:
    key = GRAINS[grain]
    scores = pd.read_parquet(folder / f"scores_{grain}.parquet")
    reasons = pd.read_parquet(folder / f"reasons_{grain}.parquet")
    assert list(scores.columns) == [key, *SCORES]
    assert list(reasons.columns) == [key, *REASONS]
    if scores.empty:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        assert any(name.endswith(grain) and not model["scored"] for name, model in record["models"].items())
        return
    assert scores.score.between(0, 1).all()
    features = pd.read_parquet(folder / f"features_{grain}.parquet", columns=[key])
    for target, group in scores.groupby("target"):
        assert set(group[key]) == set(features[key])
        assert sorted(group["rank"]) == list(range(1, len(group) + 1))
        ordered = group.sort_values("rank")
        assert ordered.score.is_monotonic_decreasing
        assert ordered.flagged.tolist() == sorted(ordered.flagged, reverse=True)
        mine = reasons[reasons.target == target]
        assert set(group[key][group.flagged]) <= set(mine[key])
        total = mine.groupby(key).contribution.sum()
        expected = group.set_index(key).loc[total.index]
        assert ((total + expected.base_value - expected.raw_score).abs() < 1e-6).all()
        assert mine.reason_zh.str.len().min() > 0
        assert mine.reason_en.str.len().min() > 0


def test_every_institution_with_a_prescription_has_a_random_row(folder: Path) -> None:
    sample = pd.read_parquet(folder / "sample.parquet")
    assert list(sample.columns) == SAMPLE
    assert sample.rxno.is_unique
    scores = pd.read_parquet(folder / "scores_prescription.parquet")
    frame = set(scores.rxno)
    assert set(sample.rxno) <= frame
    random = sample[sample.arm == "random"]
    data = pd.read_parquet(next((folder.parent / "snapshots").glob("*/prescription.parquet")))
    assert set(random.fixmedins_code) == set(data[data.rxno.isin(frame)].fixmedins_code)
    assert (sample.weight * sample.incl_prob - 1).abs().max() < 1e-12
    assert (sample.incl_prob_any >= sample.incl_prob - 1e-12).all()
    assert abs(random.weight.sum() - len(frame)) < 1e-6 * len(frame)


def test_an_institution_answers_for_what_it_wrote_and_for_what_it_dispensed(folder: Path, city: Any) -> None:
    data = city.of("2026Q2")
    scores = pd.read_parquet(folder / "scores_prescription.parquet").query("target == 'fraud'")
    place = scores.set_index("rxno")["raw_score"].rank(pct=True)
    wrote = pd.read_parquet(data / "prescription.parquet").set_index("rxno")["fixmedins_code"]
    charged_at = pd.read_parquet(data / "settlement.parquet").set_index("setl_id")["fixmedins_code"]
    lines = pd.read_parquet(data / "fee_line.parquet", columns=["rxno", "setl_id"]).dropna()
    mine: dict[str, set[str]] = {}
    for rxno, setl_id in lines.itertuples(index=False):
        if setl_id in charged_at.index:
            mine.setdefault(charged_at[setl_id], set()).add(rxno)
    for rxno in place.index:
        mine.setdefault(wrote[rxno], set()).add(rxno)
    wanted = {code: place.reindex(sorted(all_of)).mean() for code, all_of in mine.items() if all_of & set(place.index)}
    fed = pd.read_parquet(folder / "fed_institution.parquet").set_index("fixmedins_code")["fed_fraud_mean"].dropna()
    assert fed.to_dict() == pytest.approx(wanted)
    assert not set(fed.index) <= set(wrote)


def test_prescriptions_that_came_after_the_draw_are_said(
    city: Any, first_run: Path, tmp_path: Path, command: Callable[..., CompletedProcess[str]]
) -> None:
    """A week that is added once cases are open is in features and scores, and in no estimate."""
    shutil.copytree(first_run, tmp_path / "work")
    path = tmp_path / "work" / "2026Q2" / "frame.parquet"
    frame = pd.read_parquet(path)
    drawn = set(pd.read_parquet(path.with_name("sample.parquet"))["rxno"])
    later = set(frame.loc[~frame["rxno"].isin(drawn), "rxno"].head(5))
    frame[~frame["rxno"].isin(later)].to_parquet(path, index=False)
    said = command("run", "--data", city.second, "--quarter", "2026Q2", "--work", tmp_path / "work").stdout
    assert "5 later are not in it" in said
    design = json.loads(path.with_name("run.json").read_text(encoding="utf-8"))["design"]
    assert (design["kept"], design["not_in_frame"]) == (True, 5)
    assert json.loads((first_run / "2026Q2" / "run.json").read_text(encoding="utf-8"))["design"]["not_in_frame"] == 0
