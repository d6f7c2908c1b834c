"""Appeals that wait for a re-review: what the institution says, what was said before, and the case anew."""

from __future__ import annotations

import uuid

import streamlit as st

from panel.service import PanelService
from records.errors import Situation
from review_app import board_html, named, parts, presenting
from review_app.screens.case import body
from review_app.screens.verdict_form import changing, meant
from review_app.state import done, empty, failed, language, service, words


def show(panel: PanelService) -> None:
    """Show the waiting appeals and the form that decides one."""
    _ = words()
    st.title(_("Re-reviews"))
    rows = panel.open_appeals()
    if not rows:
        empty(_("Nothing here yet"), _("No appeal waits for a re-review."))
        return
    by_id = {row["case_id"]: row for row in rows}
    case_id = st.selectbox(_("Case"), list(by_id))
    st.info(by_id[case_id]["text"])
    opened = panel.open_case(case_id)
    said = presenting.by_expert(opened["other_verdicts"], language())
    st.html(board_html.sides(said, presenting.differences(said), _))
    left, right = st.columns([2.1, 1], gap="medium")
    with right, st.container(border=True, key="verdict"):
        st.subheader(_("Re-review"))
        changing(opened, f"{case_id}-re_review")
        reason = st.text_input(_("Reason"), key=f"{case_id}-re_review_reason")
        st.button(_("Decide the appeal"), type="primary", disabled=not reason.strip(), on_click=_decide, args=(case_id,))
    with left:
        body(panel, opened)
    parts.keys()


def _decide(case_id: str) -> None:
    _ = words()
    number = uuid.uuid5(uuid.NAMESPACE_OID, f"re-review {case_id}").hex
    try:
        state = service().re_review(case_id, meant(), st.session_state[f"{case_id}-re_review_reason"], number)
    except Situation as situation:
        failed(situation)
        return
    done(_("Decided: {case}").format(case=case_id) + f" · {named.word('appeal', state, language())}")
