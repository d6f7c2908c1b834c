"""A case: the prescription as doctors know it, the person's year, and the verdict beside it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from panel.service import PanelService
from review_app import case_html
from review_app.screens import attachments, verdict_form
from review_app.state import empty, language, words


def show(panel: PanelService) -> None:
    """Show the chosen case, or the next one that waits."""
    _ = words()
    case_id = st.session_state.get("case_id") or st.query_params.get("case") or panel.take_next()
    if case_id is None:
        st.title(_("Case"))
        empty(_("Done"), _("Every case assigned to you is judged. Thank you."))
        return
    st.session_state["case_id"] = case_id
    if st.query_params.get("case") != case_id:
        # In the address, so that a reload keeps it; the number of a case tells nothing about anybody.
        st.query_params["case"] = case_id
    opened = panel.open_case(case_id)
    left, right = st.columns([2.1, 1], gap="medium")
    # The form first: it is what the expert waits for.
    with right, st.container(border=True, key="verdict"):
        verdict_form.show(panel, opened)
    with left:
        body(panel, opened)


def body(panel: PanelService, opened: dict[str, Any]) -> None:
    """The case itself, and what opens after the verdict."""
    _, told = words(), language()
    st.html(case_html.prescription(opened, _, told) + case_html.timeline(opened["case"], _, told))
    if not opened["blind"]:
        st.html(case_html.opened_part(opened, _, told))
    attachments.show(panel, opened)
