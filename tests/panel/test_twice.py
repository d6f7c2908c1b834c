"""What is sent twice counts once; and what a meeting needs to have carried its decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from panel import audit
from panel.accounts import Actor, create_account
from panel.cases import open_cases
from panel.schema import assignment, case, verdict
from panel.schema_leads import lead_note
from panel.schema_work import meeting
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from records.errors import WrongUse

Acting = Callable[..., PanelService]
QUARTER = "2026Q3"
ABNORMAL = VerdictInput("3", ("3-1",))
SIX = ["甲", "乙", "丙", "丁", "戊", "己"]


def count(store: Store, table: Any) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def dispute(acting: Acting, case_id: str) -> list[str]:
    """Two experts differ on a case; their numbers."""
    panels = [acting("expert", number) for number in ("E1", "E2", "E3", "E4")]
    on = [panel for panel in panels if case_id in [row["case_id"] for row in panel.my_queue()]]
    for panel, said in zip(on, (VerdictInput("0"), VerdictInput("2", ("2-5",))), strict=True):
        panel.submit_verdict(case_id, said, "a")
    return [str(panel.actor.expert_id) for panel in on]


# in favour of six, the chair's vote, what is said
VOTES = [
    (0, False, "between 1 and 6"),
    (7, False, "between 1 and 6"),
    (2, False, "no majority"),
    (2, True, "no majority"),
    (3, False, "votes are equal"),
    (4, True, "only where the votes are equal"),
    (3, True, None),
    (4, False, None),
    (None, False, None),
]


@pytest.mark.parametrize(("in_favour", "casting", "said"), VOTES)
def test_a_meeting_decides_by_more_than_half_or_by_the_chair_at_half(
    acting: Acting, opened: Store, in_favour: int | None, casting: bool, said: str | None
) -> None:
    case_id = "2026Q3-00002"
    dispute(acting, case_id)
    judge = acting("adjudicator")
    if said is not None:
        with pytest.raises(WrongUse, match=said):
            judge.hold_meeting(case_id, SIX, "纪要", ABNORMAL, in_favour=in_favour, casting=casting)
        assert count(opened, meeting) == 0
        return
    judge.hold_meeting(case_id, SIX, "纪要", ABNORMAL, in_favour=in_favour, casting=casting)
    (held,) = judge.meetings(case_id)
    assert (held["in_favour"], held["casting"]) == (6 if in_favour is None else in_favour, casting)
    assert audit.verify(opened).faults == []


def test_a_chair_who_judged_the_case_breaks_no_tie(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00002"
    one, _ = dispute(acting, case_id)
    chair = PanelService(opened, Actor("chair", "", frozenset({"adjudicator"}), one))
    with pytest.raises(WrongUse, match="judged this case yourself"):
        chair.hold_meeting(case_id, SIX, "纪要", ABNORMAL, in_favour=3, casting=True)
    assert chair.hold_meeting(case_id, SIX, "纪要", ABNORMAL, in_favour=4)


def test_a_meeting_sent_twice_is_one_and_another_one_is_another(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00002"
    dispute(acting, case_id)
    judge = acting("adjudicator")
    first = judge.hold_meeting(case_id, SIX, "纪要", ABNORMAL)
    rows, entries = count(opened, verdict), audit.head(opened)["seq"]
    assert judge.hold_meeting(case_id, SIX[::-1], "纪要", ABNORMAL) == first
    assert (count(opened, meeting), count(opened, verdict), audit.head(opened)["seq"]) == (1, rows, entries)
    acting("supervisor").notify_quarter(QUARTER)
    assert judge.hold_meeting(case_id, SIX, "纪要", ABNORMAL) == first
    with pytest.raises(WrongUse, match="not waiting for a meeting"):
        judge.hold_meeting(case_id, SIX, "另一次", ABNORMAL)


def test_a_correction_sent_twice_is_one_and_going_back_is_another(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00001"
    dispute(acting, case_id)
    judge = acting("adjudicator")
    judge.adjudicate(case_id, VerdictInput("2", ("2-5",)), "d")
    assert judge.correct_decision(case_id, ABNORMAL, "误选")
    rows, entries = count(opened, verdict), audit.head(opened)["seq"]
    assert not judge.correct_decision(case_id, ABNORMAL, "误选")
    assert (count(opened, verdict), audit.head(opened)["seq"]) == (rows, entries)
    assert judge.correct_decision(case_id, VerdictInput("0"), "再议")
    assert judge.correct_decision(case_id, ABNORMAL, "误选")
    assert count(opened, verdict) == rows + 2
    acting("supervisor").notify_quarter(QUARTER)
    assert not judge.correct_decision(case_id, ABNORMAL, "误选")
    with pytest.raises(WrongUse, match="no decision of yours"):
        judge.correct_decision(case_id, VerdictInput("0"), "太晚")


def test_a_report_sent_twice_is_one_note_and_its_answer_stays(acting: Acting, opened: Store) -> None:
    for name in ("ann", "bob"):
        create_account(opened, name, "a good password", ["investigator"])
    lead_id = acting("agency_reviewer").receive_clue(QUARTER, ("person", "P1"), "举报")
    acting("supervisor").assign_lead(lead_id, ["ann", "bob"])
    ann, bob = (PanelService(opened, Actor(name, "", frozenset({"investigator"}), None)) for name in ("ann", "bob"))
    assert [ann.report_lead(lead_id, "看过") for _ in range(2)] == [False, False]
    assert count(opened, lead_note) == 1
    assert [bob.report_lead(lead_id, "同意") for _ in range(2)] == [True, True]
    assert count(opened, lead_note) == 2
    with pytest.raises(WrongUse, match="not being checked"):
        bob.report_lead(lead_id, "还有")
    assert audit.verify(opened).faults == []


def test_taking_a_case_twice_takes_one_until_it_is_begun(pool: Store, acting_on: Acting) -> None:
    drawn, shown = acting_on.few(6)  # type: ignore[attr-defined]
    for number in ("E1", "E2", "E3", "E4"):
        acting_on("administrator").set_absence(number, "2020-01-01", "2099-01-01", "暂停派单")
    open_cases(pool, QUARTER, {"panel": {"repeat_share": 0.0}}, drawn, shown)
    with pool.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM absence")
    panel = acting_on("expert", "E4")
    first = panel.claim_next(QUARTER)
    assert first is not None
    assert panel.claim_next(QUARTER) == first
    assert count(pool, assignment) == 1
    panel.save_draft(first, {"comment": "开始"})
    second = panel.claim_next(QUARTER)
    assert second not in (None, first)
    with pool.read() as connection:
        assert connection.execute(select(func.count()).select_from(case).where(case.c.state != "drawn")).scalar_one() == 2
