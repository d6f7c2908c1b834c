"""Decided cases: the own decision corrected before the institution knows it, and cases with a known answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from panel.service import PanelService
from panel.verdict_input import VerdictInput
from records.errors import Situation
from review_app import board_html, parts, presenting
from review_app.screens.case import body
from review_app.screens.verdict_form import changing, meant
from review_app.state import done, empty, failed, language, quarter_of, service, words


def show(panel: PanelService) -> None:
    """The decided cases of a quarter; the chosen one with what was said, and the form for what is right."""
    _ = words()
    st.title(_("Decided cases"))
    name = quarter_of(panel, "decided_quarter")
    if name is None:
        return
    rows = {row["case_id"]: row for row in panel.decided(name)}
    if not rows:
        empty(_("Nothing here yet"), _("No case of this quarter is decided yet."))
        return
    labels = presenting.decided_labels(list(rows.values()), _, language())
    case_id = st.selectbox(_("Case"), list(rows), format_func=labels.__getitem__, key="decided_case")
    opened = panel.open_case(case_id)
    said = presenting.by_expert([*opened["my_verdicts"], *opened["other_verdicts"]], language())
    st.html(board_html.sides(said, presenting.differences(said), _))
    left, right = st.columns([2.1, 1], gap="medium")
    with right, st.container(border=True, key="verdict"):
        _settle(panel, rows[case_id], opened)
    with left:
        body(panel, opened)
    parts.keys()


def _settle(panel: PanelService, row: dict[str, Any], opened: dict[str, Any]) -> None:
    _, case_id = words(), row["case_id"]
    st.subheader(_("What is right"))
    if row["gold"]:
        answer = panel.gold_answer(case_id)
        st.info(_("Known answer: {answer}").format(answer=presenting.known_answer(answer, language())))
    changing(opened, f"{case_id}-decided")
    reason = st.text_input(_("Reason"), key=f"{case_id}-decided_reason")
    if row["mine"]:
        st.button(_("Correct my decision"), type="primary", disabled=not reason.strip(), width="stretch",
                  key=f"{case_id}-correct", on_click=_keep, args=(case_id, "correct_decision"))  # fmt: skip
    if panel.may("set_gold"):
        st.button(_("Keep as a known answer"), disabled=not reason.strip(), width="stretch", key=f"{case_id}-gold",
                  on_click=_keep, args=(case_id, "set_gold"))  # fmt: skip
        st.caption(_("In later quarters the case comes again, unknown to the experts, to measure how they judge."))


def _keep(case_id: str, action: str) -> None:
    _ = words()
    try:
        step: Callable[[str, VerdictInput, str], Any] = getattr(service(), action)
        step(case_id, meant(), st.session_state[f"{case_id}-decided_reason"])
    except Situation as situation:
        failed(situation)
        return
    done(_("Kept."))
