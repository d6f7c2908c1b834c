"""Look-back by kept months: the same bytes as from all of it at once, and only what changed computed again."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from features.carried import Kept, keep_months, open_with_months
from features.catalogue import GRAINS
from features.compute import compute
from records.asof import open_asof
from records.months import survey_of
from records.output import sha256
from records.periods import Quarter
from records.snapshot import Snapshot
from tests.features.conftest import snapshot_of_tables

QUARTER = Quarter.parse("2026Q3")
MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06"]
Make = Callable[[Any], Snapshot]


def _written(con: Any, snapshot: Snapshot, folder: Path) -> dict[str, str]:
    for grain in GRAINS:
        compute(con, snapshot, grain, folder)
    return {grain: sha256(folder / f"features_{grain}.parquet") for grain in GRAINS}


def _at_once(snapshot: Snapshot, folder: Path) -> dict[str, str]:
    return _written(open_asof(snapshot, QUARTER, wide=False), snapshot, folder)


def _by_months(snapshot: Snapshot, kept: Path, folder: Path) -> dict[str, str]:
    return _written(open_with_months(snapshot, QUARTER, Kept(kept)), snapshot, folder)


def _tangled(city: Any, seed: int) -> Any:
    """The same city with much that reaches over the ends of months, each kind several times."""
    city, random = copy.deepcopy(city), Random(seed)
    tables = city.tables
    later = lambda moment: moment + timedelta(days=random.randrange(3, 70))  # noqa: E731
    sold = [row for row in tables["settlement"] if not row["refd_setl_flag"]]
    rxnos = [row["rxno"] for row in tables["prescription"]]
    for row in random.sample(sold, 25):  # settled long after it was prescribed
        row["setl_time"] = later(row["setl_time"])
    for row in random.sample(tables["fee_line"], 25):  # dated after its settlement
        row["fee_ocur_time"] = later(row["fee_ocur_time"])
    for row in random.sample(tables["fee_line"], 25):  # of another prescription, or of one that nobody has
        row["rxno"] = random.choice([*random.sample(rxnos, 3), "R-unknown", None])
    for row in random.sample(tables["drug_trace"], 25):  # a box that came back
        city.add("drug_trace", **{**row, "sel_retn_cnt": -1, "sel_retn_time": later(row["sel_retn_time"])})
    for row in random.sample(sold, 20):  # refunded much later, some in part
        city.refund(row["setl_id"], later(row["setl_time"]), random.choice([None, 1]))
    for row in random.sample(tables["person"], 3):
        row["dead_date"] = date(2026, random.randrange(2, 9), 3)
    for row in random.sample(tables["fee_line"], 60):  # what was prescribed, where it is on record
        if row["rxno"] and row["rxno"] != "R-unknown" and row["cnt"] > 0:
            names = ("rxno", "sin_doscnt", "sin_dosunt", "used_frqu_codg", "prd_days", "cnt")
            number = 1 + sum(line["rxno"] == row["rxno"] for line in tables["prescription_line"])
            written = {"rx_line_no": number, "med_list_codg": row["hilist_code"], "medc_way_codg": "1"}
            city.add("prescription_line", **{name: row.get(name) for name in names}, **written)
    return city


@pytest.mark.parametrize("seed", range(2))
def test_kept_months_give_the_bytes_of_the_whole_look_back(
    seed: int, small_city: Callable[[int], Any], make_snapshot: Make, tmp_path: Path
) -> None:
    city = small_city(seed)
    city.tables.setdefault("prescription_line", [])
    snapshot = make_snapshot(_tangled(city, seed).tables if seed else city.tables)
    assert _by_months(snapshot, tmp_path / "kept", tmp_path / "by") == _at_once(snapshot, tmp_path / "at")
    assert sorted(path.name[:7] for path in (tmp_path / "kept").iterdir()) == MONTHS


def test_a_month_stands_by_itself(small_city: Callable[[int], Any], make_snapshot: Make) -> None:
    """The crossing is closed: outside it, no settlement and prescription of different months belong together."""
    city = small_city(7)
    city.tables.setdefault("prescription_line", [])
    tables = _tangled(city, 7).tables
    snapshot = make_snapshot(tables)
    survey = survey_of(snapshot)
    import duckdb

    crossing = {row[0] for row in duckdb.sql(f"SELECT setl_id FROM '{survey.file('settlement')}'").fetchall()}
    crossed = {row[0] for row in duckdb.sql(f"SELECT rxno FROM '{survey.file('prescription')}'").fetchall()}
    month = {row["setl_id"]: row["setl_time"].month for row in tables["settlement"]}
    written = {row["rxno"]: row["prsc_time"].month for row in tables["prescription"]}
    apart = {
        row["setl_id"] for row in tables["fee_line"] if row["rxno"] in written and written[row["rxno"]] != month[row["setl_id"]]
    }
    apart |= {row["setl_id"] for row in tables["fee_line"] if row["fee_ocur_time"].month > month[row["setl_id"]]}
    apart |= {
        row["setl_id"]
        for row in tables["settlement"]
        if row.get("orig_setl_id") and month[row["orig_setl_id"]] != month[row["setl_id"]]
    }
    assert apart
    assert apart <= crossing
    for row in tables["fee_line"]:
        if row["rxno"] in written:
            assert (row["setl_id"] in crossing) == (row["rxno"] in crossed)
    for row in tables["settlement"]:
        if row.get("orig_setl_id"):
            assert (row["setl_id"] in crossing) == (row["orig_setl_id"] in crossing)
    assert len(crossing) < len(month) / 2


def test_a_week_more_computes_no_month_again(small_city: Callable[[int], Any], make_snapshot: Make, tmp_path: Path) -> None:
    """Also where the week brings refunds of earlier months: what was kept stays, the result is as from scratch."""
    city = small_city(8)
    city.refund("S00010", datetime(2026, 9, 27))
    before = copy.deepcopy(city.tables)
    week = datetime(2026, 9, 24)
    gone = {row["setl_id"] for row in before["settlement"] if row["setl_time"] >= week}
    assert any(
        row.get("orig_setl_id") and row["orig_setl_id"] < "S00100" for row in before["settlement"] if row["setl_id"] in gone
    )
    before["settlement"] = [row for row in before["settlement"] if row["setl_id"] not in gone]
    before["fee_line"] = [row for row in before["fee_line"] if row["setl_id"] not in gone]
    lines = {row["feedetl_sn"] for row in before["fee_line"]}
    before["drug_trace"] = [row for row in before["drug_trace"] if row["feedetl_sn"] in lines]
    before["prescription"] = [row for row in before["prescription"] if row["prsc_time"] < week]
    first, second, kept = make_snapshot(before), make_snapshot(city.tables), Kept(tmp_path / "kept")
    assert keep_months(first, QUARTER.begin, kept) == dict.fromkeys(MONTHS, True)
    less = _by_months(first, kept.folder, tmp_path / "less")
    assert keep_months(second, QUARTER.begin, kept) == dict.fromkeys(MONTHS, False)
    more = _by_months(second, kept.folder, tmp_path / "more")
    assert less == _at_once(first, tmp_path / "first")
    assert more == _at_once(second, tmp_path / "second")
    assert less != more


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("fee_line", {"cnt": 9}),
        ("settlement", {"mdtrt_cert_type": "99"}),
    ],
)
def test_only_the_month_that_changed_is_computed_again(
    table: str, change: dict[str, Any], small_city: Callable[[int], Any], make_snapshot: Make, tmp_path: Path
) -> None:
    city, kept = small_city(9), Kept(tmp_path / "kept")
    keep_months(make_snapshot(city.tables), QUARTER.begin, kept)
    april = {row["setl_id"]: row["mdtrt_id"] for row in city.tables["settlement"] if row["setl_time"].month == 4}
    lines = {row["feedetl_sn"] for row in city.tables["fee_line"] if row["setl_id"] in april}
    visits = {row["mdtrt_id"] for row in city.tables["prescription"] if row["prsc_time"].month == 4}
    row = next(
        row
        for row in city.tables[table]
        if row.get("setl_id") in april or row.get("feedetl_sn") in lines or row.get("mdtrt_id") in visits
    )
    assert all(row[name] != value for name, value in change.items())
    row.update(change)
    changed = make_snapshot(city.tables)
    assert keep_months(changed, QUARTER.begin, kept) == {month: month == "2026-04" for month in MONTHS}
    assert len(list(kept.folder.iterdir())) == len(MONTHS)
    assert _by_months(changed, kept.folder, tmp_path / "by") == _at_once(changed, tmp_path / "at")


def test_a_death_told_late_reaches_the_months_with_lines_after_it(
    small_city: Callable[[int], Any], make_snapshot: Make, tmp_path: Path
) -> None:
    city, kept = small_city(10), Kept(tmp_path / "kept")
    keep_months(make_snapshot(city.tables), QUARTER.begin, kept)
    person = next(row for row in city.tables["person"] if row["psn_no"] == "N01")
    assert person["dead_date"] is None
    person["dead_date"] = date(2026, 5, 20)
    changed = make_snapshot(city.tables)
    made = keep_months(changed, QUARTER.begin, kept)
    assert made["2026-06"]
    assert not any(made[month] for month in MONTHS[:4])
    assert _by_months(changed, kept.folder, tmp_path / "by") == _at_once(changed, tmp_path / "at")


def test_a_killed_keeping_is_simply_done_again(
    small_city: Callable[[int], Any], make_snapshot: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from records import kept as keeping

    snapshot, kept = make_snapshot(small_city(11).tables), Kept(tmp_path / "kept")
    written: list[Path] = []

    def dies(con: Any, sql: str, path: Path, order_by: Any = ()) -> int:
        written.append(path)
        if len(written) == 12:
            raise KeyboardInterrupt
        return write(con, sql, path, order_by)

    write = keeping.write_parquet
    monkeypatch.setattr(keeping, "write_parquet", dies)
    with pytest.raises(KeyboardInterrupt):
        keep_months(snapshot, QUARTER.begin, kept)
    monkeypatch.undo()
    assert sum(keep_months(snapshot, QUARTER.begin, kept).values()) == len(MONTHS) - 1
    assert _by_months(snapshot, kept.folder, tmp_path / "by") == _at_once(snapshot, tmp_path / "at")


def test_a_snapshot_written_again_keeps_its_survey_and_another_version_s_does_not_count(
    small_city: Callable[[int], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import records.months as months

    tables = small_city(12).tables
    snapshot = snapshot_of_tables(tables, tmp_path)
    survey = survey_of(snapshot)
    made: list[Path] = []
    make = months._make

    def counted(snapshot: Snapshot, folder: Path, *limits: Any) -> None:
        made.append(folder)
        make(snapshot, folder, *limits)

    monkeypatch.setattr(months, "_make", counted)
    assert survey_of(snapshot_of_tables(tables, tmp_path)) == survey
    assert not made
    monkeypatch.setattr(months, "_recipe", lambda: "of another version")
    assert survey_of(snapshot) == survey
    assert made == [survey.folder]
