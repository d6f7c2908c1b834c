"""Disputes side by side, and the decision."""

from __future__ import annotations

import uuid

import pandas as pd
import streamlit as st

from panel.verdict_input import VerdictInput
from records.errors import Situation
from review_app.screens.case import after_blind, prescription, timeline
from review_app.screens.verdict_form import _fields, _input
from review_app.state import service, words


def show() -> None:
    """The disputed cases; the chosen one with what each expert said, and the form that decides it."""
    _, panel = words(), service()
    st.title(_("Disputes"))
    cases = panel.disputes()
    if not cases:
        st.info(_("No case is disputed."))
        return
    case_id = st.selectbox(_("Case"), [entry["case_id"] for entry in cases])
    said = next(entry["verdicts"] for entry in cases if entry["case_id"] == case_id)
    names = ("expert_id", "verdict_class", "item_codes", "fund_codes", "loss_amt", "comment")
    frame = pd.DataFrame([{name: entry[name] for name in names} for entry in said])
    differs = [name for name in names[1:] if frame[name].nunique(dropna=False) > 1]
    st.dataframe(frame, hide_index=True)
    st.caption(_("They differ in: {what}").format(what="、".join(differs)))
    opened = panel.open_case(case_id)
    left, right = st.columns([3, 2], gap="large")
    with left:
        prescription(opened)
        timeline(opened["case"])
        after_blind(opened["case"])
    with right, st.container(border=True):
        _fields(case_id, lambda: None)
        if st.button(_("Decide"), type="primary"):
            given: VerdictInput = _input(case_id)
            try:
                panel.adjudicate(case_id, given, uuid.uuid5(uuid.NAMESPACE_OID, f"adjudication {case_id}").hex)
            except Situation as situation:
                st.error(str(situation))
                return
            st.rerun()
