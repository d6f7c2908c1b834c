"""The quarter board: coverage, what is overdue, how far experts agree, and who has how much to do."""

from __future__ import annotations

import streamlit as st

from panel.service import PanelService
from records.errors import Situation
from review_app import board_html, presenting
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
    if panel.may("reassign"):
        _stuck(panel, name)


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
