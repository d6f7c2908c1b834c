"""A feature that is constant says nothing: each one takes several values somewhere in these data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.catalogue import GRAINS, load_catalogue
from features.compute import compute
from features.measured import load_measured
from records.asof import open_asof
from records.periods import Quarter
from records.snapshot import Snapshot

QUARTER = Quarter.parse("2026Q3")
EVERY = {(feature.grain, feature.name) for feature in load_catalogue()}
CODES = ["1-10", "2-1", "2-2", "2-5", "2-7", "2-4", "3-3"]


def _prescribed(city: Any) -> list[dict[str, Any]]:
    """Prescribed lines for two thirds of the prescriptions; now and then another drug than was paid."""
    kept = ("sin_doscnt", "sin_dosunt", "used_frqu_codg", "medc_way_codg", "prd_days", "cnt")
    lines: list[dict[str, Any]] = []
    for row in city.tables["fee_line"]:
        if row["rxno"] and row["cnt"] > 0 and row["list_type"] == "101" and int(row["rxno"][1:]) % 3:
            code = "X05" if city.random.random() < 0.1 else row["hilist_code"]
            own = {name: row.get(name) for name in kept}
            number = 1 + sum(line["rxno"] == row["rxno"] for line in lines)
            lines.append({**own, "rxno": row["rxno"], "rx_line_no": number, "med_list_codg": code})
    return lines


def _find(con: duckdb.DuckDBPyConnection) -> None:
    """Findings on some prescriptions, of every family."""
    codes = ", ".join(f"'{code}'" for code in CODES)
    con.execute(f"""CREATE TABLE findings AS
        SELECT 'R' || hash(rxno) % 5 AS rule_id, 'prescription' AS subject_type, rxno AS subject_code, rxno,
            NULL::VARCHAR AS feedetl_sn, psn_no, dr_codg, fixmedins_code,
            CASE WHEN hash(rxno) % 2 = 0 THEN 'definite' ELSE 'suspicious' END AS result_type,
            total_amt AS vola_amt,
            ([{codes}])[1 + row_number() OVER (ORDER BY rxno) % {len(CODES)}] AS item_codes,
            CASE WHEN hash(rxno) % 3 = 0 THEN 'F38-2e' END AS fund_codes
        FROM frame WHERE hash(rxno) % 7 > 2""")


def _varying(snapshot: Snapshot, found: bool) -> set[tuple[str, str]]:
    con = open_asof(snapshot, QUARTER)
    if found:
        _find(con)
    varying = set()
    for grain in GRAINS:
        names = compute(con, snapshot, grain).features
        counts = ", ".join(f"count(DISTINCT {name})" for name in names)
        values = con.execute(f"SELECT {counts} FROM features_{grain}").fetchall()[0]
        varying |= {(grain, name) for name, count in zip(names, values, strict=True) if count > 1}
    return varying


def test_every_feature_varies_somewhere(small_city: Callable[[int], Any], make_snapshot: Callable[[Any], Snapshot]) -> None:
    varying = _varying(make_snapshot(small_city(31).tables), found=True)
    city = small_city(32)
    varying |= _varying(make_snapshot(city.tables | {"prescription_line": _prescribed(city)}), found=True)
    assert sorted(EVERY - varying) == []


def test_nearly_all_vary_on_a_simulated_city(tmp_path: Path, folder_snapshot: Callable[[Path], Snapshot]) -> None:
    from simulator.city import simulate

    simulate(persons=2000, seed=5, quarter=QUARTER, months=6, clean=False, out=tmp_path / "city")
    varying = _varying(folder_snapshot(tmp_path / "city"), found=True)
    assert len(varying) >= 0.9 * len(EVERY), sorted(EVERY - varying)


@pytest.mark.shared
def test_most_prescription_features_vary_on_real_orders(shared: Path, folder_snapshot: Callable[[Path], Snapshot]) -> None:
    varying = _varying(folder_snapshot(shared / "data" / "mimic_demo"), found=True)
    assert len([name for grain, name in varying if grain == "prescription"]) >= 45
    assert len([name for grain, name in varying if grain == "practitioner"]) >= 25
    # Findings are made up here and real in the file.
    made_up = {(feature.grain, feature.name) for feature in load_catalogue() if feature.group == "findings"}
    told = {key for key, entry in load_measured(load_catalogue()).items() if entry.orders}
    assert told - made_up == varying - made_up, "run: make study AREA=features"


def _apart(snapshot: Snapshot) -> list[str]:
    """Features that give the same reason for a missing value and are not missing together; those never missing left out."""
    con = open_asof(snapshot, QUARTER)
    _find(con)
    apart = []
    for grain in GRAINS:
        names = set(compute(con, snapshot, grain).features)
        causes: dict[str, list[str]] = {}
        for feature in load_catalogue().of(grain):
            if feature.name in names:
                causes.setdefault(feature.missing_en, []).append(feature.name)
        for cause, group in causes.items():
            nulls = con.execute(f"SELECT {', '.join(f'{name} IS NULL' for name in group)} FROM features_{grain}").fetchall()
            rows = {name: column for name, column in zip(group, zip(*nulls, strict=True), strict=True) if any(column)}
            if len(set(rows.values())) > 1:
                apart.append(f"{grain}: '{cause}' of {', '.join(f'{name} ({sum(rows[name])})' for name in rows)}")
    return apart


def test_what_a_missing_value_is_said_to_mean_is_so(tmp_path: Path, folder_snapshot: Callable[[Path], Snapshot]) -> None:
    """Nobody with prescriptions may read 'no prescription in the quarter' because a share had nothing to divide by."""
    from simulator.city import simulate

    for seed in (3, 5):
        simulate(persons=1000, seed=seed, quarter=QUARTER, months=12, clean=False, out=tmp_path / f"city{seed}")
        assert _apart(folder_snapshot(tmp_path / f"city{seed}")) == []
