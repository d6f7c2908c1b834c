"""Decided cases like another one, shown after the own verdict only; drafts that two windows write; the pool by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from panel import leads
from panel.likeness import likeness_of
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from records.errors import NotPermitted, WrongUse

Acting = Callable[..., PanelService]


def line(number: int, atc: str | None, amount: str) -> dict[str, Any]:
    return {"line": number, "atc_code": atc, "net_amt": amount}


@pytest.mark.parametrize(
    ("diagnoses", "lines", "found"),
    [
        ([("I10.x00", 1)], [line(1, "C09AA01", "10"), line(2, "A02BC05", "30")], "I10|A02BC"),
        ([("J06", 0), ("E11", 1)], [line(1, "C09AA01", "10")], "E11|C09AA"),
        ([("J06", 1)], [line(1, None, "10")], None),
        ([], [line(1, "C09AA01", "10")], None),
        # Equal amounts: the first line, so that the answer is always the same.
        ([("J06", 1)], [line(2, "A02BC05", "5"), line(1, "C09AA01", "5")], "J06|C09AA"),
    ],
)
def test_likeness_is_the_main_diagnosis_and_the_dearest_drug(diagnoses: Any, lines: Any, found: str | None) -> None:
    told = [{"diag_code": code, "maindiag_flag": main} for code, main in diagnoses]
    assert likeness_of({"diagnoses": told, "lines": lines}) == found


def alike(acting: Acting, opened: Store) -> None:
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE review_case SET likeness = 'I10|C09AA'")


def experts_on(opened: Store, case_id: str) -> list[str]:
    with opened.engine.begin() as connection:
        where = f"SELECT expert_id FROM assignment WHERE case_id = '{case_id}' ORDER BY 1"
        return [row[0] for row in connection.exec_driver_sql(where)]


def test_similar_decided_cases_open_after_the_own_verdict(acting: Acting, opened: Store) -> None:
    alike(acting, opened)
    first, *others = _cases(opened)
    for name in experts_on(opened, first):
        acting("expert", name).submit_verdict(first, VerdictInput("2", item_codes=("2-7",)), f"s-{name}")
    viewer = experts_on(opened, first)[0]
    mine = [case_id for case_id in others if viewer in experts_on(opened, case_id)]
    panel = acting("expert", viewer)
    assert panel.open_case(mine[0])["similar"] == []
    panel.submit_verdict(mine[0], VerdictInput("0"), "s-mine")
    (found,) = panel.open_case(mine[0])["similar"]
    assert (found["case_id"], found["verdict_class"], found["item_codes"]) == (first, "2", "2-7")
    assert not {"fixmedins_code", "dr_name", "expert_id"} & set(found)


def _cases(opened: Store) -> list[str]:
    with opened.engine.begin() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT case_id FROM review_case ORDER BY 1")]


def test_a_decided_case_that_waits_for_the_viewer_is_not_among_the_similar(acting: Acting, opened: Store) -> None:
    alike(acting, opened)
    first, second = _cases(opened)[:2]
    viewer = experts_on(opened, second)[0]
    with opened.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE review_case SET state = 'adjudicated' WHERE case_id = '{first}'")
        connection.exec_driver_sql(f"DELETE FROM assignment WHERE case_id = '{first}'")
        connection.exec_driver_sql(f"INSERT INTO assignment VALUES ('{first}', '{viewer}', 'third', 'open', NULL)")
    panel = acting("expert", viewer)
    panel.submit_verdict(second, VerdictInput("0"), "s")
    assert panel.open_case(second)["similar"] == []


def test_two_windows_do_not_overwrite_each_other(acting: Acting, opened: Store) -> None:
    panel = acting("expert", "E1")
    case_id = str(panel.my_queue()[0]["case_id"])
    panel.amend_draft(case_id, {"comment": "from one window", "severity": "minor"})
    whole = panel.amend_draft(case_id, {"severity": "serious"})
    assert whole == {"comment": "from one window", "severity": "serious"}
    assert panel.open_case(case_id)["draft"] == whole
    panel.save_draft(case_id, {"comment": "anew"})
    assert panel.open_case(case_id)["draft"] == {"comment": "anew"}


def test_an_administrator_adds_experts_and_days(acting: Acting) -> None:
    panel = acting("administrator")
    panel.add_expert({"expert_id": "E9", "name": "戊", "profession": "medicine", "capacity": "40"})
    assert [row["capacity"] for row in panel.pool() if row["expert_id"] == "E9"] == [40]
    with pytest.raises(WrongUse, match="no profession"):
        panel.add_expert({"expert_id": "E10", "name": "己", "profession": "cook"})
    report = panel.import_pool("expert_id,name,profession\nE11,庚,pharmacy\n,x,pharmacy\n".encode("gb18030"))
    assert (report.added, [row[0] for row in report.rejected]) == (1, [3])
    assert panel.keep_days({"2026-10-01": 0, "2026-10-10": 1}) == 2
    assert panel.calendar() == [{"day": "2026-10-01", "workday": 0}, {"day": "2026-10-10", "workday": 1}]
    with pytest.raises(WrongUse, match="no date"):
        panel.keep_days({"soon": 1})
    panel.set_absence("E9", "2020-01-01", "2020-01-02", "leave")
    assert [row["expert_id"] for row in panel.absences()] == ["E9"]
    with pytest.raises(NotPermitted):
        acting("supervisor").add_expert({"expert_id": "E12", "name": "x", "profession": "medicine"})


def test_peers_are_told_only_in_groups_that_hide_their_members() -> None:
    import duckdb

    from panel.peers import add_peers

    con = duckdb.connect()
    con.execute(
        "CREATE TABLE institution AS SELECT 'H' || i AS fixmedins_code, CASE WHEN i < 6 THEN '3' ELSE '2' END AS hosp_lv "
        "FROM range(1, 9) t(i)"
    )
    con.execute(
        "CREATE TABLE features_institution AS SELECT 'H' || i AS fixmedins_code, 10 AS prescriptions, "
        "i * 10.0 AS rx_mean_amount FROM range(1, 9) t(i)"
    )
    con.execute("CREATE TABLE practitioner AS SELECT 'D1' AS dr_codg, 'H1' AS fixmedins_code, '内科' AS dept_name")
    con.execute("CREATE TABLE features_practitioner AS SELECT 'D1' AS dr_codg, 10 AS prescriptions, 0.5 AS antibacterial_rate")
    payloads = {n: {"sealed": {"dr_codg": "D1", "fixmedins_code": f"H{n}"}, "after_blind": {}} for n in ("2", "7")}
    add_peers(con, payloads)
    (entry,) = payloads["2"]["after_blind"]["peers"]
    assert entry == {"grain": "institution", "feature": "rx_mean_amount", "value": 20.0, "q25": 20.0, "q50": 30.0,
                     "q75": 40.0, "peers": 5}  # fmt: skip
    # Three institutions of that level, one prescriber of that department: nobody hides among so few.
    assert payloads["7"]["after_blind"]["peers"] == []


def test_a_lead_is_pictured_with_masked_persons(acting: Acting, opened: Store) -> None:
    import duckdb

    investigator = acting("investigator")
    lead_id = investigator.receive_clue("2026Q3", ("practitioner", "D7"), "says so")
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE net_line (setl_id VARCHAR, psn_no VARCHAR, bilg_dr_codg VARCHAR, fixmedins_code VARCHAR, "
        "fee_ocur_time TIMESTAMP, net_amt DECIMAL(16, 2))"
    )
    lines = [
        ("S1", "P123456", "D7", "H1", "2026-08-03 09:00:00", "10"),
        ("S1", "P123456", "D7", "H1", "2026-08-03 09:00:00", "5"),
        ("S2", "P123456", "D7", "H1", "2026-08-11 09:00:00", "1.5"),
        ("S3", "P9", "D8", "H1", "2026-08-11 09:00:00", "7"),
    ]
    con.executemany("INSERT INTO net_line VALUES (?, ?, ?, ?, ?, ?)", lines)
    found = investigator.lead_picture(lead_id, con)
    assert [(p["type"], p["visits"], Decimal(p["amt"])) for p in found["partners"]] == [
        ("person", 2, Decimal("16.50")), ("institution", 2, Decimal("16.50")),
    ]  # fmt: skip
    assert "P123456" not in str(found["partners"])
    source = '{"members": ["P123456", "P9"], "rules": ["多人结伴结算"]}'
    opening = pd.DataFrame({"subject_type": ["group"], "subject_code": ["G1"], "source": [source], "origin": ["rule"]})
    leads.open_leads(opened, "2026Q3", opening)
    group = next(row["lead_id"] for row in investigator.leads() if row["subject_type"] == "group")
    seen = investigator.lead_picture(group, con)
    assert [(p["type"], p["code"], p["visits"], Decimal(p["amt"])) for p in seen["partners"]] == [
        ("practitioner", "D7", 2, Decimal("16.50")), ("practitioner", "D8", 1, Decimal("7")),
        ("institution", "H1", 3, Decimal("23.50")),
    ]  # fmt: skip
    assert [(week["visits"], week["amt"]) for week in seen["weeks"]] == [(1, "15.00"), (2, "8.50")]
    assert found["weeks"] == [
        {"week": "2026-08-03", "visits": 1, "amt": "15.00"},
        {"week": "2026-08-10", "visits": 1, "amt": "1.50"},
    ]
