"""Rows, refunds, what is switched off, findings, usual ranges; and that features vary."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.catalogue import GRAINS, KEYS, ROW_KEYS, load_catalogue
from features.compute import compute
from features.staging import release, stage_files
from features.usual import usual_ranges
from records.asof import open_asof
from records.engine import as_written
from records.output import sha256, write_parquet
from records.periods import Quarter
from records.snapshot import Snapshot

QUARTER = Quarter.parse("2026Q3")
Make = Callable[[Any], Snapshot]
FINDINGS = """CREATE TABLE findings AS SELECT * FROM (VALUES
    ('R1', 'prescription', '{rx}', '{rx}', NULL, 'definite', 12.5::DECIMAL(16, 2), '1-10 2-1', NULL),
    ('R2', 'prescription', '{rx}', '{rx}', NULL, 'suspicious', 3::DECIMAL(16, 2), '2-7', 'F38-2e'),
    ('R2', 'fee_line', '{sn}', NULL, '{sn}', 'suspicious', NULL, '2-4', NULL)
) AS f(rule_id, subject_type, subject_code, rxno, feedetl_sn, result_type, vola_amt, item_codes, fund_codes),
(SELECT NULL::VARCHAR AS psn_no, NULL::VARCHAR AS dr_codg, NULL::VARCHAR AS fixmedins_code)"""


def _column(con: duckdb.DuckDBPyConnection, grain: str, name: str) -> dict[str, Any]:
    return dict(con.execute(f"SELECT {KEYS[grain]}, {name} FROM features_{grain}").fetchall())


def test_rows_key_and_order(small_city: Callable[[int], Any], make_snapshot: Make) -> None:
    snapshot = make_snapshot(small_city(21).tables)
    con = open_asof(snapshot, QUARTER)
    for grain in GRAINS:
        report = compute(con, snapshot, grain)
        rows = con.execute(f"FROM features_{grain}")
        names = [column[0] for column in rows.description]
        keys = [row[0] for row in rows.fetchall()]
        assert names == [KEYS[grain], "as_of", *report.features]
        assert keys == sorted(set(keys))
        assert report.rows == len(keys) > 0
    assert con.execute("SELECT count(DISTINCT as_of), max(as_of) FROM features_person").fetchall() == [(1, QUARTER.as_of)]


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_a_file_of_features_is_the_table_written(
    at_once: int, small_city: Callable[[int], Any], make_snapshot: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = make_snapshot(small_city(22).tables)
    con = open_asof(snapshot, QUARTER)
    narrow = open_asof(snapshot, QUARTER, wide=False)
    monkeypatch.setattr("features.compute.ROWS_AT_ONCE", at_once)
    for grain in GRAINS:
        compute(con, snapshot, grain)
        write_parquet(con, f"SELECT * FROM features_{grain}", tmp_path / f"{grain}.parquet", [KEYS[grain]])
        report = compute(narrow, snapshot, grain, tmp_path)
        assert sha256(tmp_path / f"features_{grain}.parquet") == sha256(tmp_path / f"{grain}.parquet")
        assert narrow.execute(f"SELECT count(*) FROM features_{grain}").fetchall() == [(report.rows,)]
        assert report.rows > 0


def test_plans_are_the_planners_own_again_after_a_failing_stage() -> None:
    con = duckdb.connect()
    asked = "SELECT current_setting('disabled_optimizers')"
    with as_written(con):
        assert set(con.execute(asked).fetchall()[0][0].split(",")) == {"join_order", "build_side_probe_side"}
    with pytest.raises(duckdb.CatalogException), as_written(con):
        con.execute("CREATE TABLE made AS SELECT * FROM missing")
    assert con.execute(asked).fetchall() == [("",)]


def test_a_stage_has_one_row_a_key(small_city: Callable[[int], Any], make_snapshot: Make) -> None:
    snapshot = make_snapshot(small_city(22).tables)
    con = open_asof(snapshot, QUARTER)
    for grain in GRAINS:
        compute(con, snapshot, grain)
        for stage in sorted({stage for f in load_catalogue().of(grain) for stage in f.stages}):
            if not con.execute(f"SELECT 1 FROM information_schema.tables WHERE table_name = '{stage}'").fetchall():
                continue
            sql = f"SELECT count(*) - count(DISTINCT {ROW_KEYS[grain]}) FROM stage.{stage}"
            assert con.execute(sql).fetchall() == [(0,)], stage
    release(con)
    assert con.execute("SELECT 1 FROM information_schema.tables WHERE table_schema = 'stage'").fetchall() == []


def test_a_refund_in_full_leaves_as_if_never_sold(small_city: Callable[[int], Any], make_snapshot: Make) -> None:
    city = small_city(23)
    cons = []
    moment = datetime(2026, 9, 20, 9)
    before = make_snapshot(city.tables)
    setl_id = city.visit("N09", "H1", moment)
    city.refund(setl_id, moment)
    after = make_snapshot(city.tables)
    for snapshot in (before, after):
        con = open_asof(snapshot, QUARTER)
        compute(con, snapshot, "prescription")
        compute(con, snapshot, "person")
        cons.append(con)
    assert _column(cons[0], "prescription", "total_amount") == _column(cons[1], "prescription", "total_amount")
    for name in ("amount_90d", "visits_90d", "possession_max", "institutions_90d", "products"):
        assert _column(cons[0], "person", name) == _column(cons[1], "person", name)
    shares = [_column(con, "person", "refund_share")["N09"] for con in cons]
    assert shares[0] < shares[1]


def test_who_only_has_a_refund_has_a_row(small_city: Callable[[int], Any], make_snapshot: Make) -> None:
    city = small_city(24)
    city.add("person", psn_no="N99", gend="1", brdy="1970-01-01", insutype="310", insu_admdvs="530302")
    moment = datetime(2026, 9, 20, 9)
    city.refund(city.visit("N99", "P2", moment, med_type="41"), moment)
    snapshot = make_snapshot(city.tables)
    con = open_asof(snapshot, QUARTER)
    compute(con, snapshot, "person")
    assert _column(con, "person", "visits_90d")["N99"] == 0
    assert _column(con, "person", "amount_90d")["N99"] is None


@pytest.mark.parametrize("emptied", [("prescription",), ("prescription", "drug", "diagnosis")])
def test_works_from_settlements_and_fee_lines_alone(
    emptied: tuple[str, ...], small_city: Callable[[int], Any], make_snapshot: Make
) -> None:
    tables = dict(small_city(25).tables) | {name: [] for name in emptied}
    for absent in ("drug_trace", "clue", "opsp_registration"):
        del tables[absent]
    snapshot = make_snapshot(tables)
    con = open_asof(snapshot, QUARTER)
    rows = {grain: compute(con, snapshot, grain) for grain in GRAINS}
    assert rows["prescription"].rows == 0
    assert all(rows[grain].rows > 0 for grain in GRAINS[1:])
    assert set(_column(con, "institution", "amount")) == {"H1", "H2", "H3", "P1", "P2"}
    assert max(_column(con, "practitioner", "amount").values()) > 0
    off = {entry.feature: entry for entry in rows["institution"].switched_off}
    assert off["clues"].needs == "clue"
    assert "clue" in off["clues"].why_zh
    assert "clue" in off["clues"].why_en
    assert set(_column(con, "institution", "clues").values()) == {None}
    assert set(_column(con, "institution", "antibacterial_rate").values()) == {None}


def test_findings_by_family(small_city: Callable[[int], Any], make_snapshot: Make) -> None:
    snapshot = make_snapshot(small_city(26).tables)
    con = open_asof(snapshot, QUARTER)
    off = {entry.feature for entry in compute(con, snapshot, "prescription").switched_off}
    assert "findings" in off
    rx, sn = con.execute(
        "SELECT rxno, min(feedetl_sn) FROM net_line JOIN frame USING (rxno) GROUP BY ALL ORDER BY rxno LIMIT 1"
    ).fetchall()[0]
    con.execute(FINDINGS.format(rx=rx, sn=sn))
    off = {entry.feature for entry in compute(con, snapshot, "prescription").switched_off}
    assert "findings" not in off
    expected = {
        "findings": 3,
        "finding_rules": 2,
        "definite_findings": 1,
        "fund_findings": 1,
        "findings_writing": 1,
        "findings_indication": 1,
        "findings_combination": 1,
        "findings_cost": 1,
        "findings_dosage": 0,
        "findings_choice": 0,
        "findings_amount": 15.5,
    }
    assert {name: _column(con, "prescription", name)[rx] for name in expected} == expected
    assert sum(_column(con, "prescription", "findings").values()) == 3
    compute(con, snapshot, "person")
    compute(con, snapshot, "practitioner")
    assert sum(_column(con, "person", "findings").values()) == 3
    assert sum(_column(con, "practitioner", "fund_findings").values()) == 1
    con.execute("DELETE FROM findings WHERE rule_id = 'R2'")
    compute(con, snapshot, "prescription")
    assert _column(con, "prescription", "findings")[rx] == 1


def test_usual_ranges(small_city: Callable[[int], Any], make_snapshot: Make) -> None:
    snapshot = make_snapshot(small_city(27).tables)
    con = open_asof(snapshot, QUARTER)
    compute(con, snapshot, "person")
    ranges = usual_ranges(con, "person")
    assert list(ranges["feature"]) == [feature.name for feature in load_catalogue().of("person")]
    values = sorted(v for v in _column(con, "person", "visits_90d").values() if v is not None)
    row = ranges.set_index("feature").loc["visits_90d"]
    assert row["q50"] == values[(len(values) - 1) // 2]
    assert row["q10"] <= row["q50"] <= row["q90"]
    assert ranges.equals(usual_ranges(con.execute("FROM features_person").df(), "person"))


def test_unknown_grain_is_refused(small_city: Callable[[int], Any], make_snapshot: Make) -> None:
    snapshot = make_snapshot(small_city(28).tables)
    with pytest.raises(KeyError):
        compute(open_asof(snapshot, QUARTER), snapshot, "ward")


@pytest.mark.shared
def test_real_orders(shared: Path, folder_snapshot: Callable[[Path], Snapshot]) -> None:
    snapshot = folder_snapshot(shared / "data" / "mimic_demo")
    con = open_asof(snapshot, QUARTER)
    off = {grain: {e.feature for e in compute(con, snapshot, grain).switched_off} for grain in GRAINS}
    assert {"dose_to_label", "dose_to_ddd", "no_frequency_share", "clues_on_chain"} <= off["prescription"]
    assert set(_column(con, "prescription", "overlap_days").values()) == {None}
    for name in ("single_dose_to_ddd", "indication_least", "n_antibacterials", "days_max", "total_amount"):
        assert len(set(_column(con, "prescription", name).values())) > 3


def test_stage_files_are_all_read() -> None:
    assert len(stage_files()) > 15
