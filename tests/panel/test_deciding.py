"""Disputes, meetings, records, notices, appeals: a case from the draw to its close, and what is refused on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from panel import audit, objections, records_asked, waiting
from panel.accounts import Actor
from panel.cases import open_cases
from panel.schema import assignment, case
from panel.schema_work import appeal, meeting, notice
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import LineInput, VerdictInput
from panel.verdicts import final_verdicts
from records.errors import NotPermitted, WrongUse

Acting = Callable[..., PanelService]
QUARTER = "2026Q3"
NUMBERS = ("E1", "E2", "E3", "E4")


def on(acting: Acting, case_id: str) -> list[PanelService]:
    panels = [acting("expert", number) for number in NUMBERS]
    return [panel for panel in panels if case_id in [row["case_id"] for row in panel.my_queue()]]


def state(store: Store, case_id: str) -> str:
    with store.read() as connection:
        return str(connection.execute(select(case.c.state).where(case.c.case_id == case_id)).scalar_one())


def final(store: Store, case_id: str) -> Any:
    return final_verdicts(store, QUARTER).set_index("case_id").loc[case_id]


def dispute(acting: Acting, case_id: str) -> None:
    one, two = on(acting, case_id)
    one.submit_verdict(case_id, VerdictInput("0"), "a")
    two.submit_verdict(case_id, VerdictInput("2", ("2-5",)), "b")


def test_a_third_expert_decides_by_two_against_one(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00002"
    dispute(acting, case_id)
    third = acting("supervisor").refer_to_third(case_id)
    assert third is not None
    with pytest.raises(WrongUse, match="third expert is on"):
        acting("supervisor").refer_to_third(case_id)
    panel = acting("expert", third)
    row = next(row for row in panel.my_queue() if row["case_id"] == case_id)
    assert (row["stage"], panel.open_case(case_id)["blind"], panel.open_case(case_id)["stage"]) == ("blind", True, "blind")
    panel.submit_verdict(case_id, VerdictInput("2", ("2-5",)), "c")
    assert state(opened, case_id) == "adjudicated"
    assert final(opened, case_id).verdict_class == 2
    assert audit.verify(opened).faults == []


def test_three_who_all_differ_wait_for_a_meeting_and_its_word_stands(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00002"
    dispute(acting, case_id)
    third = acting("adjudicator").refer_to_third(case_id)
    acting("expert", third).submit_verdict(case_id, VerdictInput("1", ("1-10",)), "c")
    assert state(opened, case_id) == "disputed"
    assert final(opened, case_id).verdict_class == 1
    with pytest.raises(WrongUse, match="3 people"):
        acting("adjudicator").hold_meeting(case_id, ["甲", "甲", "乙"], "纪要", VerdictInput("3", ("3-1",)))
    acting("adjudicator").hold_meeting(case_id, ["甲", "乙", "丙"], "讨论后一致认为无适应证", VerdictInput("3", ("3-1",)))
    assert state(opened, case_id) == "adjudicated"
    assert (final(opened, case_id).verdict_class, final(opened, case_id).item_codes) == (3, "3-1")
    (held,) = acting("supervisor").meetings(case_id)
    assert (held["present"], held["minutes"]) == ("丙 乙 甲", "讨论后一致认为无适应证")
    acting("adjudicator").hold_meeting(case_id, ["甲", "乙", "丁"], "复议，改为不规范", VerdictInput("1", ("1-10",)))
    assert final(opened, case_id).verdict_class == 1
    with opened.read() as connection:
        assert len(connection.execute(select(meeting)).all()) == 2
    assert audit.verify(opened).faults == []


def test_an_adjudication_is_corrected_as_a_new_version(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00001"
    dispute(acting, case_id)
    judge = acting("adjudicator")
    judge.adjudicate(case_id, VerdictInput("2", ("2-5",)), "d")
    with pytest.raises(WrongUse, match="no decision of yours"):
        PanelService(opened, Actor("another", "", frozenset({"adjudicator"}), None)).correct_decision(
            case_id, VerdictInput("0"), "x"
        )
    assert judge.correct_decision(case_id, VerdictInput("3", ("3-1",)), "误选代码")
    assert final(opened, case_id).n_rows == 3
    decided = [
        (row["version"], row["verdict_class"], row["reason"])
        for row in judge.open_case(case_id)["other_verdicts"]
        if row["stage"] == "adjudication"
    ]
    assert decided == [(1, "2", None), (2, "3", "误选代码")]
    # With the experts at 0 and 2, the decision of 3 leaves the middle one: the contract's rule.
    assert final(opened, case_id).verdict_class == 2


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set today, for what has a due date."""

    def to(day: str) -> None:
        for module in (waiting, objections, records_asked):
            monkeypatch.setattr(module, "today", lambda: day)

    to("2026-10-12")
    return to


