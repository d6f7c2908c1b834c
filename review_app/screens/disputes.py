"""Disputes side by side, and the decision: alone, by a third expert, or in a meeting."""

from __future__ import annotations

import uuid
from typing import Any

import streamlit as st

from panel.service import PanelService
from records.errors import Situation
from review_app import board_html, parts, presenting
from review_app.screens.case import body
from review_app.screens.verdict_form import changing, meant
from review_app.state import done, empty, failed, language, service, words


def show(panel: PanelService) -> None:
    """The disputed cases; the chosen one with what each expert said, and the form that decides it."""
    _ = words()
    st.title(_("Disputes"))
    cases = panel.disputes()
    if not cases:
        empty(_("Nothing here yet"), _("No case is disputed."))
        return
    by_id = {entry["case_id"]: entry for entry in cases}
    case_id = st.selectbox(_("Case ({n} disputed)").format(n=len(cases)), list(by_id))
    chosen = by_id[case_id]
    said = presenting.by_expert(chosen["verdicts"], language())
    st.html(board_html.sides(said, presenting.differences(said), _))
    opened = panel.open_case(case_id)
    left, right = st.columns([2.1, 1], gap="medium")
    with right, st.container(border=True, key="verdict"):
        st.subheader(_("Decision"))
        _decide(panel, chosen, opened)
    with left:
        body(panel, opened)
    parts.keys()


def _decide(panel: PanelService, chosen: dict[str, Any], opened: dict[str, Any]) -> None:
    _, case_id = words(), chosen["case_id"]
    changing(opened, f"{case_id}-decision")
    with st.container(key="submit"):
        st.button(_("Decide"), type="primary", shortcut="Ctrl+Enter", on_click=_adjudicate, args=(case_id,), width="stretch")
    if panel.may("refer_to_third") and not chosen["third"]:
        st.button(_("Call a third expert"), on_click=_third, args=(case_id,), width="stretch")
    if panel.may("hold_meeting"):
        with st.expander(_("Decide in a panel meeting")):
            st.text_input(_("Present (three or more, apart by commas)"), key=f"{case_id}-present")
            st.text_area(_("Minutes"), key=f"{case_id}-minutes")
            st.number_input(_("In favour (empty: all)"), min_value=1, value=None, step=1, key=f"{case_id}-in-favour")
            st.checkbox(_("Votes are equal: the chair decides"), key=f"{case_id}-casting")
            st.button(_("Record the meeting and its decision"), on_click=_meeting, args=(case_id,))
    for entry in panel.meetings(case_id):
        st.caption(f"{entry['held_at'][:16]} {entry['present']}: {entry['minutes']}")


def _adjudicate(case_id: str) -> None:
    _ = words()
    try:
        number = uuid.uuid5(uuid.NAMESPACE_OID, f"adjudication {case_id}").hex
        service().adjudicate(case_id, meant(), number)
    except Situation as situation:
        failed(situation)
        return
    done(_("Decided: {case}").format(case=case_id))


def _third(case_id: str) -> None:
    _ = words()
    try:
        name = service().refer_to_third(case_id)
    except Situation as situation:
        failed(situation)
        return
    done(_("A third expert was called: {name}").format(name=name) if name else _("Nobody in the pool can take this case."))


def _meeting(case_id: str) -> None:
    _ = words()
    present = st.session_state[f"{case_id}-present"].replace("，", ",").split(",")
    try:
        service().hold_meeting(
            case_id, present, st.session_state[f"{case_id}-minutes"], meant(),
            in_favour=st.session_state[f"{case_id}-in-favour"], casting=st.session_state[f"{case_id}-casting"],
        )  # fmt: skip
    except Situation as situation:
        failed(situation)
        return
    done(_("Decided: {case}").format(case=case_id))
