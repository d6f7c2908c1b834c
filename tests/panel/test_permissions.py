"""Every role against every permission, every state against every transition: both tables generated from the data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from panel import audit
from panel.diagram import PAGE, page
from panel.schema import case
from panel.schema_leads import lead
from panel.service import PanelService
from panel.store import Store
from panel.tables import check_transition, permissions, roles, states, transitions
from panel.verdict_input import VerdictInput
from records.errors import NotFound, NotPermitted, WrongUse

Acting = Callable[..., PanelService]
QUARTER = "2026Q3"
ZERO = VerdictInput("0")

#: What a permission lets one do; the names are those of the table, so that none is forgotten.
CALLS: dict[str, list[Callable[[PanelService, str], Any]]] = {
    "see_queue": [lambda p, _: p.my_queue(), lambda p, c: p.beside(c)],
    "take_case": [lambda p, _: p.claim_next(QUARTER)],
    "open_case": [lambda p, c: p.open_case(c), lambda p, _: p.record_requests()],
    "give_verdict": [
        lambda p, c: p.submit_verdict(c, ZERO, f"p-{p.actor.account}"),
        lambda p, c: p.save_draft(c, {"comment": "x"}),
        lambda p, c: p.amend_draft(c, {"comment": "x"}),
        lambda p, c: p.change_verdict(c, ZERO, "x"),
    ],
    "recuse": [lambda p, c: p.recuse(c, "x")],
    "request_record": [lambda p, c: p.request_record(c, "x")],
    "answer_record": [lambda p, _: p.answer_record("x", "supplied", "x")],
    "attach": [lambda p, c: p.attach(c, "a.png", b"no image")],
    "see_attachment": [lambda p, c: p.attachments(c), lambda p, _: p.attachment("x")],
    "see_disputes": [lambda p, _: p.disputes(), lambda p, c: p.meetings(c)],
    "refer_to_third": [lambda p, c: p.refer_to_third(c)],
    "adjudicate": [
        lambda p, c: p.adjudicate(c, ZERO, "q"),
        lambda p, c: p.correct_decision(c, ZERO, "x"),
        lambda p, _: p.decided(QUARTER),
    ],
    "hold_meeting": [lambda p, c: p.hold_meeting(c, ["a", "b", "c"], "x", ZERO)],
    "set_gold": [lambda p, c: p.set_gold(c, ZERO, "x"), lambda p, c: p.gold_answer(c)],
    "notify": [lambda p, _: p.notify_quarter(QUARTER)],
    "record_appeal": [lambda p, c: p.record_appeal(c, "x")],
    "re_review": [lambda p, c: p.re_review(c, ZERO, "x", "r"), lambda p, _: p.open_appeals()],
    "close_case": [lambda p, _: p.close_cases(QUARTER)],
    "see_names": [lambda p, _: p.require("see_names")],
    "unmask_diagnosis": [lambda p, c: p.unmask_diagnoses(c, "x")],
    "unmask_identity": [lambda p, c: p.unmask_identity(c, "x"), lambda p, _: p.unmask_lead("x", "x")],
    "see_leads": [
        lambda p, _: p.leads(),
        lambda p, _: p.lead_notes("x"),
        lambda p, _: p.lead_picture("x", None),
        lambda p, _: p.clue_texts("x"),
    ],
    "receive_clue": [lambda p, _: p.receive_clue(QUARTER, ("person", f"P-{p.actor.account}"), "x")],
    "assign_lead": [lambda p, _: p.assign_lead("x", ["a", "b"]), lambda p, _: p.extend_lead("x", "x")],
    "check_lead": [lambda p, _: p.report_lead("x", "x")],
    "decide_lead": [
        lambda p, _: p.decide_lead("x", "cleared", "x"),
        lambda p, _: p.conclude_lead("x", True, "x"),
        lambda p, _: p.close_lead("x", "x"),
    ],
    "open_reporter": [lambda p, _: p.reporter_of("x", "x")],
    "see_progress": [
        lambda p, _: p.progress(QUARTER),
        lambda p, _: p.verdict_counts(QUARTER),
        lambda p, _: p.quarter_design(QUARTER),
        lambda p, _: p.appeals(QUARTER),
    ],
    "see_reliability": [
        lambda p, _: p.agreement_report(),
        lambda p, _: p.blind_versus_later(),
        lambda p, _: p.calibration(),
        lambda p, _: p.drift(),
    ],
    "see_models": [lambda p, _: p.of_models(dict)],
    "see_log": [lambda p, _: p.audit_log(), lambda p, _: p.verify_log()],
    "export": [
        lambda p, _: p.export_cases("2020Q1", Path("none.csv"), "x"),
        lambda p, _: p.export_leads("2020Q1", Path("none.csv"), "x"),
        lambda p, _: p.mark_for("x", QUARTER),
        lambda p, _: p.exported("file exported", QUARTER, Path(__file__), "x"),
    ],
    "manage_pool": [
        lambda p, _: p.pool(),
        lambda p, _: p.set_absence("E4", "2020-01-01", "2020-01-02", "x"),
        lambda p, _: p.withdraw_expert("E4", "x"),
        lambda p, _: p.import_pool(b"expert_id,name,profession\n"),
        lambda p, _: p.add_expert({"expert_id": "E5", "name": "x", "profession": "medicine"}),
        lambda p, _: p.absences(),
        lambda p, _: p.calendar(),
        lambda p, _: p.keep_days({}),
    ],
    "reassign": [
        lambda p, c: p.reassign(c, "E1", None, "x"),
        lambda p, _: p.let_go_overdue(),
        lambda p, _: p.waiting_for_experts(QUARTER),
    ],
    "manage_accounts": [
        lambda p, _: p.accounts(),
        lambda p, _: p.add_account("new", "a good password", ["expert"]),
        lambda p, _: p.unlock_account("new"),
        lambda p, _: p.end_account("new"),
    ],
    "see_quarters": [lambda p, _: p.quarters()],
}


def test_the_table_of_calls_names_every_permission_and_every_service_function() -> None:
    assert set(CALLS) == set(permissions())
    called = {name for calls in CALLS.values() for call in calls for name in call.__code__.co_names}
    public = {name for name in dir(PanelService) if not name.startswith("_") and callable(getattr(PanelService, name))}
    assert public - called == {"may", "works_on", "take_next"}
    assert {role for who in permissions().values() for role in who} == set(roles())


def refusal(call: Callable[[PanelService, str], Any], panel: PanelService, case_id: str) -> str:
    try:
        call(panel, case_id)
    except (WrongUse, NotFound, NotPermitted) as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("role", list(roles()))
def test_every_role_against_every_permission(acting: Acting, opened: Store, role: str) -> None:
    case_id = str(acting("expert", "E1").my_queue()[0]["case_id"])
    for what, calls in CALLS.items():
        panel = acting(role, "E1" if role == "expert" else None)
        for call in calls:
            if role in permissions()[what]:
                # Allowed by role; the state of this case may still say no, in another sentence.
                assert "Your role does not allow" not in refusal(call, panel, case_id), what
            else:
                with pytest.raises(NotPermitted, match="Your role does not allow"):
                    call(panel, case_id)
                newest = acting("auditor").audit_log(limit=1)[0]
                assert (newest["action"], newest["subject"], newest["actor"]) == ("refused", what, panel.actor.account)
    assert audit.verify(opened).faults == []


def test_what_is_refused_by_the_case_is_logged_too_and_leaves_nothing(acting: Acting, opened: Store) -> None:
    case_id = str(acting("expert", "E1").my_queue()[0]["case_id"])
    others = [acting("expert", number) for number in ("E2", "E3", "E4")]
    panel = next(p for p in others if case_id not in [row["case_id"] for row in p.my_queue()])
    for step in (
        lambda: panel.open_case(case_id),
        lambda: panel.submit_verdict(case_id, ZERO, "x"),
        lambda: panel.save_draft(case_id, {}),
        lambda: panel.recuse(case_id, "x"),
        lambda: panel.unmask_diagnoses(case_id, "x"),
        lambda: panel.request_record(case_id, "x"),
        lambda: acting("expert").my_queue(),
    ):
        before = len(acting("auditor").audit_log(limit=1000))
        with pytest.raises(NotPermitted):
            step()
        found = acting("auditor").audit_log(limit=1000)
        assert len(found) == before + 1
        assert found[0]["action"] == "refused"
    assert audit.verify(opened).faults == []


def test_nobody_does_anything_before_a_given_password_is_changed(acting: Acting) -> None:
    from dataclasses import replace

    for role in roles():
        panel = acting(role)
        panel.actor = replace(panel.actor, must_change=True)
        for calls in CALLS.values():
            for call in calls:
                with pytest.raises(NotPermitted):
                    call(panel, "x")


@pytest.mark.parametrize("of", ["case", "lead"])
def test_every_state_against_every_transition_and_every_role(of: str) -> None:
    for before in states(of):
        for after in states(of):
            found = transitions(of).get((before, after))
            for role in (*roles(), "system"):
                if found is None:
                    with pytest.raises(WrongUse):
                        check_transition(before, after, {role}, of)
                elif role in found.by:
                    check_transition(before, after, {role}, of)
                else:
                    with pytest.raises(NotPermitted):
                        check_transition(before, after, {role}, of)
    assert all(before != after for before, after in transitions(of))
    assert {state for pair in transitions(of) for state in pair} == set(states(of))
    assert all(set(found.by) <= {*roles(), "system"} for found in transitions(of).values())


#: Steps that set out for one state, and the states they may start from.
STEPS: dict[str, tuple[Callable[[PanelService, str], Any], set[str]]] = {
    "adjudicate": (lambda p, c: p.adjudicate(c, ZERO, "q"), {"disputed", "awaiting_second", "agreed"}),
    "meeting": (lambda p, c: p.hold_meeting(c, ["a", "b", "c"], "x", ZERO), {"disputed", "adjudicated"}),
    "third": (lambda p, c: p.refer_to_third(c), {"disputed"}),
    "appeal": (lambda p, c: p.record_appeal(c, "x"), {"notified"}),
    "re_review": (lambda p, c: p.re_review(c, ZERO, "x", "r"), {"appealed"}),
}


@pytest.mark.parametrize("state", list(states()))
def test_a_step_starts_from_its_states_only(acting: Acting, opened: Store, state: str) -> None:
    roles_of = {"adjudicate": "adjudicator", "meeting": "adjudicator", "third": "supervisor", "appeal": "agency_reviewer",
                "re_review": "adjudicator"}  # fmt: skip
    case_id = str(acting("expert", "E1").my_queue()[0]["case_id"])
    for name, (step, begins) in STEPS.items():
        with opened.engine.begin() as connection:
            connection.execute(update(case).where(case.c.case_id == case_id).values(state=state))
        panel = acting(roles_of[name])
        if state not in begins:
            with pytest.raises((WrongUse, NotPermitted)):
                step(panel, case_id)
            with opened.read() as connection:
                assert connection.execute(select(case.c.state).where(case.c.case_id == case_id)).scalar_one() == state


@pytest.mark.parametrize("state", list(states("lead")))
def test_a_step_of_a_lead_starts_from_its_states_only(acting: Acting, opened: Store, state: str) -> None:
    lead_id = acting("investigator").receive_clue(QUARTER, ("person", "P1"), "多人同时段刷卡")
    steps: list[tuple[str, Callable[[PanelService], Any], set[str]]] = [
        ("cleared", lambda p: p.decide_lead(lead_id, "cleared", "x"), {"checked", "transferred"}),
        ("handled", lambda p: p.decide_lead(lead_id, "handled", "x"), {"checked", "transferred"}),
        ("transferred", lambda p: p.decide_lead(lead_id, "transferred", "x", addressee="police"), {"checked"}),
        ("established", lambda p: p.conclude_lead(lead_id, True, "x"), {"transferred"}),
        ("closed", lambda p: p.close_lead(lead_id, "x"), {"cleared", "handled", "established"}),
    ]
    for after, step, begins in steps:
        with opened.engine.begin() as connection:
            connection.execute(update(lead).where(lead.c.lead_id == lead_id).values(state=state))
        if state in begins:
            step(acting("supervisor"))
        else:
            with pytest.raises((WrongUse, NotPermitted)):
                step(acting("supervisor"))
        with opened.read() as connection:
            now = connection.execute(select(lead.c.state).where(lead.c.lead_id == lead_id)).scalar_one()
        assert now == (after if state in begins else state)


def test_the_page_of_the_workflow_is_the_data_s() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()
