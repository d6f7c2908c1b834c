"""Cases out and verdicts in: importing again changes nothing, order means nothing, rejected rows are listed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, update

from panel import audit
from panel.cases import open_cases
from panel.exchange import import_verdicts
from panel.schema import assignment, case, expert, verdict
from panel.service import PanelService
from panel.sessions import operator
from panel.store import Store
from panel.verdicts import final_verdicts
from records.errors import DataFault, NotFound, NotPermitted

QUARTER = "2026Q3"
HEADER = "rxno,expert_id,verdict_class,item_codes,fund_codes,loss_amt,stage,feedetl_sn\n"
ROWS = [
    "R0,X1,2,2-5,,,,\n",
    "R0,X2,2,2-5 2-7,,,,\n",
    "R1,X1,0,,F40-3,10,,\n",
    "R1,X2,0,,F40-3,20,,\n",
    "R2,X1,U,,,,,\n",
    "R2,X2,U,,,,,\n",
]


def write(path: Path, rows: list[str], encoding: str = "utf-8") -> Path:
    path.write_text(HEADER + "".join(rows), encoding=encoding)
    return path


def finals(store: Store) -> pd.DataFrame:
    frame = final_verdicts(store, QUARTER).set_index("rxno")
    return frame[["verdict_class", "closed", "item_codes", "fund_codes", "fund_codes_disputed", "loss_amt"]]


def test_verdicts_of_unknown_experts_become_final(opened: Store, tmp_path: Path) -> None:
    report = import_verdicts(opened, write(tmp_path / "v.csv", ROWS), "test")
    assert (report.added, report.known, report.rejected) == (6, 0, [])
    frame = finals(opened)
    assert (frame.loc["R0", "verdict_class"], frame.loc["R0", "item_codes"]) == (2, "2-5")
    assert frame.loc["R0", "fund_codes_disputed"] == "2-7"
    assert str(frame.loc["R1", "loss_amt"]) == "15.00"
    assert frame.loc["R2", "closed"]
    assert pd.isna(frame.loc["R2", "verdict_class"])
    assert not frame.loc["R3", "closed"]


def test_importing_again_or_in_another_order_changes_nothing(opened: Store, tmp_path: Path) -> None:
    import_verdicts(opened, write(tmp_path / "v.csv", ROWS), "test")
    before, head = finals(opened), audit.head(opened)
    again = import_verdicts(opened, write(tmp_path / "w.csv", ROWS[::-1], "gb18030"), "test")
    assert (again.added, again.known) == (0, 6)
    pd.testing.assert_frame_equal(finals(opened), before)
    assert audit.head(opened) == head


def test_parquet_reads_like_csv(opened: Store, tmp_path: Path) -> None:
    frame = pd.read_csv(write(tmp_path / "v.csv", ROWS), dtype=str)
    frame.to_parquet(tmp_path / "v.parquet")
    assert import_verdicts(opened, tmp_path / "v.parquet", "test").added == 6
    assert import_verdicts(opened, tmp_path / "v.csv", "test").known == 6


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("R99,X1,0,,,,,\n", "no case"),
        ("R0,,0,,,,,\n", "expert_id"),
        ("R0,X1,5,,,,,\n", "verdict class"),
        ("R0,X1,1,2-5,,,,\n", "make class"),
        ("R0,X1,0,,,,maybe,\n", "no stage"),
        ("R0,X1,0,,,,,F404\n", "no fee line"),
        ("R0,X1,0,,F40-3,1e9,,\n", "exceeds"),
    ],
)
def test_a_row_that_cannot_be_taken_is_listed_and_the_others_count(opened: Store, tmp_path: Path, row: str, said: str) -> None:
    report = import_verdicts(opened, write(tmp_path / "v.csv", [row, *ROWS]), "test")
    assert report.added == 6
    ((number, _, reason),) = report.rejected
    assert number == 2
    assert said in reason


def test_a_second_word_at_the_same_stage_is_refused(opened: Store, tmp_path: Path) -> None:
    import_verdicts(opened, write(tmp_path / "v.csv", ROWS), "test")
    report = import_verdicts(opened, write(tmp_path / "w.csv", ["R0,X1,0,,,,,\n"]), "test")
    assert report.added == 0
    assert "later stage" in report.rejected[0][2]


def test_a_file_that_is_none_is_one_sentence(opened: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        import_verdicts(opened, tmp_path / "none.csv", "test")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataFault, match="lacks the column"):
        import_verdicts(opened, tmp_path / "x.csv", "test")
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(DataFault, match="cannot be read"):
        import_verdicts(opened, tmp_path / "x.parquet", "test")


def test_the_exported_list_is_blind_and_disarmed(acting: Any, opened: Store, tmp_path: Path) -> None:
    assert acting("supervisor").export_cases(QUARTER, tmp_path / "cases.csv", "省局") == 6
    text = (tmp_path / "cases.csv").read_text(encoding="utf-8")
    for secret in ("SECRET", "targeted", "random", "王小明", "P123456"):
        assert secret not in text
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["rxno"] for row in rows} == {f"R{n}" for n in range(6)}
    assert all(row["lines"].startswith("'=甲片") for row in rows)
    assert {row["state"] for row in rows} == {"open"}
    with pytest.raises(NotFound):
        acting("supervisor").export_cases("2020Q1", tmp_path / "none.csv", "省局")


def test_an_export_is_refused_to_who_may_not_and_logged_by_whom(acting: Any, tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    with pytest.raises(NotPermitted):
        acting("data_scientist").export_cases(QUARTER, path, "自己")
    assert not path.exists()
    acting("agency_reviewer").export_cases(QUARTER, path, "省局")
    newest, before = acting("auditor").audit_log(limit=2)
    assert (newest["action"], newest["actor"]) == ("cases exported", "agency_reviewer-None")
    assert (before["action"], before["subject"], before["actor"]) == ("refused", "export", "data_scientist-None")


def test_models_are_not_read_for_who_may_not_see_them(acting: Any) -> None:
    read: list[str] = []
    with pytest.raises(NotPermitted):
        acting("expert", "E1").of_models(lambda: read.append("read"))
    assert read == []
    assert acting("data_scientist").of_models(lambda: "champion") == "champion"
    assert acting("auditor").audit_log(limit=1)[0]["subject"] == "see_models"


def test_the_exported_list_tells_no_state_and_no_gap_where_copies_stand(acting_on: Any, pool: Store, tmp_path: Path) -> None:
    rows, shown = acting_on.few(6)
    rules = {"panel": {"repeat_share": 0.5, "repeat_gap": 1, "double_share": 1.0}}
    open_cases(pool, QUARTER, {"capacity": 6, **rules}, rows, shown)
    with pool.read() as connection:
        kept = connection.execute(select(case).where(case.c.kind.is_(None)).order_by(case.c.number)).all()
    assert [row.number for row in kept] != list(range(1, 7))
    lines = ["R0,X1,0,,,,,\n", "R0,X2,3,3-1,,,,\n", "R1,X1,0,,,,,\n", "R2,X1,0,,,,,\n", "R2,X2,0,,,,,\n"]
    import_verdicts(pool, write(tmp_path / "v.csv", lines), "test")
    PanelService(pool, operator()).export_cases(QUARTER, tmp_path / "cases.csv", "省局")
    text = (tmp_path / "cases.csv").read_text(encoding="utf-8")
    listed = list(csv.DictReader(text.splitlines()))
    assert [row["number"] for row in listed] == [str(number) for number in range(1, 7)]
    assert not any(row.case_id in text for row in kept)
    assert {row["rxno"]: row["state"] for row in listed} == {f"R{n}": "judged" if n in (0, 2) else "open" for n in range(6)}
    said = f"case_id,rxno,expert_id,verdict_class\n{listed[0]['case_id']},{listed[0]['rxno']},X9,0\nx,R1,X9,0\n"
    (tmp_path / "back.csv").write_text(said, encoding="utf-8")
    report = import_verdicts(pool, tmp_path / "back.csv", "test")
    assert (report.added, [row for row, _, _ in report.rejected]) == (1, [3])
    with pool.read() as connection:
        given = connection.execute(select(verdict.c.case_id).where(verdict.c.expert_id == "X9")).scalar_one()
    assert given == kept[0].case_id


def test_an_expert_who_is_tied_or_gave_the_case_back_is_refused_as_by_the_service(
    acting: Any, opened: Store, tmp_path: Path
) -> None:
    """E2 works at H1 and E3 did at H2, where R0 and R1 come from; E1 gives one case back, another is handed on."""
    with opened.read() as connection:
        names = {row.case_id: row.rxno for row in connection.execute(select(case))}
        held = connection.execute(select(assignment).order_by(assignment.c.case_id)).all()
    mine = [row.case_id for row in held if row.expert_id == "E1"]
    back, on = mine[:2]
    acting("expert", "E1").recuse(back, "熟人")
    acting("supervisor").reassign(on, "E1", None, "换人")
    said = "rxno,expert_id,verdict_class,stage\n"
    rows = ["R0,E2,0,\n", "R1,E3,0,\n", "R1,E3,0,adjudication\n", f"{names[back]},E1,0,\n", f"{names[on]},E1,0,\n"]
    (tmp_path / "v.csv").write_text(said + "".join(rows) + "R1,E2,0,\nR1,X1,0,\n", encoding="utf-8")
    report = import_verdicts(opened, tmp_path / "v.csv", "test")
    reasons = {number: why for number, _, why in report.rejected}
    assert sorted(reasons) == [2, 3, 4, 5, 6]
    assert all("must recuse" in reasons[number] for number in (2, 3, 4))
    assert "gave this case back" in reasons[5]
    assert "handed on" in reasons[6]
    assert report.added == 2
    again = import_verdicts(opened, tmp_path / "v.csv", "test")
    assert (again.added, again.known, len(again.rejected)) == (0, 2, 5)
    assert audit.verify(opened).faults == []


def test_what_was_taken_stays_known_when_a_tie_comes_later(opened: Store, tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("rxno,expert_id,verdict_class\nR0,E4,0\n", encoding="utf-8")
    assert import_verdicts(opened, tmp_path / "v.csv", "test").added == 1
    with opened.engine.begin() as connection:
        connection.execute(update(expert).where(expert.c.expert_id == "E4").values(conflicts="H1"))
    again = import_verdicts(opened, tmp_path / "v.csv", "test")
    assert (again.known, again.rejected) == (1, [])
