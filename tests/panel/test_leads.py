"""Leads from the pointer to the outcome: two officers, working days, sealed reporters, words that establish nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select, update

from panel import audit, lead_work, leads
from panel.accounts import Actor
from panel.schema import audit as log
from panel.schema_leads import lead
from panel.service import PanelService
from panel.store import Store
from panel.tables import states
from panel.working_days import after, keep_calendar
from records.errors import NotFound, NotPermitted, WrongUse

Acting = Callable[..., PanelService]
QUARTER = "2026Q3"


def flagged(*rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["subject_type", "subject_code", "source", "origin", "incl_prob"])


def officer(store: Store, name: str) -> PanelService:
    return PanelService(store, Actor(name, name, frozenset({"investigator"}), None))


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def to(text: str) -> None:
        monkeypatch.setattr(leads, "today", lambda: text)
        monkeypatch.setattr(lead_work, "today", lambda: text)

    to("2026-09-25")
    return to


def test_working_days_follow_the_calendar() -> None:
    holidays = {f"2026-10-0{n}": 0 for n in range(1, 8)} | {"2026-10-10": 1}
    assert after("2026-09-30", 1, {}) == "2026-10-01"
    assert after("2026-09-30", 1, holidays) == "2026-10-08"
    assert after("2026-09-30", 3, holidays) == "2026-10-10"
    assert after("2026-09-25", 15, holidays) == "2026-10-22"
    assert after("2026-09-25", 0, {}) == "2026-09-25"


def test_a_lead_from_a_clue_to_what_was_established(
    acting: Acting, opened: Store, officers: list[str], day: Callable[[str], None], tmp_path: Path
) -> None:
    with opened.change() as connection:
        keep_calendar(connection, {f"2026-10-0{n}": 0 for n in range(1, 8)})
    agency, supervisor = acting("agency_reviewer"), acting("supervisor")
    lead_id = agency.receive_clue(QUARTER, ("person", "P123456"), "持多卡刷卡", channel="phone", reporter_is="张三 13800000000")
    assert agency.receive_clue(QUARTER, ("person", "P123456"), "又一次举报") == lead_id
    (row,) = supervisor.leads(QUARTER)
    assert (row["state"], row["due_date"], row["origin"], row["overdue"]) == ("opened", "2026-10-23", "clue", False)
    assert row["subject_code"] == "＊＊＊3456"
    for wrong in (["ann"], ["ann", "ann"], ["ann", "max"], ["ann", "nobody"], ["ann", "bob", "eve"]):
        with pytest.raises(WrongUse, match="Two different"):
            supervisor.assign_lead(lead_id, wrong)
    supervisor.assign_lead(lead_id, officers)
    assert officer(opened, "ann").leads()[0]["subject_code"] == "＊＊＊3456"
    day("2026-10-26")
    assert supervisor.leads()[0]["overdue"]
    assert supervisor.extend_lead(lead_id, "需调取监控") == "2026-11-13"
    with pytest.raises(WrongUse, match="extended once"):
        supervisor.extend_lead(lead_id, "再延")
    with pytest.raises(NotPermitted, match="no officer"):
        officer(opened, "eve").report_lead(lead_id, "我也看过")
    assert not officer(opened, "ann").report_lead(lead_id, "十分钟内六人刷卡")
    assert not officer(opened, "ann").report_lead(lead_id, "补充：同一读卡器")
    assert supervisor.leads()[0]["state"] == "assigned"
    assert officer(opened, "bob").report_lead(lead_id, "同意")
    with pytest.raises(WrongUse, match="names one of"):
        supervisor.decide_lead(lead_id, "transferred", "涉嫌犯罪")
    supervisor.decide_lead(lead_id, "transferred", "移送", addressee="police")
    assert leads.outcomes(opened).empty
    supervisor.conclude_lead(lead_id, True, "行政处罚决定书", codes=["P41-3"], loss_amt="1200.50")
    (found,) = leads.outcomes(opened).to_dict("records")
    del found["finding_id"]
    assert found == {
        "subject_type": "person", "subject_code": "P123456", "begndate": "2026-07-01", "enddate": "2026-09-30",
        "fraud_flag": 1, "fund_codes": "P41-3", "loss_amt": "1200.50",
    }  # fmt: skip
    supervisor.close_lead(lead_id, "办结")
    assert [row["kind"] for row in supervisor.lead_notes(lead_id)] == [
        "extension", "report", "report", "report", "transferred", "established", "closed"]  # fmt: skip
    assert audit.verify(opened).faults == []


def test_a_reporter_is_sealed_and_opened_with_a_reason_only(acting: Acting, opened: Store, tmp_path: Path) -> None:
    agency, supervisor = acting("agency_reviewer"), acting("supervisor")
    agency.receive_clue(QUARTER, ("pharmacy", "P53030200001"), "药店串换", reporter_is="李四")
    pointer = supervisor.leads()[0]["pointer"]
    supervisor.export_leads(QUARTER, tmp_path / "leads.csv", "稽核科")
    text = (tmp_path / "leads.csv").read_text(encoding="utf-8")
    with opened.read() as connection:
        logged = str(connection.execute(select(log)).all())
    for told in (
        pointer,
        text,
        logged,
        str(supervisor.leads()),
        str(supervisor.audit_log) if supervisor.may("see_log") else "",
    ):
        assert "李四" not in told
    clue_id = re.search(r"clue ([0-9a-f]{12})", pointer)[1]  # type: ignore[index]
    with pytest.raises(WrongUse, match="needs to be written"):
        supervisor.reporter_of(clue_id, "")
    assert supervisor.reporter_of(clue_id, "依法核实") == "李四"
    with pytest.raises(NotFound):
        supervisor.reporter_of("%", "x")
    newest = acting("auditor").audit_log(limit=1)[0]
    assert (newest["action"], newest["subject"]) == ("reporter opened", clue_id)


def test_a_group_s_outcome_is_one_of_each_member_and_a_pharmacy_is_an_institution(
    acting: Acting, opened: Store, officers: list[str]
) -> None:
    source = '{"members": ["P1", "P2"]}'
    leads.open_leads(opened, QUARTER, flagged(("group", "G1", source, "model", None), ("pharmacy", "P530", "{}", "rule", None)))
    supervisor = acting("supervisor")
    for row in supervisor.leads():
        supervisor.assign_lead(row["lead_id"], officers)
        for name in officers:
            officer(opened, name).report_lead(row["lead_id"], "已核查")
        supervisor.decide_lead(row["lead_id"], "handled", "违规，按协议处理", codes=["F38-4a"], loss_amt="80")
    columns = ("subject_type", "subject_code", "fraud_flag", "fund_codes", "loss_amt")
    found = leads.outcomes(opened).astype(object).fillna("").to_dict("records")
    assert sorted(tuple(row[name] for name in columns) for row in found) == [
        ("institution", "P530", 0, "F38-4a", "80.00"),
        ("person", "P1", 0, "F38-4a", "80.00"),
        ("person", "P2", 0, "F38-4a", ""),
    ]
    assert {row["state"] for row in supervisor.leads()} == {"handled"}


def test_random_checks_are_drawn_once_with_a_known_probability() -> None:
    subjects = pd.DataFrame(
        {"subject_type": ["person"] * 50 + ["institution"] * 3, "subject_code": [f"S{n:02d}" for n in range(53)]}
    )
    pointed = {("person", f"S{n:02d}") for n in range(10)}
    times = dict.fromkeys(range(50), 0)
    for seed in range(600):
        got = leads.random_checks(subjects, pointed, {"person": 4, "institution": 5}, f"s{seed}")
        people = got[got["subject_type"] == "person"]
        assert len(people) == 4
        assert set(people["incl_prob"]) == {0.1}
        assert set(got.loc[got["subject_type"] == "institution", "incl_prob"]) == {1.0}
        for code in people["subject_code"]:
            times[int(code[1:])] += 1
    assert all(times[n] == 0 for n in range(10))
    # Each of the forty is drawn 60 times of 600 on average; six standard deviations of a binomial are 44.
    assert all(abs(times[n] - 60) < 44 for n in range(10, 50))


def test_a_quarter_keeps_its_random_checks_and_a_clue_makes_one_a_lead_like_others(acting: Acting, opened: Store) -> None:
    first = flagged(("person", "P1", "{}", "check", 0.1), ("person", "P2", '{"rank": 1, "target": "fraud"}', "model", None))
    assert leads.open_leads(opened, QUARTER, first) == 2
    again = flagged(("person", "P3", "{}", "check", 0.1), ("person", "P4", "{}", "model", None))
    assert leads.open_leads(opened, QUARTER, again) == 1
    frame = leads.list_leads(opened, QUARTER).set_index("subject_code")
    assert set(frame.index) == {"P1", "P2", "P4"}
    assert frame.loc["P1", "incl_prob"] == 0.1
    acting("investigator").receive_clue(QUARTER, ("person", "P1"), "举报")
    assert leads.list_leads(opened, QUARTER).set_index("subject_code").loc["P1", "origin"] == "clue"


def test_no_word_says_more_than_is_known(acting: Acting, opened: Store, tmp_path: Path) -> None:
    rows = [("person", f"P{n}", '{"rank": 3, "target": "fraud", "model_version": "abc"}', origin, None)
            for n, origin in enumerate(leads.ORIGINS)]  # fmt: skip
    leads.open_leads(opened, QUARTER, flagged(*rows))
    acting("supervisor").export_leads(QUARTER, tmp_path / "leads.csv", "稽核科")
    text = (tmp_path / "leads.csv").read_text(encoding="utf-8") + str(acting("supervisor").leads())
    text += str({name: words for name, words in states("lead").items() if name != "established"})
    assert not re.search("fraud|欺诈|骗保|诈骗|骗取", text, re.IGNORECASE)
    assert re.search("线索|疑点", text)
    table = list(csv.DictReader((tmp_path / "leads.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["recipient_mark"].split()[0] for row in table} == {"稽核科"}
    with pytest.raises(WrongUse, match="--recipient"):
        acting("supervisor").export_leads(QUARTER, tmp_path / "x.csv", " ")


def test_outcomes_come_in_once_and_move_their_leads(opened: Store, tmp_path: Path) -> None:
    leads.open_leads(opened, QUARTER, flagged(("person", "P1", "{}", "model", None)))
    path = tmp_path / "o.csv"
    path.write_text(
        "lead_id,begndate,enddate,fraud_flag,fund_codes,loss_amt\n2026Q3-L00001,2026-07-01,2026-09-30,1,P41-3,12.50\n"
        "nobody,2026-07-01,2026-09-30,1,,\n2026Q3-L00001,2026-09-30,2026-07-01,1,,\n2026Q3-L00001,x,2026-07-01,1,,\n"
        "2026Q3-L00001,2026-07-01,2026-09-30,2,,\n2026Q3-L00001,2026-07-01,2026-09-30,1,F99,\n",
        encoding="utf-8",
    )
    report = leads.import_outcomes(opened, path, "test")
    assert (report.added, len(report.rejected)) == (1, 5)
    assert leads.import_outcomes(opened, path, "test").known == 1
    (row,) = leads.outcomes(opened).to_dict("records")
    assert (row["subject_code"], row["fraud_flag"], row["loss_amt"]) == ("P1", 1, "12.50")
    assert leads.list_leads(opened).state.tolist() == ["established"]
    assert audit.verify(opened).faults == []


def test_an_outcome_moves_its_lead_from_every_state_and_a_pharmacy_s_too(opened: Store, tmp_path: Path) -> None:
    rows = [("person", f"P{n}", "{}", "model", None) for n in range(len(states("lead")))]
    rows += [
        ("pharmacy", "Y1", "{}", "rule", None),
        ("pharmacy", "Y2", "{}", "rule", None),
        ("person", "Q", "{}", "rule", None),
    ]
    leads.open_leads(opened, QUARTER, flagged(*rows))
    leads.open_leads(opened, "2026Q2", flagged(("person", "Q", "{}", "rule", None)))
    numbers = leads.list_leads(opened, QUARTER).set_index("subject_code").lead_id
    with opened.engine.begin() as connection:
        for n, state in enumerate(states("lead")):
            connection.execute(update(lead).where(lead.c.lead_id == numbers[f"P{n}"]).values(state=state))
    said = [f"{numbers[f'P{n}']},,,{{0}}\n" for n in range(len(states("lead")))]
    said += [f"{numbers['Y1']},,,{{0}}\n", ",institution,Y2,{0}\n", f"{numbers['Q']},,,{{0}}\n"]
    for flag, to in ((0, "cleared"), (1, "established")):
        text = "lead_id,subject_type,subject_code,fraud_flag,begndate,enddate\n"
        text += "".join(line.format(flag).replace("\n", ",2026-07-01,2026-09-30\n") for line in said)
        (tmp_path / "o.csv").write_text(text, encoding="utf-8")
        report = leads.import_outcomes(opened, tmp_path / "o.csv", "test")
        assert (report.added, report.rejected) == (len(said), [])
        after = leads.list_leads(opened, QUARTER).set_index("subject_code").state
        closed = f"P{list(states('lead')).index('closed')}"
        assert after.to_dict() == {code: "closed" if code == closed else to for code in after.index}
    assert leads.list_leads(opened, "2026Q2").state.tolist() == ["opened"]


def test_a_report_on_a_group_without_members_is_refused(acting: Acting, opened: Store) -> None:
    agency = acting("agency_reviewer")
    with pytest.raises(WrongUse, match="members are not known"):
        agency.receive_clue(QUARTER, ("group", "G1"), "一伙人")
    assert acting("supervisor").leads() == []
    leads.open_leads(opened, QUARTER, flagged(("group", "G1", '{"members": ["P1", "P2"]}', "model", None)))
    assert agency.receive_clue(QUARTER, ("group", "G1"), "一伙人") == "2026Q3-L00001"
    assert acting("supervisor").clue_texts("2026Q3-L00001")[0]["text"] == "一伙人"


def test_a_report_on_a_pharmacy_called_an_institution_joins_its_lead(acting: Acting, opened: Store) -> None:
    rows = (("pharmacy", "Y1", "{}", "rule", None), ("institution", "Y2", "{}", "model", None))
    leads.open_leads(opened, QUARTER, flagged(*rows))
    known = leads.list_leads(opened, QUARTER).set_index("subject_code").lead_id.to_dict()
    panel = acting("investigator")
    assert panel.receive_clue(QUARTER, ("institution", "Y1"), "夜间刷卡") == known["Y1"]
    assert panel.receive_clue(QUARTER, ("pharmacy", "Y2"), "夜间刷卡") == known["Y2"]
    assert panel.receive_clue(QUARTER, ("pharmacy", "Y3"), "夜间刷卡") not in known.values()
    assert len(leads.list_leads(opened, QUARTER)) == 3
