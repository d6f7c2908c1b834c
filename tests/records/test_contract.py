"""The contract's data against the published input contract, and the page made from it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from records.contract import load_contract
from records.document import PAGE, dictionary


@pytest.mark.shared
def test_every_published_column_is_restated(shared: Path) -> None:
    with (shared / "contract" / "columns.csv").open(encoding="utf-8-sig") as source:
        published = list(csv.DictReader(source))
    contract = load_contract()
    ours = [(table.name, column) for table in contract for column in table.columns]
    assert [(name, column.name) for name, column in ours] == [(r["table"], r["column"]) for r in published]
    for row, (_, column) in zip(published, ours, strict=True):
        assert column.type == row["type"]
        assert column.nullable == (row["null"] == "yes")
        assert column.aliases == tuple(row["alias"].split())
        assert column.primary_key == (row["key"] == "PK")
        reference = next((r[3:] for r in (row["key"], row["codes"]) if r.startswith("FK ")), None)
        assert column.references == reference


def test_parents_stand_before_their_children() -> None:
    contract = load_contract()
    for table in contract:
        for column in table.columns:
            assert (
                column.references is None
                or contract[column.references].position <= table.position
                or (table.name == "fee_line" and column.references == "drug")
            )


def test_needed_tables_are_the_eight_of_the_contract() -> None:
    needed = {table.name for table in load_contract() if table.needed}
    assert needed == {
        "institution",
        "practitioner",
        "person",
        "settlement",
        "diagnosis",
        "prescription",
        "fee_line",
        "drug",
    }


def test_names_in_use_elsewhere_are_known() -> None:
    prescription = load_contract()["prescription"]
    assert prescription.standard_name("hospRxno") == "rxno"
    assert prescription.standard_name("\ufeffrxno ") == "rxno"
    assert prescription.standard_name("PSN_NO") == "psn_no"
    assert prescription.standard_name("src_dose") is None


def test_every_column_has_a_chinese_name_and_a_meaning() -> None:
    for table in load_contract():
        assert table.zh
        for column in table.columns:
            assert column.zh, f"{table.name}.{column.name}"
            assert column.meaning, f"{table.name}.{column.name}"
            for zh, en in column.codes.values():
                assert zh
                assert en


def test_the_data_dictionary_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == dictionary()
