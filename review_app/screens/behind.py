"""Who stands behind a case: opened by number, with a reason, logged."""

from __future__ import annotations

import streamlit as st

from panel.service import PanelService
from records.errors import Situation
from review_app import presenting
from review_app.markup import pairs
from review_app.presenters import one_of
from review_app.state import language, service, words


def show(panel: PanelService) -> None:
    """The fields to ask with, folded; nothing for those whose role does not need it."""
    if not panel.may("unmask_identity"):
        return
    _ = words()
    with st.expander(_("Who stands behind a case")):
        case_id = st.text_input(_("Case"), key="behind_case", placeholder="2026Q3-00001").strip()
        reason = st.text_input(_("Why it is needed"), key="behind_reason")
        if st.button(_("Show (is logged)"), key="behind_show", disabled=not (case_id and reason.strip())):
            try:
                found = service().unmask_identity(case_id, reason)
            except Situation as situation:
                st.error(one_of(str(situation), language()))
                return
            st.html(pairs(presenting.identity_pairs(found, _), 2))