def test_notice_appeal_re_review_and_close(acting: Acting, opened: Store, later: Callable[[str], None]) -> None:
    first, second = "2026Q3-00001", "2026Q3-00002"
    for case_id in (first, second):
        for number, panel in enumerate(on(acting, case_id)):
            panel.submit_verdict(case_id, VerdictInput("2", ("2-5",)), f"n{number}")
    supervisor, agency, judge = acting("supervisor"), acting("agency_reviewer"), acting("adjudicator")
    assert supervisor.notify_quarter(QUARTER) == 2
    with opened.read() as connection:
        assert {row.objection_until for row in connection.execute(select(notice))} == {"2026-10-21"}
    with pytest.raises(WrongUse, match="no longer be changed"):
        on(acting, first)[0].change_verdict(first, VerdictInput("0"), "x")
    assert supervisor.close_cases(QUARTER) == 0
    agency.record_appeal(first, "已在病程记录中写明理由")
    assert state(opened, first) == "appealed"
    who = PanelService(opened, Actor("x", "", frozenset({"adjudicator"}), on(acting, first)[0].actor.expert_id))
    with pytest.raises(WrongUse, match="somebody else"):
        who.re_review(first, VerdictInput("0"), "x", "r")
    assert judge.re_review(first, VerdictInput("0"), "病历中有依据", "r") == "accepted"
    assert judge.re_review(first, VerdictInput("0"), "病历中有依据", "r") == "accepted"
    assert final(opened, first).verdict_class == 0
    later("2026-10-22")
    with pytest.raises(WrongUse, match="time to object is over"):
        agency.record_appeal(second, "迟交")
    assert supervisor.close_cases(QUARTER) == 2
    assert {state(opened, first), state(opened, second)} == {"closed"}
    (row,) = supervisor.appeals(QUARTER)
    assert (row["state"], row["reason"]) == ("accepted", "病历中有依据")
    with opened.read() as connection:
        closed = next(
            r for r in connection.execute(audit.log.select().order_by(audit.log.c.seq.desc())) if r.action == "closed"
        )
        assert f'"no_objection_received":["{second}"]' in closed.change
        assert len(connection.execute(select(appeal)).all()) == 1
    assert audit.verify(opened).faults == []


def test_a_late_appeal_is_taken_with_a_reason_and_one_that_changes_nothing_is_rejected(
    acting: Acting, opened: Store, later: Callable[[str], None]
) -> None:
    case_id = "2026Q3-00001"
    for number, panel in enumerate(on(acting, case_id)):
        panel.submit_verdict(case_id, VerdictInput("2", ("2-5",)), f"n{number}")
    acting("supervisor").notify_quarter(QUARTER)
    later("2026-12-01")
    acting("agency_reviewer").record_appeal(case_id, "迟交", "邮路中断")
    assert acting("adjudicator").re_review(case_id, VerdictInput("2", ("2-5",)), "维持", "r") == "rejected"


def test_a_record_is_asked_for_answered_in_time_and_told_when_missing(
    acting: Acting, opened: Store, later: Callable[[str], None]
) -> None:
    case_id = "2026Q3-00001"
    panel, agency = on(acting, case_id)[0], acting("agency_reviewer")
    number = panel.request_record(case_id, "近三个月门诊病历")
    assert panel.request_record(case_id, "近三个月门诊病历") == number
    (asked,) = panel.record_requests(QUARTER)
    assert (asked["due_date"], asked["overdue"], asked["state"]) == ("2026-10-26", False, "open")
    with pytest.raises(WrongUse, match="has time until"):
        agency.answer_record(number, "not_supplied", "未提供")
    with pytest.raises(WrongUse, match="after today"):
        panel.request_record(case_id, "检验单", "2026-10-12")
    later("2026-10-27")
    assert agency.record_requests()[0]["overdue"]
    agency.answer_record(number, "not_supplied", "多次催要未提供")
    with pytest.raises(WrongUse, match="answered already"):
        agency.answer_record(number, "supplied", "x")
    assert final(opened, case_id).records_missing
    outsider = next(p for p in (acting("expert", n) for n in NUMBERS) if p.actor.expert_id not in
                    [q.actor.expert_id for q in on(acting, case_id)])  # fmt: skip
    assert outsider.record_requests() == []
    with pytest.raises(NotPermitted):
        outsider.request_record(case_id, "x")


