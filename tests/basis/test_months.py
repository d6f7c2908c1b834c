"""Rules by kept months: the bytes of the whole look-back read at once, and not without what the months hold."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from basis.carried import keep_months, open_with_months
from basis.find import find
from basis.knowledge import load_points
from basis.rulebook import load_rulebook
from pipelines.quarter import FINDING_ORDER
from records.asof import open_asof
from records.kept import Kept, open_quarter
from records.output import sha256, write_parquet
from records.periods import Quarter
from records.snapshot import Snapshot
from tests.basis import drawn
from tests.basis.year import POINTS, drawn_year

QUARTER = Quarter.parse("2026Q3")
BOOK = load_rulebook()
BEFORE = [f"2025-{month}" for month in (10, 11, 12)] + [f"2026-0{month}" for month in range(1, 7)]
#: What looks at rows of before the quarter: rules, and the names of knowledge points' rules.
LOOKING_BACK = (
    "companion", "course-days", "early-refill", "item-frequency", "person-duplicate", "person-interaction", "second-line",
    "stay-split", "stock-short", "trace-twice", "kp-限总疗程", "kp-限一次就诊", "kp-限首末日", "kp-单方不付",
)  # fmt: skip


def _points(folder: Path) -> Path:
    path = folder / "points.csv"
    plain = {
        "gz_code": "",
        "rule_class": "政策类",
        "official": "1",
        "status": "effective",
        "code_form": "exact",
        "decidable": "1",
    }
    rows = [{**plain, "kp_id": f"KP{number}", **point} for number, point in enumerate(POINTS)]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _found(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, folder: Path) -> tuple[str, dict[str, Any], list[Any]]:
    """Digest of findings.parquet, the report of knowledge points, and the findings themselves."""
    folder.mkdir()
    report = find(con, snapshot, BOOK, load_points(con, _points(folder)))
    path = folder / "findings.parquet"
    write_parquet(con, "SELECT * FROM findings", path, [f"{name} NULLS FIRST" for name in FINDING_ORDER])
    rows = con.execute("SELECT rule_id, subject_code, feedetl_sn, psn_no, vola_evid FROM findings ORDER BY ALL").fetchall()
    return sha256(path), report.knowledge, rows


@pytest.mark.parametrize("seed", [1, 2])
def test_kept_months_give_the_findings_of_the_whole_look_back(seed: int, tmp_path: Path) -> None:
    snapshot, kept = drawn.snapshot_of([drawn_year(seed)], tmp_path / "snapshots"), Kept(tmp_path / "kept")
    at_once = _found(open_asof(snapshot, QUARTER), snapshot, tmp_path / "at_once")
    by_months = _found(open_with_months(snapshot, QUARTER, kept), snapshot, tmp_path / "by_months")
    assert by_months == at_once
    assert sorted(path.name[:7] for path in (kept.folder / "rules").iterdir()) == BEFORE
    without = _found(open_quarter(snapshot, QUARTER, kept, wide=True), snapshot, tmp_path / "without")
    of_rule, blind = Counter(row[0] for row in at_once[2]), without[2]
    for rule_id in LOOKING_BACK:
        assert of_rule[rule_id], f"{rule_id} finds nothing here"
        own = {row for row in at_once[2] if row[0] == rule_id}
        assert own != {row for row in blind if row[0] == rule_id}, f"{rule_id} finds the same without what months hold"


def test_a_limit_told_later_reaches_the_months_that_charged_the_item(tmp_path: Path) -> None:
    rows, kept = drawn_year(1), Kept(tmp_path / "kept")
    (item,) = (row for row in rows["service_item"] if row["hilist_code"] == "血液透析")
    charged = {row["setl_id"] for row in rows["fee_line"] if row["hilist_code"] == "血液透析"}
    months = {str(row["setl_time"])[:7] for row in rows["settlement"] if row["setl_id"] in charged}
    assert 0 < len(months) < len(BEFORE)
    assert keep_months(drawn.snapshot_of([rows], tmp_path / "a"), QUARTER.begin, kept) == dict.fromkeys(BEFORE, True)
    item["freq_max"], item["freq_window"] = "1", "year"
    snapshot = drawn.snapshot_of([rows], tmp_path / "b")
    assert keep_months(snapshot, QUARTER.begin, kept) == {month: month in months for month in BEFORE}
    assert len(list((kept.folder / "rules").iterdir())) == len(BEFORE)
    at_once = _found(open_asof(snapshot, QUARTER), snapshot, tmp_path / "at_once")
    assert _found(open_with_months(snapshot, QUARTER, kept), snapshot, tmp_path / "by_months") == at_once


def test_a_quarter_with_nothing_before_it_is_opened_as_it_is(tmp_path: Path) -> None:
    first = Quarter.parse("2025Q4")
    snapshot, kept = drawn.snapshot_of([drawn_year(1)], tmp_path / "snapshots"), Kept(tmp_path / "kept")
    con = open_with_months(snapshot, first, kept)
    assert con.execute("SELECT count(*) FROM history_line WHERE fee_row IS NULL").fetchall() == [(0,)]
    assert con.execute("SELECT count(*) FROM history_line").fetchall()[0][0] > 0
    assert not (kept.folder / "rules").exists()
