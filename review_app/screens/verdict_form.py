"""The verdict: by mouse or by keyboard, kept as a draft with every change, submitted once."""

from __future__ import annotations

import uuid
from typing import Any

import streamlit as st

from panel.service import PanelService
from panel.tables import class_of, fund_codes, item_codes
from panel.verdict_input import VerdictInput
from records.errors import Situation
from review_app.state import both, words

_CLASS_WORDS = {
    "0": ("0 合理", "0 reasonable"),
    "1": ("1 不规范", "1 non-standard"),
    "2": ("2 用药不适宜", "2 inappropriate"),
    "3": ("3 超常", "3 abnormal"),
    "U": ("无法判断", "cannot be judged"),
}
_FIELDS = ("verdict_class", "item_codes", "fund_codes", "loss_amt", "record_seen", "comment")


def _key(case_id: str, name: str) -> str:
    return f"{case_id}:{name}"


def show(panel: PanelService, opened: dict[str, Any]) -> None:
    """The form of a case that waits, else what was given, with one change allowed."""
    _ = words()
    with st.container(border=True):
        st.subheader(_("My verdict"))
        if opened["may_submit"]:
            _form(panel, opened)
        else:
            _given(panel, opened)
        _next(panel, opened)


def _restore(opened: dict[str, Any]) -> None:
    """Fill the fields from the draft the first time the case is shown in this session."""
    case_id = opened["case_id"]
    if st.session_state.get("restored") == case_id:
        return
    draft = opened["draft"] or {}
    for name in _FIELDS:
        key = _key(case_id, name)
        if name in draft and key not in st.session_state:
            st.session_state[key] = draft[name]
    st.session_state["restored"] = case_id


def _content(case_id: str) -> dict[str, Any]:
    return {name: st.session_state.get(_key(case_id, name)) for name in _FIELDS}


def _form(panel: PanelService, opened: dict[str, Any]) -> None:
    _, case_id = words(), opened["case_id"]
    _restore(opened)

    def keep() -> None:
        panel.save_draft(case_id, _content(case_id))

    if st.button(_("Reasonable: submit and next (key 0)"), shortcut="0", type="primary", width="stretch"):
        _submit(panel, opened, VerdictInput("0"), forward=True)
    st.caption(_("or record what is wrong:"))
    _fields(case_id, keep)
    if st.button(_("Submit (Ctrl+Enter)"), shortcut="Ctrl+Enter", width="stretch"):
        _submit(panel, opened, _input(case_id), forward=False)
    with st.expander(_("Recuse")):
        reason = st.text_input(_("Reason"), key=_key(case_id, "recusal"))
        if st.button(_("Step back from this case")):
            _recuse(panel, case_id, reason)
    with st.expander("?"):
        st.markdown(_("0 = reasonable, submit and go on · Ctrl+Enter = submit · N = next case · Tab moves on"))


def _fields(case_id: str, keep: Any) -> None:
    _ = words()
    items, funds = item_codes(), fund_codes()
    st.radio(_("Class"), list(_CLASS_WORDS), format_func=lambda c: both(*_CLASS_WORDS[c]), index=None,
             key=_key(case_id, "verdict_class"), on_change=keep, horizontal=True)  # fmt: skip
    st.multiselect(_("Review item codes (the class is the worst of them)"), list(items),
                   format_func=lambda c: f"{c} {both(*items[c])}", key=_key(case_id, "item_codes"), on_change=keep,
                   placeholder=_("choose"))  # fmt: skip
    st.multiselect(_("Fund-use codes (an opinion, not a finding)"), list(funds),
                   format_func=lambda c: f"{c} {both(*funds[c])}", key=_key(case_id, "fund_codes"), on_change=keep,
                   placeholder=_("choose"))  # fmt: skip
    st.text_input(_("Fund loss in yuan (with a fund-use code only)"), key=_key(case_id, "loss_amt"), on_change=keep)
    st.checkbox(_("I saw the medical record"), key=_key(case_id, "record_seen"), on_change=keep)
    st.text_area(_("Comment"), key=_key(case_id, "comment"), on_change=keep)


def _input(case_id: str) -> VerdictInput:
    content = _content(case_id)
    items = tuple(sorted(content["item_codes"] or ()))
    # Item codes settle the class, so that nobody has to say it twice.
    chosen = str(class_of(list(items))) if items else content["verdict_class"]
    return VerdictInput(
        verdict_class=str(chosen or ""),
        item_codes=items,
        fund_codes=tuple(sorted(content["fund_codes"] or ())),
        loss_amt=content["loss_amt"] or None,
        record_seen=bool(content["record_seen"]),
        comment=content["comment"] or "",
    )


def _submission(case_id: str) -> str:
    """One number a case and session: a double click or a repeated request counts once."""
    key = _key(case_id, "submission")
    if key not in st.session_state:
        st.session_state[key] = uuid.uuid4().hex
    return str(st.session_state[key])


def _submit(panel: PanelService, opened: dict[str, Any], given: VerdictInput, *, forward: bool) -> None:
    case_id = opened["case_id"]
    try:
        panel.submit_verdict(case_id, given, _submission(case_id))
    except Situation as situation:
        st.error(str(situation))
        return
    if forward:
        st.session_state["case_id"] = panel.take_next(case_id)
    st.rerun()


def _recuse(panel: PanelService, case_id: str, reason: str) -> None:
    try:
        panel.recuse(case_id, reason)
    except Situation as situation:
        st.error(str(situation))
        return
    st.session_state["case_id"] = panel.take_next(case_id)
    st.rerun()


def _given(panel: PanelService, opened: dict[str, Any]) -> None:
    _, case_id = words(), opened["case_id"]
    for entry in opened["my_verdicts"]:
        st.success(
            f"{both(*_CLASS_WORDS[entry['verdict_class']])} · {entry['item_codes']} {entry['fund_codes']} "
            f"{entry['loss_amt'] or ''}"
        )
    if not opened["my_verdicts"]:
        st.info(_("This case does not wait for your verdict."))
    if not opened["may_change"]:
        return
    with st.expander(_("Change my verdict once, with a reason")):
        _fields(case_id, lambda: None)
        reason = st.text_input(_("Reason"), key=_key(case_id, "change_reason"))
        if st.button(_("Change")):
            try:
                panel.change_verdict(case_id, _input(case_id), reason)
            except Situation as situation:
                st.error(str(situation))
                return
            st.rerun()


def _next(panel: PanelService, opened: dict[str, Any]) -> None:
    _ = words()
    following = panel.take_next(opened["case_id"])
    if following and st.button(_("Next case (N)"), shortcut="n", width="stretch"):
        st.session_state["case_id"] = following
        st.rerun()
