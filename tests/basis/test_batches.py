"""Batches of knowledge points: odd cells, supersession across batches in any order, and what a batch changed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basis.csv_file import Cells, read_csv
from basis.knowledge import counted, describe, unread
from basis.points.batches import chains, changes, merged
from basis.points.rows import NEEDED, OPTIONAL, normal, normalised
from records.errors import DataFault, NotFound

BASE: Cells = {"kp_id": "KP1", "rule_name": "某规则", "rule_class": "政策类", "status": "effective", "med_code": "XA",
               "code_form": "exact", "decidable": "1"}  # fmt: skip


@pytest.mark.parametrize(
    ("given_as", "read_as"),
    [
        ({"sex": "男"}, {"sex": "1"}),
        ({"sex": " ２ "}, {"sex": "2"}),
        ({"age_max_days": "6574.0"}, {"age_max_days": "6574"}),
        ({"med_type": "13，21"}, {"med_type": "13 21"}),
        ({"icd": "e11; k21"}, {"icd": "E11 K21"}),
        ({"insutype": "gs"}, {"insutype": "GS"}),
        ({"sex": "1", "status": "Effective", "code_form": "EXACT", "decidable": "TRUE"}, {"status": "effective"}),
        ({"sex": "1", "begndate": "2025/05/23", "enddate": "20260128"}, {"begndate": "2025-05-23", "enddate": "2026-01-28"}),
        ({"course_days": "14", "course_scope": "Total"}, {"course_days": "14", "course_scope": "total"}),
    ],
)
def test_a_cell_in_another_form_is_read(given_as: Cells, read_as: Cells) -> None:
    row = normal({**BASE, **given_as})
    assert row["unread"] is None
    assert row["decidable"] == "1"
    assert {name: row[name] for name in read_as} == read_as


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"sex": "0"}, "sex '0'"),
        ({"sex": "1 2"}, "sex"),
        ({"age_min_days": "18岁"}, "age_min_days"),
        ({"age_min_days": "-5"}, "age_min_days"),
        ({"age_min_days": "100", "age_max_days": "50"}, "above"),
        ({"hosp_lv": "三级"}, "hosp_lv"),
        ({"icd": "高血压"}, "icd"),
        ({"icd": "E10-E14"}, "icd"),
        ({"med_type": "住院"}, "med_type"),
        ({"insutype": "worksinjury"}, "insutype"),
        ({"course_days": "14"}, "without course_scope"),
        ({"course_days": "0", "course_scope": "total"}, "course_days"),
        ({"course_days": "14", "course_scope": "year"}, "course_scope"),
        ({"tcm_use": "sometimes"}, "tcm_use"),
        ({"sex": "1", "begndate": "soon"}, "begndate"),
        ({"sex": "1", "status": "draft"}, "status"),
        ({"sex": "1", "code_form": "regex"}, "code_form"),
        ({"sex": "1", "med_code": None}, "med_code is empty"),
        ({"sex": "1", "rule_class": "别的"}, "rule_class"),
        ({}, "no limit"),
        ({"hosp_lv": "01"}, "hosp_lv '01'"),
        ({"hosp_lv": "33"}, "hosp_lv"),
        ({"med_type": "NULL"}, "med_type"),
        ({"med_type": "N/A"}, "med_type"),
        ({"insutype": "null"}, "insutype"),
        ({"insutype": "非510"}, "insutype"),
        ({"insutype": "NOT510"}, "insutype"),
        ({"icd": "NAN"}, "icd"),
        ({"icd": "EE11"}, "icd"),
        ({"icd": "E11*"}, "icd"),
        ({"course_days": "14²", "course_scope": "total"}, "course_days '14²'"),
        ({"age_max_days": "657④"}, "age_max_days"),
        ({"age_min_days": "9999999"}, "age_min_days above any age"),
        ({"sex": "1", "med_code": "XA,XB"}, "med_code 'XA,XB'"),
        ({"sex": "1", "med_code": "XA XB"}, "med_code"),
        ({"sex": "1", "med_code": "XA*", "code_form": "prefix"}, "med_code"),
        ({"sex": "1", "med_code": "2.3E+10"}, "med_code"),
        ({"sex": "1", "begndate": "2026-W05"}, "begndate"),
        ({"sex": "1", "begndate": "2026-01-28", "enddate": "2026-01-28"}, "no day"),
    ],
)
def test_what_cannot_be_read_is_listed_and_not_guessed(cells: Cells, said: str) -> None:
    (row,) = normalised([{**BASE, **cells}])
    assert said in (row["unread"] or "")
    assert row["decidable"] == "0"
    assert any(said in entry for entry in unread([row]))
    assert counted([row])["unread"] == 1


def test_text_only_is_listed_without_blame() -> None:
    rows = normalised([{**BASE, "decidable": "0", "limit_text": "限重症"}])
    assert unread(rows) == ["KP1 某规则"]
    assert counted(rows) == {"rows": 1, "points": 1, "effective": 1, "superseded": 0, "text_only": 1, "unread": 0}


def test_a_key_that_stands_twice_counts_once_or_not_at_all() -> None:
    row: Cells = {**BASE, "sex": "1"}
    assert [r["unread"] for r in normalised([row, {**row, "limit_text": "x"}])] == [None]
    (two,) = normalised([row, {**row, "sex": "2"}])
    assert (two["decidable"], two["unread"]) == ("0", "stands twice with different contents")


def test_rows_of_one_batch_that_disagree_are_listed_and_the_next_batch_mends_them() -> None:
    row: Cells = {**BASE, "sex": "1", "begndate": "2026-01-01"}
    for other in ({"sex": "2"}, {"begndate": "2026-07-01"}, {"status": "superseded"}):
        for batch in ([row, {**row, **other}], [{**row, **other}, row]):
            after = merged([], batch)
            assert unread(normalised(after)) == ["KP1 某规则: stands twice with different contents"], other
            assert merged(after, batch) == after
            assert unread(normalised(merged(after, [row]))) == []
    assert len(merged([], [row, {**row, "limit_text": "x"}])) == 1


def test_rows_without_a_name_are_each_listed() -> None:
    rows = merged([], [{**BASE, "kp_id": None, "rule_name": name} for name in ("甲", "乙")])
    assert unread(normalised(rows)) == ["? 乙: kp_id is empty", "? 甲: kp_id is empty"]
    after = merged(rows, [{**BASE, "kp_id": None, "med_code": "XB", "status": "superseded"}])
    assert len(unread(normalised(after))) == 2


def test_a_name_in_other_width_is_the_same_point() -> None:
    (row,) = merged([{**BASE, "sex": "1"}], [{**BASE, "kp_id": "ＫＰ1", "status": "ｓuperseded", "superseded_by": "ＫＰ2"}])
    assert (normal(row)["status"], unread(normalised([row]))) == ("superseded", [])
    late = merged([{**BASE, "kp_id": "ＫＰ1", "status": "superseded", "superseded_by": "ＫＰ2"}], [point("KP1"), point("KP2")])
    assert [row["status"] for row in late] == ["superseded", "effective"]
    assert chains(late)["replaced"] == ["KP1"]


def point(kp: str, **cells: str | None) -> Cells:
    return {**BASE, "kp_id": kp, "sex": "1", **cells}


FIRST = [point("A"), point("A", med_code="XB"), point("B"), point("C")]
SECOND = [point("A", status="superseded", superseded_by="D", enddate="2026-01-28"), point("B", sex="2"), point("D")]


def test_a_later_batch_supersedes_changes_and_adds() -> None:
    after = merged(FIRST, SECOND)
    state = {(row["kp_id"], row["med_code"]): row for row in after}
    assert [state["A", code]["status"] for code in ("XA", "XB")] == ["superseded"] * 2
    assert state["A", "XB"]["superseded_by"] == "D"
    assert state["B", "XA"]["sex"] == "2"
    done = changes(FIRST, after)
    assert (done.new, done.changed, done.superseded, done.unchanged) == (["D"], {"B": ["sex"]}, ["A"], 1)


def test_a_batch_loaded_again_changes_nothing() -> None:
    after = merged(FIRST, SECOND)
    again = merged(after, SECOND)
    assert again == after
    assert changes(after, again).unchanged == 4


def test_what_is_superseded_stays_so_when_the_older_batch_comes_later() -> None:
    status = {row["kp_id"]: row["status"] for row in merged(merged([], SECOND), FIRST)}
    assert status == {"A": "superseded", "B": "effective", "C": "effective", "D": "effective"}


def test_chains_of_supersession_end_somewhere() -> None:
    def gone(kp: str, by: str | None) -> Cells:
        return point(kp, status="superseded", superseded_by=by)

    rows = [gone("A", "B"), gone("B", "C"), point("C"), gone("D", "E"), gone("E", "D"), gone("F", "Z"), gone("G", None)]
    assert chains(rows) == {"replaced": ["A", "B"], "not_loaded": ["F", "G"], "circular": ["D", "E"]}
    assert describe(rows)["superseded_circular"] == 2


@pytest.mark.shared
def test_the_published_file_in_pieces_is_the_whole(shared: Path) -> None:
    _, rows = read_csv(shared / "data" / "two_libraries" / "knowledge_points.csv", "points", NEEDED)
    pieces: dict[str | None, list[Cells]] = {}
    for row in rows:
        pieces.setdefault(row["source_batch"], []).append(row)
    assert len(pieces) > 5
    order = list(pieces)
    for seed in (1, 2):
        random.Random(seed).shuffle(order)
        state: list[Cells] = []
        for name in order:
            state = merged(state, pieces[name])
        assert state == merged([], rows)
    assert describe(rows)["superseded_replaced"] == describe(rows)["superseded"]


@given(st.dictionaries(st.sampled_from([*NEEDED, *OPTIONAL]), st.text(max_size=8)))
def test_no_cell_breaks_the_reading_and_reading_twice_changes_nothing(cells: dict[str, str]) -> None:
    row = normal({**BASE, **{name: value.strip() or None for name, value in cells.items()}})
    assert row["status"] in ("effective", "superseded")
    if row["unread"] is None:
        assert normal(row) == row
    else:
        assert row["decidable"] == "0"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"kp_id\n", "lacks the column"),
        (",".join(NEEDED).encode() + b"\n", "no rows"),
        (",".join(NEEDED).encode() + b"\na,b\n", "record 2 has 2 cells"),
        (",".join((*NEEDED, "kp_id")).encode() + b"\n1,2,3,4,5,6,7,8\n", "twice"),
        (",".join(NEEDED).encode() + b'\n"a\n', "cannot be read"),
        (b"\xff\xfe\x00\x01" * 30, "UTF-8"),
        (b"PK\x03\x04\x00\x00", "UTF-8"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "points.csv"
    path.write_bytes(content)
    with pytest.raises(DataFault, match=said) as fault:
        read_csv(path, "knowledge points", NEEDED)
    assert "\n" not in str(fault.value)


def test_other_encodings_orders_and_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    header = ["more", *NEEDED[::-1]]
    cells = ["x", *[str(BASE[name]) for name in NEEDED[::-1]]]
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        path.write_bytes(f"{','.join(header)}\r\n{','.join(cells)}\r\n\r\n".encode(encoding))
        columns, rows = read_csv(path, "knowledge points", NEEDED)
        assert columns == header
        assert rows == [{**BASE, "more": "x"}]
    with pytest.raises(NotFound, match="no file"):
        read_csv(tmp_path / "none.csv", "knowledge points", NEEDED)
    with pytest.raises(DataFault, match="cannot be opened"):
        read_csv(tmp_path, "knowledge points", NEEDED)
