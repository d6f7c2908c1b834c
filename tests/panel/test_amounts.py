"""An amount that differs from the one a rule proposes for its line needs a reason, whoever states it once it can be seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from panel.schema import case, verdict
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import LineInput, VerdictInput, amount_of
from records.errors import WrongUse

Acting = Callable[..., PanelService]
CASE = "2026Q3-00001"
FUND = ("F38-2d",)


@pytest.fixture
def disputed(acting: Acting, opened: Store) -> list[PanelService]:
    """A case whose rule proposes 12.50 yuan for its line and on which two experts differ; the two."""
    with opened.engine.begin() as connection:
        row = connection.execute(select(case).where(case.c.case_id == CASE)).one()
        text = row.after_blind.replace('"rule_id":"SECRET"', f'"feedetl_sn":"F{row.rxno}","vola_amt":"12.50"')
        connection.execute(update(case).where(case.c.case_id == CASE).values(after_blind=text))
    panels = [acting("expert", number) for number in ("E1", "E2", "E3", "E4")]
    on = [panel for panel in panels if CASE in [row["case_id"] for row in panel.my_queue()]]
    # Blind nobody knows what the rule proposes: no reason is asked.
    on[0].submit_verdict(CASE, VerdictInput("0"), "a")
    on[1].submit_verdict(CASE, VerdictInput("2", lines=(LineInput(1, ("2-5",), FUND, "10.00"),)), "b")
    return on


def corrected(amount: str | None, reason: str = "", codes: tuple[str, ...] = FUND) -> VerdictInput:
    return VerdictInput("2", lines=(LineInput(1, ("2-5",), codes, amount, reason),))


#: What is stated of the line, and whether it needs a reason.
STATED = [
    (corrected("10.00"), True),
    (corrected("0"), True),
    (corrected(None), True),
    (corrected("10.00", "  "), True),
    (corrected("10.00", "三日量合理"), False),
    (corrected(None, "金额另案追回"), False),
    (corrected("12.5"), False),
    (corrected(None, codes=()), False),
]
STEPS: dict[str, Callable[[Acting, list[PanelService], VerdictInput], Any]] = {
    "change": lambda act, on, given: on[0].change_verdict(CASE, given, "看到规则"),
    "adjudicate": lambda act, on, given: act("adjudicator").adjudicate(CASE, given, "d"),
    "meeting": lambda act, on, given: act("adjudicator").hold_meeting(CASE, ["甲", "乙", "丙"], "纪要", given),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("given", "needed"), STATED)
def test_an_amount_beside_the_rule_s_needs_its_reason(
    acting: Acting, opened: Store, disputed: list[PanelService], step: str, given: VerdictInput, needed: bool
) -> None:
    before = _rows(opened)
    if needed:
        with pytest.raises(WrongUse, match=r"line 1 differs from 12\.50"):
            STEPS[step](acting, disputed, given)
        assert _rows(opened) == before
    else:
        assert STEPS[step](acting, disputed, given)
        assert _rows(opened) > before


def test_a_correction_and_a_re_review_need_it_too(acting: Acting, opened: Store, disputed: list[PanelService]) -> None:
    judge = acting("adjudicator")
    judge.adjudicate(CASE, corrected("12.50"), "d")
    with pytest.raises(WrongUse, match="line 1 differs"):
        judge.correct_decision(CASE, corrected(None), "改")
    acting("supervisor").notify_quarter("2026Q3")
    acting("agency_reviewer").record_appeal(CASE, "异议")
    other = acting("adjudicator", "X")
    with pytest.raises(WrongUse, match="line 1 differs"):
        other.re_review(CASE, corrected("1.00"), "复核", "r")
    assert other.re_review(CASE, corrected("1.00", "扣除已退"), "复核", "r") == "accepted"


def _rows(store: Store) -> int:
    with store.read() as connection:
        return len(connection.execute(select(verdict.c.verdict_id)).all())


@pytest.mark.parametrize("text", ["9" * 200, "1e30", "-1", "0.001", "nan", "1,5"])
def test_no_text_that_is_no_amount_gets_further(text: str) -> None:
    with pytest.raises(WrongUse, match="is no amount"):
        amount_of(text)
