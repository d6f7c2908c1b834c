"""Cases, blindness, permissions and the workflow through the service, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable

import pandas as pd
import pytest

from panel import audit
from panel.cases import open_cases, sample_of
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from panel.verdicts import agreement, final_verdicts
from records.errors import WrongUse

Acting = Callable[..., PanelService]
QUARTER = "2026Q3"


def first(panel: PanelService) -> str:
    return str(panel.my_queue()[0]["case_id"])


def test_opening_again_keeps_the_draw_and_renews_what_opens_later(opened: Store) -> None:
    before = sample_of(opened, QUARTER)
    assert before is not None
    other = {"R0": {"rxno": "R0", "after_blind": {"findings": [{"rule_id": "NEW"}], "scores": [], "reasons": []}}}
    report = open_cases(opened, QUARTER, {"capacity": 1}, before.head(1), other)
    assert (report.kept, report.cases) == (True, 6)
    pd.testing.assert_frame_equal(sample_of(opened, QUARTER), before)
    assert audit.verify(opened).faults == []


def test_two_experts_of_unlike_professions_and_none_with_a_tie(acting: Acting) -> None:
    seen: dict[str, list[str]] = {}
    for number in ("E1", "E2", "E3", "E4"):
        for row in acting("expert", number).my_queue():
            seen.setdefault(row["case_id"], []).append(number)
    assert len(seen) == 6
    profession = {"E1": "pharmacy", "E2": "medicine", "E3": "insurance", "E4": "pharmacy"}
    for case_id, experts in seen.items():
        assert len({profession[name] for name in experts}) == 2, case_id
        place = "H2" if int(case_id[-5:]) % 2 == 0 else "H1"
        assert not ("E2" in experts and place == "H1")
        assert not ("E3" in experts and place == "H2")


def test_before_the_own_verdict_nothing_tells_who_or_what_the_rules_said(acting: Acting) -> None:
    panel = acting("expert", "E1")
    case_id = first(panel)
    text = json.dumps(panel.open_case(case_id), ensure_ascii=False)
    for secret in ("SECRET", "王小明", "P123456", "D1", "fixmedins_code", "rxno", "feedetl_sn", "targeted", "MR"):
        assert secret not in text, secret
    panel.submit_verdict(case_id, VerdictInput("0"), "s1")
    after = panel.open_case(case_id)
    assert after["case"]["after_blind"]["findings"] == [{"rule_id": "SECRET"}]
    assert "王小明" not in json.dumps(after, ensure_ascii=False)


def test_a_case_goes_through_blind_dispute_and_adjudication(acting: Acting, opened: Store) -> None:
    one = acting("expert", "E1")
    case_id = first(one)
    assert one.submit_verdict(case_id, VerdictInput("0"), "a")
    assert not one.submit_verdict(case_id, VerdictInput("0"), "a")
    with pytest.raises(WrongUse, match="already"):
        one.submit_verdict(case_id, VerdictInput("2", ("2-5",)), "b")
    others = [acting("expert", number) for number in ("E2", "E3", "E4")]
    (other,) = [panel for panel in others if case_id in [row["case_id"] for row in panel.my_queue()]]
    other.submit_verdict(case_id, VerdictInput("2", ("2-5",)), "c")
    judge = acting("adjudicator", "E9")
    assert [entry["case_id"] for entry in judge.disputes()] == [case_id]
    judge.adjudicate(case_id, VerdictInput("2", ("2-5",)), "d")
    row = final_verdicts(opened, QUARTER).set_index("case_id").loc[case_id]
    assert (row.verdict_class, row.item_codes, row.closed, row.n_rows) == (2, "2-5", True, 3)
    assert agreement(opened, QUARTER).percent == 0.0
    assert acting("supervisor").progress(QUARTER)["states"]["adjudicated"] == 1
    assert audit.verify(opened).faults == []


def test_a_verdict_changes_once_with_a_reason_and_the_blind_one_stays(acting: Acting, opened: Store) -> None:
    panel = acting("expert", "E1")
    case_id = first(panel)
    panel.submit_verdict(case_id, VerdictInput("0"), "a")
    with pytest.raises(WrongUse, match="reason"):
        panel.change_verdict(case_id, VerdictInput("2", ("2-5",)), " ")
    assert panel.change_verdict(case_id, VerdictInput("2", ("2-5",)), "看到既往用药")
    again = panel.change_verdict(case_id, VerdictInput("0"), "再改")
    assert not again
    stages = [entry["stage"] for entry in panel.open_case(case_id)["my_verdicts"]]
    assert sorted(stages) == ["blind", "changed"]


def test_a_recusal_hands_the_case_on(acting: Acting) -> None:
    panel = acting("expert", "E1")
    case_id = first(panel)
    heir = panel.recuse(case_id, "与该医师相识")
    assert heir not in (None, "E1")
    assert case_id not in [row["case_id"] for row in panel.my_queue()]
    assert case_id in [row["case_id"] for row in acting("expert", heir).my_queue()]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (VerdictInput("7"), "no verdict class"),
        (VerdictInput("1", ("2-5",)), "make class 2"),
        (VerdictInput("2", ("9-9",)), "no code"),
        (VerdictInput("0", (), ("F99",)), "no code"),
        (VerdictInput("0", (), (), "5"), "needs a fund-use"),
        (VerdictInput("0", (), ("F40-3",), "500"), "exceeds"),
        (VerdictInput("0", (), ("F40-3",), "-1"), "0 or more"),
        (VerdictInput("0", (), ("F40-3",), "abc"), "no amount"),
        (VerdictInput("U", ("2-5",)), "neither codes"),
        (VerdictInput("0", comment="x" * 5000), "4000"),
    ],
)
def test_what_cannot_be_meant_is_refused(acting: Acting, given: VerdictInput, said: str) -> None:
    panel = acting("expert", "E1")
    with pytest.raises(WrongUse, match=said):
        panel.submit_verdict(first(panel), given, "x")
