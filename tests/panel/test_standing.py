"""A decision stands: late verdicts, thirds who have seen it all, fund codes that one names alone, requests before a verdict."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from panel import audit
from panel.accounts import Actor, create_account, end_account
from panel.exchange import import_verdicts
from panel.schema import case, expert
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from records.errors import WrongUse
from tests.panel.test_deciding import NUMBERS, QUARTER, Acting, dispute, final, on, state


@pytest.mark.parametrize("how", ["adjudication", "meeting"])
def test_a_late_third_overturns_nothing_that_was_decided(acting: Acting, opened: Store, how: str) -> None:
    case_id, judge = "2026Q3-00002", acting("adjudicator")
    dispute(acting, case_id)
    third = acting("expert", judge.refer_to_third(case_id))
    if how == "meeting":
        judge.hold_meeting(case_id, ["甲", "乙", "丙"], "一致认为不适宜", VerdictInput("2", ("2-5",)))
    else:
        judge.adjudicate(case_id, VerdictInput("2", ("2-5",)), "d")
    assert case_id not in [row["case_id"] for row in third.my_queue()]
    with pytest.raises(WrongUse, match="no longer taken"):
        third.submit_verdict(case_id, VerdictInput("0"), "late")
    assert acting("supervisor").notify_quarter(QUARTER) == 1
    with pytest.raises(WrongUse, match="no longer taken"):
        third.submit_verdict(case_id, VerdictInput("0"), "late")
    assert (state(opened, case_id), final(opened, case_id).verdict_class) == ("notified", 2)
    assert audit.verify(opened).faults == []


def test_a_verdict_that_is_known_may_come_again_after_the_decision(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00002"
    one, two = on(acting, case_id)
    dispute(acting, case_id)
    acting("adjudicator").adjudicate(case_id, VerdictInput("2", ("2-5",)), "d")
    assert not one.submit_verdict(case_id, VerdictInput("0"), "a")
    assert not two.submit_verdict(case_id, VerdictInput("2", ("2-5",)), "b")
    with pytest.raises(WrongUse, match="no longer taken"):
        one.submit_verdict(case_id, VerdictInput("2", ("2-5",)), "another")


def test_a_late_verdict_is_refused_by_the_state_and_not_only_by_the_release(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00002"
    late = on(acting, case_id)[0]
    with opened.engine.begin() as connection:
        connection.execute(update(case).where(case.c.case_id == case_id).values(state="notified"))
    with pytest.raises(WrongUse, match="no longer taken"):
        late.submit_verdict(case_id, VerdictInput("0"), "late")
    assert late.open_case(case_id)["my_verdicts"] == []


def test_an_overseer_s_own_number_is_no_third(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00002"
    with opened.engine.begin() as connection:
        connection.execute(update(expert).values(institution=None, former_institutions=""))
    dispute(acting, case_id)
    mine, other = [number for number in NUMBERS if number not in [panel.actor.expert_id for panel in on(acting, case_id)]]
    judge = PanelService(opened, Actor("judge", "", frozenset({"adjudicator"}), mine))
    create_account(opened, "watch", "a good password", ["supervisor"], expert_id=other)
    for number in (mine, other):
        with pytest.raises(WrongUse, match="may not be somebody who sees"):
            judge.refer_to_third(case_id, number)
    assert judge.refer_to_third(case_id) is None
    end_account(opened, "watch", "root")
    assert acting("supervisor").refer_to_third(case_id, other) == other


FUND = ("F38-2d",)


@pytest.mark.parametrize(
    ("one", "two", "expected"), [((), FUND, "disputed"), (FUND, ("F40-3",), "disputed"), (FUND, FUND, "agreed")]
)
def test_a_fund_code_that_one_names_alone_is_a_dispute(
    acting: Acting, opened: Store, one: tuple[str, ...], two: tuple[str, ...], expected: str
) -> None:
    case_id = "2026Q3-00002"
    for number, (panel, codes) in enumerate(zip(on(acting, case_id), (one, two), strict=True)):
        panel.submit_verdict(case_id, VerdictInput("2", ("2-5",), codes, "5.00" if codes else None), f"n{number}")
    assert state(opened, case_id) == expected
    assert [row["case_id"] for row in acting("adjudicator").disputes()] == ([case_id] if expected == "disputed" else [])


def test_a_third_settles_a_fund_code_and_an_import_disputes_it_too(acting: Acting, opened: Store, tmp_path: Path) -> None:
    case_id = "2026Q3-00002"
    first, second = on(acting, case_id)
    first.submit_verdict(case_id, VerdictInput("2", ("2-5",)), "a")
    second.submit_verdict(case_id, VerdictInput("2", ("2-5",), FUND, "5.00"), "b")
    third = acting("supervisor").refer_to_third(case_id)
    acting("expert", third).submit_verdict(case_id, VerdictInput("2", ("2-5",), FUND, "5.00"), "c")
    assert (state(opened, case_id), final(opened, case_id).fund_codes) == ("adjudicated", "F38-2d")
    path = tmp_path / "v.csv"
    path.write_text("rxno,expert_id,verdict_class,item_codes,fund_codes\nR0,X1,0,,F40-3\nR0,X2,0,,\n", encoding="utf-8")
    assert import_verdicts(opened, path, "test").added == 2
    assert state(opened, "2026Q3-00001") == "disputed"


def test_requests_of_others_are_hidden_until_the_own_verdict(acting: Acting, opened: Store) -> None:
    case_id = "2026Q3-00002"
    one, two = on(acting, case_id)
    one.request_record(case_id, "近三个月门诊病历")
    two.request_record(case_id, "检验单")
    wanted = lambda panel: [row["wanted"] for row in panel.record_requests(QUARTER)]  # noqa: E731
    assert (wanted(one), wanted(two)) == (["近三个月门诊病历"], ["检验单"])
    assert sorted(wanted(acting("agency_reviewer"))) == ["检验单", "近三个月门诊病历"]
    two.submit_verdict(case_id, VerdictInput("0"), "b")
    assert sorted(wanted(two)) == ["检验单", "近三个月门诊病历"]
    assert wanted(one) == ["近三个月门诊病历"]
