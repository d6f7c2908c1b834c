"""The gate as a whole: clean data pass, order means nothing, what is absent is said, pages are local."""

from __future__ import annotations

import hashlib
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from expectations.counting import most_quarantined
from expectations.faults import load_faults
from expectations.gate import summary_table
from expectations.notes import load_notes
from expectations.sorting import row_checks
from expectations.suites import load_suites
from records.contract import load_contract
from records.periods import Quarter


def digests(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def whole(make_city: Any, run_check: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The gate with suites and report on a clean city, twice."""
    place = tmp_path_factory.mktemp("whole")
    folder = make_city(30).write(place / "data")
    return [run_check(folder, place / name, whole=True) for name in ("a", "b")]


def test_a_clean_folder_raises_nothing(whole: Any) -> None:
    result = whole[0].result
    assert whole[0].sorted_out() == {}
    assert result.blocking == []
    for table, counts in result.tables.items():
        assert (counts.accepted, counts.repaired, counts.by_fault) == (counts.rows_in, 0, {}), table


def test_money_reconciles(whole: Any) -> None:
    money = whole[0].result.tables["settlement"].money["medfee_sumamt"]
    assert money == {"in": "960.00", "accepted": "960.00", "quarantined": "0"}


def test_two_checks_write_the_same_bytes(whole: Any) -> None:
    first, second = (digests(checked.out) for checked in whole)
    documents = {name for name in first if name.startswith("data_docs")}
    assert {n: d for n, d in first.items() if n not in documents} == {n: d for n, d in second.items() if n not in documents}
    assert documents == {name for name in second if name.startswith("data_docs")}


def test_data_docs_and_report_ask_no_other_machine(whole: Any) -> None:
    pages = [path for path in whole[0].out.rglob("*") if path.suffix in (".html", ".css", ".js")]
    assert any(path.name == "index.html" for path in pages)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", text, re.IGNORECASE), page
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", text, re.IGNORECASE), page


def test_every_accepted_table_has_the_columns_of_the_contract(whole: Any) -> None:
    for table in load_contract():
        found = whole[0].con.execute(f"DESCRIBE accepted.{table.name}").fetchall()
        assert [(row[0], row[1]) for row in found] == [(c.name, c.duckdb_type) for c in table.columns]


def test_what_is_absent_or_empty_is_said(whole: Any) -> None:
    off = {entry["what"]: entry["why_en"] for entry in whole[0].result.switched_off}
    assert off["suite institution_volume"] == "nothing in the data to hold it against"
    assert off["family_doctor"] == "table family_doctor was not supplied"
    assert off["prescription.geso_flag"] == "column geso_flag is empty throughout"
    assert "settlement.clr_way" not in off
    assert "family_doctor" not in whole[0].result.tables


def test_the_report_reads_as_data(whole: Any) -> None:
    report = json.loads((whole[0].out / "gate_report.json").read_text(encoding="utf-8"))
    assert report["tables"]["fee_line"]["accepted"] == 60
    assert {"suite", "success", "zh", "en", "owner"} <= set(report["expectations"][0])
    assert {e["table"]: (e["files"], e["encoding"]) for e in report["sources"]}["drug"] == (["drug.csv"], "utf-8")
    assert sum(entry["accepted"] for entry in report["by_month"] if entry["table"] == "settlement") == 30


def test_summary_has_a_line_a_table(whole: Any) -> None:
    header, *rows = summary_table(whole[0].result)
    assert [row[0] for row in rows] == list(whole[0].result.tables)
    assert all(len(row) == len(header) for row in rows)


def test_the_order_of_rows_means_nothing(gate: Any, city: Any) -> None:
    city.tables["settlement"] += [
        dict(city.tables["settlement"][0]),
        {**city.tables["settlement"][1], "acct_pay": "1"},
    ]
    city.tables["person"].append({**city.tables["person"][2], "psn_no": " P003"})
    straight = gate(city, "straight")
    for rows in city.tables.values():
        random.Random(3).shuffle(rows)
    shuffled = gate(city, "shuffled")
    for table in load_contract():
        assert straight.accepted(table.name) == shuffled.accepted(table.name)
    assert digests(straight.out) == digests(shuffled.out)


def test_faults_are_told_by_institution_and_markup_never_becomes_part_of_a_page(gate: Any, city: Any) -> None:
    evil = "<script>x</script>"
    city.tables["institution"].append({**city.tables["institution"][0], "fixmedins_code": evil, "tcm_flag": "9"})
    city.row("settlement", "S002")["insutype"] = None
    checked = gate(city, whole=True)
    assert checked.sorted_out()["institution"] == {evil: ["bad_code bad_length"]}
    for page in checked.out.rglob("*.html"):
        assert evil not in page.read_text(encoding="utf-8")
    report = json.loads((checked.out / "gate_report.json").read_text(encoding="utf-8"))
    told = [(e["table"], e["fixmedins_code"], e["fault"], e["quarantined"], e["rows"]) for e in report["by_institution"]]
    assert told == [
        ("institution", evil, "bad_code", 1, 1),
        ("institution", evil, "bad_length", 1, 1),
        ("settlement", "H53030200001", "missing_required", 1, 6),
        ("fee_line", "H53030200001", "parent_quarantined", 2, 12),
    ]


def test_empty_tables_that_may_not_be_block(gate: Any, city: Any) -> None:
    city.tables["settlement"], city.tables["person"] = [], []
    blocked = gate(city).result.blocking
    assert "Table settlement has no rows: extract it again." in blocked
    assert "Table person has no rows: extract it again." in blocked


def test_a_table_mostly_quarantined_blocks(gate: Any, city: Any) -> None:
    for row in city.tables["settlement"][:4]:
        row["insutype"] = None
    blocked = gate(city).result.blocking
    assert "67 % of table settlement was quarantined: check the extract itself, then send it again." in blocked
    assert most_quarantined(Quarter.parse("2026Q3")) == 0.5


def test_a_file_delivered_twice_blocks_nothing(gate: Any, city: Any) -> None:
    for rows in city.tables.values():
        rows += [dict(row) for row in rows] * 2
    result = gate(city).result
    assert result.blocking == []
    assert all(counts.by_severity == {"repaired": 2 * counts.accepted} for counts in result.tables.values())


def test_empty_tables_that_may_be_are_said_and_used(gate: Any, city: Any) -> None:
    empty = {"drug", "prescription", "diagnosis", "clue"}
    city.tables |= {table: [] for table in empty}
    checked = gate(city)
    assert checked.result.blocking == []
    # Prescribed lines of no known prescription and no known drug stay: there is nothing to hold them against.
    assert checked.sorted_out() == {}
    assert empty <= {entry["what"] for entry in checked.result.switched_off}


def test_definitions_hold_together() -> None:
    contract, faults = load_contract(), load_faults()
    checks = row_checks()
    for table, rows in checks.items():
        assert table in contract.tables
        for check in rows:
            code, _, column = check["fault"].partition(":")
            assert faults[code].severity == "quarantine"
            assert not column or contract[table].column(column)
    for table, rows in load_notes().items():
        assert table in contract.tables
        assert all(faults[note["code"]].severity == "noted" for note in rows)
    assert all(fault.zh and fault.en for fault in faults.values())
    assert {suite.table for suite in load_suites()} <= set(contract.tables)


@pytest.mark.shared
def test_real_orders_pass(shared: Path, run_check: Any, tmp_path: Path) -> None:
    checked = run_check(shared / "data" / "mimic_demo", tmp_path / "out", whole=True)
    counts = checked.result.tables
    assert checked.result.blocking == []
    assert {name: (c.rows_in, c.quarantined) for name, c in counts.items()} == {
        "institution": (1, 0), "practitioner": (17, 0), "person": (100, 0), "settlement": (114, 0),
        "diagnosis": (1606, 0), "prescription": (1033, 0), "fee_line": (9702, 0), "drug": (1238, 0),
    }  # fmt: skip
    off = {entry["what"] for entry in checked.result.switched_off}
    assert {"drug_trace", "fee_line.used_frqu_codg", "prescription.phar_codg"} <= off


def test_typed_parquet_and_gb18030_give_the_same_rows_without_repairs(
    gate: Any, city: Any, run_check: Any, tmp_path: Path
) -> None:
    plain = gate(city)
    parquet, encoded = tmp_path / "parquet", tmp_path / "encoded"
    parquet.mkdir()
    encoded.mkdir()
    for name in city.tables:
        plain.con.execute(f"COPY (SELECT * FROM accepted.{name}) TO '{parquet / name}.parquet'")
        text = (tmp_path / "a" / "data" / f"{name}.csv").read_text(encoding="utf-8")
        (encoded / f"{name}.csv").write_bytes(text.encode("gb18030"))
    # A day as a timestamp, a flag as a truth value and money as a binary number are types, not spellings.
    plain.con.execute(
        f"COPY (SELECT * REPLACE (brdy::TIMESTAMP AS brdy) FROM accepted.person) TO '{parquet / 'person.parquet'}'"
    )
    plain.con.execute(
        "COPY (SELECT * REPLACE (refd_setl_flag::BOOLEAN AS refd_setl_flag, medfee_sumamt::DOUBLE AS "
        f"medfee_sumamt, fund_pay_sumamt::DOUBLE AS fund_pay_sumamt) FROM accepted.settlement) "
        f"TO '{parquet / 'settlement.parquet'}'"
    )
    for folder in (parquet, encoded):
        checked = run_check(folder, folder / "out")
        assert checked.sorted_out() == {}
        for name in city.tables:
            assert checked.accepted(name) == plain.accepted(name), (folder.name, name)
            assert checked.result.tables[name].repaired == 0, (folder.name, name)
