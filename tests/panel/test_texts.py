"""Texts that a database cannot keep are refused with a sentence, on both databases alike, and leave nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update

from panel import audit
from panel.accounts import create_account, sign_in
from panel.exchange import import_verdicts
from panel.leads import open_leads
from panel.schema import case
from panel.service import PanelService
from panel.store import Store
from panel.verdict_input import VerdictInput
from records.errors import NotFound, Situation, WrongUse

Acting = Callable[..., PanelService]
QUARTER = "2026Q3"
LEAD = "2026Q3-L00001"
ZERO = VerdictInput("0")

#: Steps that keep a text, or look one up, by role; each is given a text that no database keeps, or a far too long one.
STEPS: list[tuple[str, Callable[[PanelService, str, str], Any]]] = [
    ("supervisor", lambda p, _, t: p.leads(t)),
    ("supervisor", lambda p, _, t: p.lead_notes(t)),
    ("supervisor", lambda p, _, t: p.assign_lead(LEAD, ["ann", t])),
    ("supervisor", lambda p, _, t: p.extend_lead(LEAD, t)),
    ("supervisor", lambda p, _, t: p.unmask_lead(LEAD, t)),
    ("supervisor", lambda p, _, t: p.reporter_of(t, "x")),
    ("supervisor", lambda p, c, t: p.unmask_identity(c, t)),
    ("supervisor", lambda p, _, t: p.unmask_identity(t, "x")),
    ("supervisor", lambda p, c, t: p.reassign(c, t, None, "x")),
    ("supervisor", lambda p, c, t: p.reassign(c, "E1", t, "x")),
    ("supervisor", lambda p, c, t: p.reassign(c, "E1", None, t)),
    ("investigator", lambda p, _, t: p.receive_clue(QUARTER, ("person", "P1"), t)),
    ("investigator", lambda p, _, t: p.receive_clue(QUARTER, ("person", t), "x")),
    ("investigator", lambda p, _, t: p.receive_clue(QUARTER, ("person", "P1"), "x", reporter_is=t)),
    ("agency_reviewer", lambda p, c, t: p.record_appeal(c, t)),
    ("agency_reviewer", lambda p, _, t: p.answer_record(t, "supplied", "x")),
    ("adjudicator", lambda p, c, t: p.set_gold(c, ZERO, t)),
    ("adjudicator", lambda p, c, t: p.correct_decision(c, ZERO, t)),
    ("adjudicator", lambda p, c, t: p.request_record(c, t)),
    ("administrator", lambda p, _, t: p.add_account(t, "a good password", ["auditor"])),
    ("administrator", lambda p, _, t: p.add_account("new", "a good password", ["auditor"], person=t)),
    ("administrator", lambda p, _, t: p.add_account("new", "a good password", ["expert"], expert_id=t)),
    ("administrator", lambda p, _, t: p.set_absence(t, "2026-01-01", "2026-01-02", "x")),
    ("administrator", lambda p, _, t: p.set_absence("E1", "2026-01-01", "2026-01-02", t)),
    ("administrator", lambda p, _, t: p.withdraw_expert(t, "x")),
    ("administrator", lambda p, _, t: p.unlock_account(t)),
    ("expert", lambda p, c, t: p.submit_verdict(c, VerdictInput("0", comment=t), "s")),
    ("expert", lambda p, c, t: p.recuse(c, t)),
    ("expert", lambda p, _, t: p.claim_next(t)),
]


@pytest.mark.parametrize("text", ["a\0b", "长" * 5000], ids=["nul", "long"])
def test_a_text_that_cannot_be_kept_is_one_sentence_at_every_step(acting: Acting, opened: Store, text: str) -> None:
    import pandas as pd

    open_leads(opened, QUARTER, pd.DataFrame({"subject_type": ["person"], "subject_code": ["P1"], "source": ["{}"]}))
    create_account(opened, "ann", "a good password", ["investigator"])
    case_id = str(acting("expert", "E1").my_queue()[0]["case_id"])
    for number, (role, step) in enumerate(STEPS):
        panel = acting(role, "E1" if role == "expert" else None)
        before = counted(opened)
        said = refusal(step, panel, case_id, text)
        # Nothing of the database's own words. Looking for a name that is too long to be there may find nothing in silence.
        assert "sql" not in said.lower(), number
        assert said or text != "a\0b", number
        assert counted(opened) == before, number
    assert audit.verify(opened).faults == []


def refusal(step: Callable[[PanelService, str, str], Any], panel: PanelService, case_id: str, text: str) -> str:
    try:
        step(panel, case_id, text)
    except Situation as refused:
        return str(refused)
    return ""


def counted(store: Store) -> list[int]:
    """Rows of the tables that people's texts are kept in."""
    from panel.schema import account, assignment, expert, verdict
    from panel.schema_leads import clue, lead_note, reporter
    from panel.schema_work import absence, appeal, record_request

    tables = (account, expert, verdict, clue, lead_note, reporter, absence, appeal, record_request)
    with store.read() as connection:
        moved = select(func.count()).select_from(assignment).where(assignment.c.state.not_in(("open",)))
        return [*(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables),
                connection.execute(moved).scalar_one()]  # fmt: skip


def test_a_late_objection_s_reason_is_a_text_like_others(acting: Acting, opened: Store) -> None:
    case_id = str(acting("expert", "E1").my_queue()[0]["case_id"])
    with opened.engine.begin() as connection:
        connection.execute(update(case).where(case.c.case_id == case_id).values(state="notified"))
    for text, said in (("长" * 5000, "At most 4000"), ("a\0b", "cannot be kept")):
        with pytest.raises(WrongUse, match=said):
            acting("agency_reviewer").record_appeal(case_id, "x", text)


def test_a_name_at_the_sign_in_that_cannot_be_kept_is_refused_like_others(store: Store) -> None:
    with pytest.raises(Situation):
        sign_in(store, "a\0b", "x" * 20)


def test_an_imported_text_too_long_for_its_column_is_refused_on_both_databases(opened: Store, tmp_path: Any) -> None:
    (tmp_path / "v.csv").write_text(f"rxno,expert_id,verdict_class\nR0,{'X' * 61},0\n", encoding="utf-8")
    report = import_verdicts(opened, tmp_path / "v.csv", "test")
    assert report.added == 0
    assert "at most 60 characters" in report.rejected[0][2]
    with opened.read() as connection:
        assert connection.execute(select(func.count()).select_from(case)).scalar_one() == 6
    with pytest.raises(NotFound):
        import_verdicts(opened, tmp_path / "none.csv", "test")