def test_a_verdict_by_line_with_amounts_severity_time_and_a_reason_beside_the_rule_s(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00001"
    with opened.engine.begin() as connection:
        row = connection.execute(select(case).where(case.c.case_id == case_id)).one()
        text = row.after_blind.replace('"rule_id":"SECRET"', f'"feedetl_sn":"F{row.rxno}","vola_amt":"12.50"')
        connection.execute(update(case).where(case.c.case_id == case_id).values(after_blind=text))
    panel = on(acting, case_id)[0]
    line = LineInput(1, ("2-5",), ("F38-2d",), "10.00")
    given = VerdictInput("", lines=(line,), severity="moderate", seconds=95, comment="=HYPERLINK(1)")
    assert panel.submit_verdict(case_id, given, "s")
    own = panel.open_case(case_id)["my_verdicts"]
    assert [(row["verdict_class"], row["item_codes"], row["loss_amt"]) for row in own] == [
        ("2", "", None),
        ("2", "2-5", "10.00"),
    ]
    assert (own[0]["severity"], own[0]["comment"]) == ("moderate", "=HYPERLINK(1)")
    assert panel.open_case(case_id)["proposed"] == {1: "12.50"}
    with pytest.raises(WrongUse, match=r"line 1 differs from 12\.50"):
        panel.change_verdict(case_id, VerdictInput("2", lines=(line,)), "看到规则")
    reasoned = LineInput(1, ("2-5",), ("F38-2d",), "10.00", "三日量合理")
    assert panel.change_verdict(case_id, VerdictInput("2", lines=(reasoned,)), "看到规则")
    changed = [row for row in panel.open_case(case_id)["my_verdicts"] if row["stage"] == "changed"]
    assert {row["version"] for row in changed} == {2}
    assert [row["loss_reason"] for row in changed] == [None, "三日量合理"]
    for wrong, said in (
        (VerdictInput("2", lines=(LineInput(9, ("2-5",)),)), "no line 9"),
        (VerdictInput("2", lines=(line, line)), "named twice"),
        (VerdictInput("2", ("2-5",), lines=(LineInput(1, loss_amt="1"),)), "needs a fund-use"),
        (VerdictInput("0", severity="awful"), "no severity"),
        (VerdictInput("0", seconds=-1), "seconds within a day"),
    ):
        with pytest.raises(WrongUse, match=said):
            on(acting, "2026Q3-00002")[0].submit_verdict("2026Q3-00002", wrong, "t")


def test_a_submission_s_number_is_its_expert_s_and_case_s_own(acting: Acting, opened: Store) -> None:
    one = acting("expert", "E1")
    first, second = (row["case_id"] for row in one.my_queue()[:2])
    assert one.submit_verdict(first, VerdictInput("0"), "same")
    assert one.submit_verdict(second, VerdictInput("0"), "same")
    mate = next(panel for panel in on(acting, first) if panel.actor.expert_id != "E1")
    assert mate.submit_verdict(first, VerdictInput("0"), "same")
    assert state(opened, first) == "agreed"


def test_one_expert_suffices_by_design_until_abnormal_or_with_an_amount(store: Store, acting_on: Any) -> None:
    drawn, shown = acting_on.few(6)
    open_cases(store, QUARTER, {"panel": {"double_share": 0.0, "repeat_share": 0.0}}, drawn, shown)
    with store.read() as connection:
        rows = connection.execute(select(assignment)).all()
    assert len(rows) == len({row.case_id for row in rows}) == 6
    amount = VerdictInput("0", (), ("F40-3",), "5")
    given = [VerdictInput("0"), VerdictInput("2", ("2-5",)), VerdictInput("3", ("3-1",)), amount, VerdictInput("U")]
    for row, verdict in zip(rows, given, strict=False):
        acting_on("expert", row.expert_id).submit_verdict(row.case_id, verdict, "x")
    states = [state(store, row.case_id) for row in rows[:5]]
    assert states == ["agreed", "agreed", "awaiting_second", "awaiting_second", "agreed"]
    frame = final_verdicts(store, QUARTER).set_index("case_id")
    assert [bool(frame.loc[row.case_id, "closed"]) for row in rows[:5]] == [True, True, False, False, True]
    with store.read() as connection:
        seconds = connection.execute(select(assignment).where(assignment.c.state == "open")).all()
    assert {row.case_id for row in seconds} == {rows[2].case_id, rows[3].case_id, rows[5].case_id}
    assert audit.verify(store).faults == []


def test_a_known_answer_has_the_codes_of_single_lines_too(acting: Acting, opened: Store) -> None:
    case_id = str(acting("expert", "E1").my_queue()[0]["case_id"])
    with opened.engine.begin() as connection:
        connection.execute(update(case).where(case.c.case_id == case_id).values(state="agreed"))
    panel = acting("adjudicator")
    assert panel.decided(QUARTER) == [{"case_id": case_id, "state": "agreed", "mine": False, "gold": False}]
    panel.set_gold(case_id, VerdictInput("2", ("2-7",), lines=(LineInput(1, ("2-5",)),)), "教学病例")
    assert panel.gold_answer(case_id)["item_codes"] == ["2-5", "2-7"]
    assert panel.decided(QUARTER)[0]["gold"]
