"""A folder of labels alone: what is refused says the column, what is mended is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from records.errors import DataFault, MissingTable
from records.label_folder import read_label_folder

VERDICT = {"rxno": "R1", "reviewed_time": "2026-03-01 09:00:00", "verdict_class": "2", "item_codes": "2-7",
           "fund_codes": "", "loss_amt": "12.50", "selection": "random", "incl_prob": "0.25"}  # fmt: skip
FINDING = {"finding_id": "F1", "subject_type": "institution", "subject_code": "H1", "begndate": "2026-01-01",
           "enddate": "2026-03-31", "fraud_flag": "1", "fund_codes": "F40-1", "loss_amt": "100"}  # fmt: skip


def folder_of(place: Path, table: str, *rows: dict[str, str]) -> Path:
    folder = place / "labels"
    folder.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / f"{table}.csv", index=False)
    return folder


def read(folder: Path, table: str) -> tuple[pd.DataFrame, list[str]]:
    snapshot, notes = read_label_folder(folder, folder.parent / "scratch")
    return pd.read_parquet(snapshot.file(table)), notes


def test_what_is_as_it_should_be_is_taken_without_a_word(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "past_verdict", VERDICT, {**VERDICT, "rxno": "R2", "incl_prob": ""})
    folder_of(tmp_path, "past_finding", FINDING)
    frame, notes = read(folder, "past_verdict")
    assert notes == []
    assert frame["rxno"].tolist() == ["R1", "R2"]
    assert frame["incl_prob"].tolist()[0] == 0.25
    assert pd.isna(frame["incl_prob"].tolist()[1])
    assert read(folder, "past_finding")[0]["subject_code"].tolist() == ["H1"]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_verdicts_the_last_counts_whatever_the_order_and_it_is_told(tmp_path: Path, turned: bool) -> None:
    rows = [VERDICT, {**VERDICT, "reviewed_time": "2026-04-01 09:00:00", "verdict_class": "0", "item_codes": ""}]
    frame, notes = read(folder_of(tmp_path, "past_verdict", *(reversed(rows) if turned else rows)), "past_verdict")
    assert frame["verdict_class"].tolist() == [0]
    assert len(notes) == 1
    assert "1 rows have the rxno of another" in notes[0]


@pytest.mark.parametrize("chance", ["-3", "0", "1.5"])
def test_an_impossible_chance_is_unknown_and_told(tmp_path: Path, chance: str) -> None:
    frame, notes = read(folder_of(tmp_path, "past_verdict", {**VERDICT, "incl_prob": chance}), "past_verdict")
    assert frame["incl_prob"].isna().all()
    assert len(notes) == 1
    assert "incl_prob of 1 rows is no probability" in notes[0]


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("past_verdict", {**VERDICT, "verdict_class": "bad"}, "verdict_class is missing or cannot be read ('bad') in 1 rows"),
        ("past_verdict", {**VERDICT, "reviewed_time": ""}, "reviewed_time is missing in 1 rows of past_verdict"),
        ("past_verdict", {k: v for k, v in VERDICT.items() if k != "verdict_class"}, "verdict_class"),
        ("past_verdict", {**VERDICT, "verdict_class": "李530302199001"}, "cannot be read ('某999999999999')"),
        ("past_finding", {**FINDING, "enddate": "soon"}, "enddate is missing or cannot be read ('soon')"),
    ],
)
def test_what_cannot_be_used_names_its_column(tmp_path: Path, table: str, row: dict[str, str], said: str) -> None:
    with pytest.raises(DataFault) as refused:
        read(folder_of(tmp_path, table, row), table)
    assert said in str(refused.value)


def test_a_folder_that_is_not_there_is_not_the_data_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingTable, match="--labels"):
        read_label_folder(tmp_path / "nowhere", tmp_path)
