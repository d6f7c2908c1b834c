"""The quarter board: coverage, what is overdue, how far experts agree, and who has how much to do."""

from __future__ import annotations

import streamlit as st

from panel.service import PanelService
from records.errors import Situation
from review_app import board_html, presenting
from review_app.screens import behind
from review_app.state import done, empty, failed, language, quarter_of, service, words


def show(panel: PanelService) -> None:
    """Show the board of a quarter."""
    _ = words()
    st.title(_("Quarter board"))
    name = quarter_of(panel, "board_quarter")
    if name is None:
        return
    found = panel.progress(name)
    st.html(board_html.figures(presenting.progress_figures(found, _)))
    st.html(board_html.states(presenting.state_rows(found, language()), _))
    rows = presenting.load_rows(found)
    st.subheader(_("Work by expert"))
    if rows:
        st.html(board_html.load(rows, [presenting.profession_text(row["profession"], _) for row in rows], _))
    else:
        empty(_("Nobody here yet"), _("No expert is in the pool: import experts, and waiting cases are assigned to them."))
    behind.show(panel)
    if panel.may("reassign"):
        _stuck(panel, name)
        _reassign()


def _stuck(panel: PanelService, name: str) -> None:
    _ = words()
    waiting = panel.waiting_for_experts(name)
    st.subheader(_("Without enough experts"))
    st.caption(_("{n} cases have fewer experts than they need, for want of somebody who may.").format(n=len(waiting)))
    st.button(_("Let go of cases that were taken and not judged in time"), on_click=_let_go)


def _let_go() -> None:
    _ = words()
    try:
        done(_("{n} cases were let go.").format(n=service().let_go_overdue()))
    except Situation as situation:
        failed(situation)


def _reassign() -> None:
    _ = words()
    with st.expander(_("Give a waiting case to another expert")):
        left, right = st.columns(2)
        case_id = left.text_input(_("Case"), key="reassign_case", placeholder="2026Q3-00001").strip()
        reason = right.text_input(_("Reason"), key="reassign_reason")
        before = left.text_input(_("From (expert number)"), key="reassign_from").strip()
        right.text_input(_("To (expert number; empty = whom the rule chooses)"), key="reassign_to")
        st.button(_("Reassign"), key="reassign", on_click=_hand_on, disabled=not (case_id and before and reason.strip()))


def _hand_on() -> None:
    _, state = words(), st.session_state
    to = state["reassign_to"].strip() or None
    try:
        heir = service().reassign(state["reassign_case"].strip(), state["reassign_from"].strip(), to, state["reassign_reason"])
    except Situation as situation:
        failed(situation)
        return
    done(_("Reassigned to {name}.").format(name=heir) if heir else _("Nobody in the pool can take this case."))
