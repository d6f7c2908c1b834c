"""Real orders (inpatient, foreign, messy) through the whole chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest


@pytest.mark.shared
def test_real_orders_go_through_and_their_worksheet_comes_out(
    shared: Path, tmp_path: Path, command: Callable[..., Any]
) -> None:
    work = tmp_path / "work"
    command("run", "--data", shared / "data" / "mimic_demo", "--quarter", "2026Q3", "--work", work)
    record = json.loads((work / "2026Q3" / "run.json").read_text(encoding="utf-8"))
    assert sum(counts["quarantined"] for counts in record["tables"].values()) == 0
    assert record["tables"]["fee_line"]["accepted"] == 9702
    off = {entry["what"] for entry in record["switched_off"]}
    assert {"rx-dose", "drug-sex-limit", "drug_trace"} <= off
    frame = pd.read_parquet(work / "2026Q3" / "frame.parquet")
    assert len(frame) == 812
    scores = pd.read_parquet(work / "2026Q3" / "scores_prescription.parquet")
    assert set(scores[scores.target == "unreasonable"].label_source) == {"rule_findings_weak"}
    command("assess", "--quarter", "2026Q3", "--work", work, "--out", tmp_path / "out")
    sheet = (tmp_path / "out" / "worksheets" / "2026Q3_H53030200001.csv").read_text(encoding="utf-8-sig")
    sample = pd.read_parquet(work / "2026Q3" / "sample.parquet")
    assert all(rxno in sheet for rxno in sample.rxno)
    assert "抗菌药使用百分率" in sheet
