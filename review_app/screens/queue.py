"""My queue: what waits for me, until when, and how far I am."""

from __future__ import annotations

from typing import Any

import streamlit as st

from panel.service import PanelService
from records.errors import Situation
from review_app import board_html, presenting
from review_app.state import done, empty, failed, language, service, words


def show(panel: PanelService) -> None:
    """Show the queue; a chosen case, or the next one, opens beside its form."""
    _ = words()
    st.title(_("My queue"))
    rows = panel.my_queue()
    if not rows:
        empty(_("Nothing here yet"), _("No case is assigned to you. You will find new ones here when a quarter is drawn."))
        _from_the_pool(panel)
        return
    figures = presenting.queue_figures(rows, presenting.today(), _)
    st.html(board_html.figures(figures))
    waiting = [row["case_id"] for row in rows if not row["mine_submitted"]]
    given = len(rows) - len(waiting)
    st.progress(given / len(rows), text=_("{done} of {all} cases judged").format(done=given, all=len(rows)))
    start, pick, claim = st.columns([2, 3, 2], vertical_alignment="bottom")
    with start:
        if waiting and st.button(_("Start with the next case"), type="primary", shortcut="Enter", width="stretch"):
            _open(waiting[0])
    with pick:
        picked = st.selectbox(_("Open a case"), [row["case_id"] for row in rows], index=None, placeholder=_("choose"))
        if picked:
            _open(picked)
    with claim:
        _from_the_pool(panel)
    st.html(board_html.queue(presenting.queue_rows(rows, presenting.today(), _, language()), _))


def _from_the_pool(panel: PanelService) -> None:
    _, names = words(), panel.quarters()
    if names:
        st.button(_("Take one more from the pool"), on_click=_claim, args=(names[0],), width="stretch")


def _claim(name: str) -> None:
    _ = words()
    try:
        taken = service().claim_next(name)
    except Situation as situation:
        failed(situation)
        return
    done(_("Taken: {case}").format(case=taken) if taken else _("No case of the pool fits you now."))


def _open(case_id: str) -> None:
    pages: dict[str, Any] = st.session_state["pages"]
    st.session_state["case_id"] = case_id
    st.switch_page(pages["case"])
