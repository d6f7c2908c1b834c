"""A file of verdicts, row by row: what is wrong with one keeps no other out, is counted, and is there to be mended."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from panel import audit, leads
from panel.exchange import import_experts, import_verdicts
from panel.schema import case, verdict
from panel.store import Store
from panel.table_file import read_file
from pipelines.cases import bring_verdicts
from records.errors import DataFault
from records.workplace import Workplace

HEADER = "rxno,expert_id,verdict_class,item_codes,fund_codes,loss_amt,stage,feedetl_sn,comment,given_time\n"
GOOD = ["R0,X1,2,2-5,,,,,,\n", "R1,X1,0,,F40-3,10,,,,\n", "R2,X1,U,,,,,,,2026-10-02 09:00:00\n"]


def bring(store: Store, path: Path, content: str | bytes) -> Any:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return import_verdicts(store, path, "test")


#: A row that cannot be taken, and what is said of it.
BAD = [
    (f"R0,{'X' * 61},0,,,,,,,\n".encode(), "at most 60 characters"),
    (b"R0,X9,0,,F40-3," + b"9" * 200_000 + b",,,,\n", "no amount"),
    (b"R0,X9,0,,,,,," + b"long " * 1000 + b",\n", "at most 4000 characters"),
    (b"R0,X\x009,0,,,,,,,\n", "cannot be kept"),
    (b"R0,X9,0,,,,,,\xff\xfe\xff,\n", "no text in UTF-8 or GB18030"),
    (b"R0,X9,0\n", "3 fields and the header 10"),
    (b"R0,X9,0,,,,,,,,,more\n", "12 fields and the header 10"),
    (b'R0,X9,0,,,,,,"never closed,\n', "quotation marks"),
    (b'R0,X9,0,,,,,,"a"b,\n', "quotation marks"),
    (b"R0,X9,0,,,,,,,yesterday\n", "is no time"),
    (b"R0,X9,0,,F40-3,-1,,,,\n", "no amount"),
]


@pytest.mark.parametrize(("place", "row", "said"), [((0, 1, 3)[n % 3], *bad) for n, bad in enumerate(BAD)])
def test_one_bad_row_keeps_no_other_out(opened: Store, tmp_path: Path, place: int, row: bytes, said: str) -> None:
    rows = [text.encode() for text in GOOD]
    rows.insert(place, row)
    report = bring(opened, tmp_path / "v.csv", HEADER.encode() + b"".join(rows))
    assert (report.read, report.added, report.known) == (4, 3, 0)
    ((number, _, why),) = report.rejected
    assert number == place + 2
    assert said in why
    assert not why.isascii()
    again = bring(opened, tmp_path / "v.csv", HEADER.encode() + b"".join(rows))
    assert (again.read, again.added, again.known, len(again.rejected)) == (4, 0, 3, 1)
    assert audit.verify(opened).faults == []


def test_rejected_rows_stand_as_they_came(
    opened: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = opened.engine.url.render_as_string(hide_password=False).replace("postgresql+psycopg", "postgresql")
    monkeypatch.setenv("RXPANEL_DATABASE_URL", url)
    (tmp_path / "v.csv").write_text(HEADER + GOOD[0] + "R0,X9,7,,,,,,=1+1,\n" + "R0,X9,0,,,,,,a,,,more\n", encoding="utf-8")
    bring_verdicts(Workplace(tmp_path), tmp_path / "v.csv")
    said = capsys.readouterr()
    assert "读取 read 3, 新增 new 1, 已有 known already 0, 拒收 rejected 2" in said.out
    assert "第3行 row 3 (R0): 没有结论等级“7” '7' is no verdict class" in said.err
    with (tmp_path / "rejected" / "v.csv").open(encoding="utf-8", newline="") as handle:
        head, first, second = csv.reader(handle)
    assert head == ["row", "key", "reason", *HEADER.strip().split(","), "surplus", "surplus"]
    assert (first[0], first[1], first[3:6], first[11]) == ("3", "R0", ["R0", "X9", "7"], "'=1+1")
    assert (second[0], second[3], second[-1]) == ("4", "R0", "more")


def test_experts_and_outcomes_too(opened: Store, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text(f"expert_id,name,profession,title\nN1,a,medicine,\nN2,b,medicine,{'长' * 41}\nN3,c,medicine\n", "utf-8")
    report = import_experts(opened, path, "test")
    assert (report.read, report.added, [row[0] for row in report.rejected]) == (3, 1, [3, 4])
    head = "subject_type,subject_code,begndate,enddate,fraud_flag\n"
    path.write_text(head + f"person,{'P' * 41},2026-04-01,2026-06-30,1\nperson,P1,2026-04-01,2026-06-30,1\n", "utf-8")
    found = leads.import_outcomes(opened, path, "test")
    assert (found.read, found.added, [row[0] for row in found.rejected]) == (2, 1, [2])
    assert audit.verify(opened).faults == []


def test_two_who_decide_differently_in_two_files_are_disputed(opened: Store, tmp_path: Path) -> None:
    head = "rxno,expert_id,verdict_class,stage\n"
    assert bring(opened, tmp_path / "a.csv", head + "R0,X1,2,final\n").added == 1
    assert bring(opened, tmp_path / "b.csv", head + "R0,X2,0,final\nR1,X2,0,final\n").added == 2
    with opened.read() as connection:
        states = dict(connection.execute(select(case.c.rxno, case.c.state)).tuples().all())
    assert (states["R0"], states["R1"]) == ("disputed", "adjudicated")


@pytest.fixture
def priced(opened: Store) -> Store:
    """Every case's line has 20.00 yuan, and a rule proposes 12.50 of it."""
    with opened.engine.begin() as connection:
        for row in connection.execute(select(case)).all():
            after = row.after_blind.replace('"rule_id":"SECRET"', f'"feedetl_sn":"F{row.rxno}","vola_amt":"12.50"')
            text = row.payload.replace('"line":1', '"line":1,"net_amt":"20.00"')
            connection.execute(update(case).where(case.c.case_id == row.case_id).values(after_blind=after, payload=text))
    return opened


