"""What is handed out: files, manifest, same bytes, every deduction walked back, the clearing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assessment.clearing import ClearingInput, Part, Pool, kept_surplus, settle_pool, write_clearing
from assessment.explain import explain
from assessment.exports import assess
from assessment.scheme import load_scheme
from records.errors import NotFound, WrongUse

Quarter = Callable[..., Any]
BAD = [(f"R{n:03d}", 3 if n < 10 else 0, True, "3-1" if n < 10 else "", "", None) for n in range(20)]
BAD += [("R020", 3, True, "3-1", "F38-2d", "500.00"), ("R021", 2, True, "2-5", "F40-3", "20.00")]


def hashes(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file()}  # fmt: skip


def test_the_same_input_gives_the_same_bytes_and_a_true_manifest(quarter: Quarter, tmp_path: Path) -> None:
    files = assess(quarter(BAD), load_scheme(), tmp_path / "a", "医保局")
    assess(quarter(BAD), load_scheme(), tmp_path / "b", "医保局")
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["audit_head"] == {"seq": 7, "hash": "abc"}
    assert sorted([*manifest["files"], "manifest.json"]) == files
    for name, expected in manifest["files"].items():
        assert hashes(tmp_path / "a")[name] == expected
    assert "assessment.xlsx" in manifest["files"]


def test_every_file_for_somebody_named_carries_their_mark_and_no_other_does(quarter: Quarter, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    out, data = tmp_path / "a", quarter(BAD)
    row = dict.fromkeys(("age", "drugs", "antibacterial", "injection", "essential", "generic", "total_amt"), 1)
    row |= {"rxno": "R000", "fixmedins_code": "H1", "prsc_date": "2026-07-01", "diagnoses": "高血压", "dr_codg": "D1",
            "phar_codg": None, "disp_phar_codg": None}  # fmt: skip
    data = replace(data, quarters=[replace(part, worksheet=pd.DataFrame([row])) for part in data.quarters])
    assess(data, load_scheme(), out, "医保局 甲科")
    mark = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["recipient_mark"]
    assert re.fullmatch("医保局 甲科 [0-9a-f]{8}", mark)
    unmarked = []
    for path in sorted(out.glob("*.csv")):
        frame = pd.read_csv(path)
        if "recipient_mark" in frame.columns:
            assert set(frame["recipient_mark"]) <= {mark}, path
        else:
            unmarked.append(path.name)
    # The contract lists this one's columns.
    assert unmarked == ["institution_estimates.csv"]
    for sheet in load_workbook(out / "assessment.xlsx").worksheets:
        assert sheet.cell(1, sheet.max_column).value == "接收标记 recipient_mark"
        assert {sheet.cell(row, sheet.max_column).value for row in range(2, sheet.max_row + 1)} <= {mark}
    assert {path.name for path in (out / "notices").iterdir()} >= {"H1.md"}
    assert [path.name.partition("_")[2] for path in (out / "worksheets").iterdir()] == ["H1.csv"]
    for letter in (out / "notices").glob("*.md"):
        assert re.search(rf"recipient mark: {letter.stem} [0-9a-f]{{8}}\n", letter.read_text(encoding="utf-8")), letter
    for sheet_path in (out / "worksheets").glob("*.csv"):
        code = sheet_path.stem.partition("_")[2]
        assert re.search(rf"recipient mark,{code} [0-9a-f]{{8}}\r", sheet_path.read_bytes().decode("utf-8-sig")), sheet_path
    assert "mark" not in (out / "public_notice.md").read_text(encoding="utf-8")
    assess(quarter(BAD), load_scheme(), tmp_path / "b", "别处")
    assert hashes(out)["doubt_list.csv"] != hashes(tmp_path / "b")["doubt_list.csv"]
    with pytest.raises(WrongUse, match="--recipient"):
        assess(quarter(BAD), load_scheme(), tmp_path / "c", " ")
    assert not (tmp_path / "c").exists()


def test_a_folder_with_somebody_s_own_files_is_never_replaced(tmp_path: Path, quarter: Quarter) -> None:
    out, own = tmp_path / "o", tmp_path / "o" / "notes.txt"
    assess(quarter(BAD), load_scheme(), out, "医保局")
    assess(quarter(BAD), load_scheme(), out, "基金科")
    assert "基金科" in (out / "manifest.json").read_text(encoding="utf-8")
    before = hashes(out)
    own.write_text("kept", encoding="utf-8")
    clearing = ClearingInput(2026, (Pool(KEY, 100_000, 0, 0, Fraction(1, 2)),), (Part(KEY, "H1", 90_000, 0, 0, 0, 10),))
    with pytest.raises(WrongUse, match=r"notes\.txt"):
        assess(quarter(BAD), load_scheme(), out, "医保局")
    with pytest.raises(WrongUse, match=r"notes\.txt"):
        write_clearing(clearing, load_scheme(), out, "医保局")
    own.unlink()
    assert hashes(out) == before


def test_a_clearing_carries_its_recipient_s_mark(tmp_path: Path) -> None:
    pools = (Pool(KEY, 100_000, 0, 0, Fraction(1, 2)),)
    parts = (Part(KEY, "H1", 90_000, 0, 0, 0, 10),)
    write_clearing(ClearingInput(2026, pools, parts), load_scheme(), tmp_path / "c", "基金科")
    for path in (tmp_path / "c").glob("*.csv"):
        assert all(str(mark).startswith("基金科 ") for mark in pd.read_csv(path)["recipient_mark"]), path
    assert json.loads((tmp_path / "c" / "manifest.json").read_text(encoding="utf-8"))["recipient_mark"].startswith("基金科 ")


def test_deductions_are_what_the_scheme_says_and_lead_back_to_cases(quarter: Quarter, tmp_path: Path) -> None:
    assess(quarter(BAD), load_scheme(), tmp_path / "a", "医保局")
    scores = pd.read_csv(tmp_path / "a" / "institution_scores.csv").set_index("fixmedins_code")
    estimates = pd.read_csv(tmp_path / "a" / "institution_estimates.csv").set_index("fixmedins_code")
    low = estimates.loc["H1", "rate_low90"]
    medication = min(8, round((low - 0.02) * 100 * 0.5 + 1e-9, 2))
    abnormal = min(5, round(low * 100 + 1e-9, 2))
    assert scores.loc["H1", "medication_points"] == pytest.approx(medication, abs=0.011)
    assert scores.loc["H1", "abnormal_points"] == pytest.approx(abnormal, abs=0.011)
    assert scores.loc["P9", "status"] == "no_rate"
    lines = pd.read_csv(tmp_path / "a" / "score_lines.csv")
    behind = lines[(lines.kind == "assessment") & (lines.line == "abnormal")]
    assert set(behind.rxno) == {f"R{n:03d}" for n in range(10)}
    assert (behind.experts == "E1 E2").all()
    assert lines.clause.str.len().min() > 3


def test_a_line_is_deducted_up_to_its_stake_and_the_authority_s_codes_are_only_leads(quarter: Quarter, tmp_path: Path) -> None:
    assess(quarter(BAD), load_scheme(), tmp_path / "a", "医保局")
    doubts = pd.read_csv(tmp_path / "a" / "doubt_list.csv").set_index("rxno")
    assert doubts.loc["R020", "deducted_amt"] == 60.0
    assert doubts.loc["R021", "addressee"] == "authority"
    notice = (tmp_path / "a" / "notices" / "H1.md").read_text(encoding="utf-8")
    assert "疑点" in notice
    assert "R021" not in notice
    assert "欺诈" not in notice


def test_nothing_starts_like_a_formula(quarter: Quarter, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    assess(quarter(BAD), load_scheme(), tmp_path / "a", "医保局")
    for sheet in load_workbook(tmp_path / "a" / "assessment.xlsx").worksheets:
        for row in sheet.iter_rows(values_only=True):
            assert not any(isinstance(cell, str) and cell.startswith(("=", "+", "@")) for cell in row)


def test_without_verdicts_there_is_no_score_but_an_export(quarter: Quarter, tmp_path: Path) -> None:
    assess(quarter([]), load_scheme(), tmp_path / "a", "医保局")
    scores = pd.read_csv(tmp_path / "a" / "institution_scores.csv").set_index("fixmedins_code")
    assert scores.loc["H1", "status"] == "no_verdicts"
    assert pd.isna(scores.loc["H1", "score"])


def test_the_whole_line_behind_a_score_and_a_prescription(quarter: Quarter) -> None:
    empty = {name: pd.DataFrame({"rxno": []}) for name in ("findings", "scores_prescription", "reasons_prescription")}
    text = "\n".join(explain(quarter(BAD), load_scheme(), "H1", empty))
    assert "R003" in text
    assert "abc" in text
    assert "b1" in text
    assert "R020" in "\n".join(explain(quarter(BAD), load_scheme(), "R020", empty))
    with pytest.raises(NotFound):
        explain(quarter(BAD), load_scheme(), "R999", empty)


KEY = ("530302", "310", "ordinary")


def part(code: str, spending: int, special: int = 0, prepaid: int = 0, deducted: int = 0, persons: int = 1) -> Part:
    return Part(KEY, code, spending, special, prepaid, deducted, persons)


def test_the_two_readings_of_the_ratio() -> None:
    # Control 100, spending 110, ratio 70 %: institutions bearing 70 % gives 103, the formula as printed 107.
    pool = Pool(KEY, 10000, 0, 0, Fraction(7, 10))
    assert settle_pool(pool, [part("H1", 11000)], "fund_share", "all").total == 10300
    assert settle_pool(pool, [part("H1", 11000)], "literal", "all").total == 10700
    half = Pool(KEY, 10000, 0, 0, Fraction(1, 2))
    cleared = settle_pool(half, [part("H1", 11000)], "fund_share", "all")
    assert cleared.total_fund_share == cleared.total_literal == 10500


amounts = st.integers(0, 10**9)


@given(st.lists(st.tuples(amounts, amounts, amounts, amounts), min_size=1, max_size=8), amounts, st.integers(0, 100))
def test_a_clearing_adds_up_to_the_fen(rows: list[tuple[int, int, int, int]], control: int, ratio: int) -> None:
    parts = [
        part(f"H{n}", spending + special, special, prepaid, deducted)
        for n, (spending, special, prepaid, deducted) in enumerate(rows)
    ]
    pool = Pool(KEY, control, 0, 0, Fraction(ratio, 100))
    cleared = settle_pool(pool, parts, "fund_share", "all")
    spending, special = sum(p.spending for p in parts), sum(p.special for p in parts)
    exact = control - special + (1 - Fraction(ratio, 100)) * (spending - control)
    assert abs(cleared.total - exact) <= Fraction(1, 2)
    assert sum(p.share for p in cleared.parts) == cleared.total
    paid = sum(p.clearing for p in cleared.parts)
    assert paid == cleared.total + special - sum(p.prepaid + p.deducted for p in parts)
    assert cleared.points == 100 * len(parts)


@pytest.mark.parametrize(
    ("surplus", "kept"), [(0, 0), (300, 300), (500, 500), (800, 710), (1000, 850), (1200, 910), (1500, 1000), (2000, 1000)]
)
def test_a_consortium_keeps_its_surplus_by_tiers(surplus: int, kept: int) -> None:
    assert kept_surplus(surplus, 10000, load_scheme()) == kept
