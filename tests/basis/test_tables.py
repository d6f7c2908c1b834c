"""The shipped knowledge tables: what each row says of its source, and what an agency's own file may leave out."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from basis.catalogue import page
from basis.tables import VERIFIED, Table, load_tables, read_table, shipped_tables
from records.errors import DataFault

SHIPPED = list(shipped_tables().values())
#: A named document, a label, the ATC index, the insurer's list: no row leans on "common practice" alone unsaid.
_DOCUMENT = re.compile("《|说明书|WHO ATC/DDD|药品目录|十九畏|示例")


def _write(table: Table, path: Path, without: str | None = None) -> Path:
    kept = [place for place, name in enumerate(table.columns) if name != without]
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerows([[row[place] or "" for place in kept] for row in (table.columns, *table.rows)])
    return path


@pytest.mark.parametrize("table", SHIPPED, ids=lambda table: table.name)
def test_every_row_names_a_document_and_says_how_far_it_was_compared(table: Table) -> None:
    source, verified = table.columns.index("source"), table.columns.index("verified")
    for row in table.rows:
        assert _DOCUMENT.search(str(row[source])), row
        assert row[verified] in VERIFIED, row
        if "示例" in str(row[source]):
            assert row[verified] == "example", row
    found = table.by_verification
    assert sum(found.values()) == len(table.rows)
    assert found[""] == 0


@pytest.mark.parametrize("table", SHIPPED, ids=lambda table: table.name)
def test_an_agency_can_hand_in_a_shipped_table_as_it_is(table: Table, tmp_path: Path) -> None:
    assert read_table(_write(table, tmp_path / "own.csv"), table.name) == table


def test_a_file_without_the_newer_columns_says_nothing_of_them(tmp_path: Path) -> None:
    shipped = shipped_tables()["knowledge_incompatible"]
    own = read_table(_write(shipped, tmp_path / "own.csv", without="except_names"), shipped.name)
    assert {row[own.columns.index("except_names")] for row in own.rows} == {None}
    older = read_table(_write(shipped, tmp_path / "older.csv", without="verified"), shipped.name)
    assert older.by_verification[""] == len(older.rows)
    (tmp_path / "tables").mkdir()
    _write(shipped, tmp_path / "tables" / "knowledge_incompatible.replace.csv", without="verified")
    (loaded,) = [table for table in load_tables(tmp_path / "tables") if table.name == shipped.name]
    assert loaded.by_verification == older.by_verification


def test_another_word_of_verification_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("name,note,source,verified,signed_by\n附子,先煎,《药典》,surely,\n", encoding="utf-8")
    with pytest.raises(DataFault, match=r"surely.*text, cited"):
        read_table(path, "knowledge_piece_note")


def test_the_page_counts_every_row_by_how_far_it_was_compared() -> None:
    said = page()
    for state, (zh, _) in VERIFIED.items():
        total = sum(table.by_verification[state] for table in SHIPPED)
        assert total > 0
        assert re.search(rf"^- `{state}` {zh} .*: {total}$", said, re.MULTILINE)
    assert "须经药师签字" in said


def test_what_was_found_wrong_stays_out() -> None:
    """Rows that the sources contradict: a caution taken for a bar, a class too wide, a code of another disease."""
    rows = {table.name: [dict(zip(table.columns, row, strict=True)) for row in table.rows] for table in SHIPPED}
    nsaids = [row["atc_prefix"] or "" for row in rows["knowledge_class"] if row["class_id"] == "nsaid"]
    assert not any("M01AX05".startswith(prefix) for prefix in nsaids), "glucosamine is no NSAID"
    assert any("M01AE01".startswith(prefix) for prefix in nsaids)
    statins = [row for row in rows["knowledge_interaction"] if row["pair_id"] == "D05"]
    assert not any("C10AA07".startswith(str(row["first_atc"])) for row in statins)
    assert not any("J01FA10".startswith(str(row["second_atc"])) for row in statins)
    barred = {row["atc_prefix"] for row in rows["knowledge_contraindication"]}
    assert not barred & {"R05DA", "N05BA"}, "the labels say with care"
    assert {row["zh"] for row in rows["knowledge_special_disease"] if row["dise_codg"] == "M00201"} == {"慢性乙型肝炎"}
    assert not {"M00300", "M02600"} & {row["dise_codg"] for row in rows["knowledge_special_disease"]}
    assert all("第十九条" in str(row["source"]) for row in rows["knowledge_internet"] if row["control_class"])