@pytest.mark.parametrize(
    ("stage", "amount", "comment", "said"),
    [
        ("final", "10", "", "differs from 12.50"),
        ("adjudication", "10", "", "differs from 12.50"),
        ("final", "", "", "differs from 12.50"),
        ("final", "10", "三日量合理", None),
        ("final", "12.5", "", None),
        ("blind", "10", "", None),
        ("", "10", "", None),
        ("blind", "20.01", "", "exceeds line 1's own 20.00"),
        ("final", "20.01", "全部", "exceeds line 1's own 20.00"),
    ],
)
def test_an_imported_amount_beside_the_rule_s_needs_its_reason(
    priced: Store, tmp_path: Path, stage: str, amount: str, comment: str, said: str | None
) -> None:
    row = f"R0,X1,0,,F40-3,{amount},{stage},FR0,{comment},\n"
    report = bring(priced, tmp_path / "v.csv", HEADER + row + GOOD[1])
    assert report.added == (2 if said is None else 1)
    assert [said in why for _, _, why in report.rejected] == ([] if said is None else [True])
    # The whole prescription's amount is no line's: it is asked for no reason, as on the screen.
    assert bring(priced, tmp_path / "w.csv", HEADER + "R2,X1,0,,F40-3,10,final,,,\n").added == 1


def test_what_is_there_stays_known_when_a_later_run_proposes_otherwise(priced: Store, tmp_path: Path) -> None:
    row = "R0,X1,0,,F40-3,12.5,final,FR0,,2026-10-02\n"
    assert bring(priced, tmp_path / "v.csv", HEADER + row).added == 1
    with priced.engine.begin() as connection:
        text = connection.execute(select(case.c.after_blind).where(case.c.rxno == "R0")).scalar_one()
        connection.execute(update(case).where(case.c.rxno == "R0").values(after_blind=text.replace("12.50", "15.00")))
    again = bring(priced, tmp_path / "v.csv", HEADER + row)
    assert (again.added, again.known, again.rejected) == (0, 1, [])
    assert bring(priced, tmp_path / "w.csv", HEADER + row.replace("X1", "X2")).rejected[0][2].endswith("differs from 15.00.")


def test_a_reason_in_its_own_column_is_kept(priced: Store, tmp_path: Path) -> None:
    text = (
        "rxno,expert_id,verdict_class,fund_codes,loss_amt,stage,feedetl_sn,loss_reason\nR0,X1,0,F40-3,10,final,FR0,已退三日量\n"
    )
    assert bring(priced, tmp_path / "v.csv", text).added == 1
    assert bring(priced, tmp_path / "v.csv", text).known == 1
    with priced.read() as connection:
        assert connection.execute(select(verdict.c.loss_reason)).scalars().all() == ["已退三日量"]
    # The fixture set prices behind the program's back; of what was imported nothing is amiss.
    assert not [fault for fault in audit.verify(priced).faults if "verdict" in fault]


fields = st.text(st.sampled_from("ab12,\"'\n\r\t 　长\x00\x85\u2028"), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(fields, min_size=1, max_size=5), max_size=8))
def test_whatever_a_writer_writes_is_read_again(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    found = read_file(path, ("a",))
    right = [row for row in rows if len(row) >= 3 and not any(row[3:])]
    assert [list(row.values()) for _, row in found.rows] == [[value.strip() for value in row[:3]] for row in right]
    assert len(found.rows) + len(found.unfit) == len(rows)
    assert sorted([number for number, _ in found.rows] + [number for number, *_ in found.unfit]) == list(
        range(2, len(rows) + 2)
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader_and_good_rows_before_them_are_kept(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n1,2\n3,4\n" + junk)
    found = read_file(path, ("a",))
    assert [list(row.values()) for number, row in found.rows if number == 2] == [["1", "2"]]
    with pytest.raises(DataFault, match="lacks the column c"):
        read_file(path, ("c",))


def test_nothing_of_a_refused_file_is_kept(opened: Store, tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="lacks the column"):
        bring(opened, tmp_path / "v.csv", "rxno,expert_id\nR0,X1\n")
    with pytest.raises(DataFault, match="cannot be read"):
        bring(opened, tmp_path / "v.csv", b"")
    with opened.read() as connection:
        assert connection.execute(select(func.count()).select_from(verdict)).scalar_one() == 0
