"""The verdict: by mouse or by keyboard, kept as a draft with every field that is left, submitted once."""

from __future__ import annotations

import time
import uuid
from typing import Any

import streamlit as st

from panel.giving import given_time
from panel.service import PanelService
from panel.tables import fund_codes, item_codes
from panel.verdict_input import SEVERITIES, VerdictInput
from records.errors import Situation, WrongUse
from review_app import board_html, case_html, form, parts
from review_app.markup import badge
from review_app.presenters import CLASSES, one_of
from review_app.state import both, done, failed, language, service, words


def show(panel: PanelService, opened: dict[str, Any]) -> None:
    """The form of a case that waits, else what was given, with one change allowed."""
    _ = words()
    title, helped = st.columns([4, 1], vertical_alignment="center")
    title.subheader(_("My verdict"))
    with helped, st.container(key="help"), st.popover("?", help=_("Keys"), width="stretch"):
        st.html(board_html.shortcuts(_))
    if opened["may_submit"]:
        _begin(opened)
        _form(opened)
    else:
        _given(opened)
    _around(panel, opened)
    parts.keys()


def _begin(opened: dict[str, Any]) -> None:
    """Take the draft over the first time a case is shown in this session, and begin to count the time."""
    kept = st.session_state.get("form")
    if kept is None or kept["case_id"] != opened["case_id"]:
        st.session_state["form"] = {
            "case_id": opened["case_id"], "content": form.content_of(opened["draft"]), "begun": time.monotonic(), "saved": None,
            "most": form.amounts_of(opened["case"]),
        }  # fmt: skip


def content() -> dict[str, Any]:
    """What the form on the screen holds."""
    found: dict[str, Any] = st.session_state["form"]["content"]
    return found


def given() -> dict[str, Any]:
    """What is to be submitted: the form, with the comment as it was typed last, saved as a draft or not yet."""
    typed = st.session_state.get(f"{st.session_state['form']['case_id']}-comment")
    text = (typed or {}).get("text")
    return content() if text is None else {**content(), "comment": text}


def meant(seconds: int | None = None) -> VerdictInput:
    """The verdict that the form on the screen means. Raises WrongUse for what cannot be meant."""
    return form.input_of(given(), seconds, st.session_state["form"]["most"])


def amend(changed: dict[str, Any]) -> None:
    """Change some fields and keep them as the draft; what cannot be saved stays in the form, and it is said why."""
    kept = st.session_state["form"]
    kept["content"].update(changed)
    if not kept.get("drafts", True):
        return
    try:
        kept["content"] = form.content_of(service().amend_draft(kept["case_id"], changed))
        kept["saved"], kept["problem"] = given_time()[11:], None
    except Situation as situation:
        kept["problem"] = one_of(str(situation), language())


def _form(opened: dict[str, Any]) -> None:
    _, case_id = words(), opened["case_id"]
    # Outside the fragment, so that one step submits and shows the next case.
    st.button(_("Reasonable: submit and next"), shortcut="0", type="primary", width="stretch",
              on_click=_submit_reasonable, args=(case_id,), key=f"{case_id}-reasonable")  # fmt: skip
    fields(opened)
    with st.container(key="submit"):
        st.button(
            _("Submit"), shortcut="Ctrl+Enter", width="stretch", on_click=_submit, args=(case_id,), key=f"{case_id}-submit"
        )


@st.fragment
def fields(opened: dict[str, Any]) -> None:
    """Class, place, codes, fund use, amount, severity, record, comment: each saved when it is left."""
    _, case_id, kept = words(), opened["case_id"], st.session_state["form"]
    with st.container(key="classes"):
        st.segmented_control(
            _("Class"), form.CLASS_ORDER, key=f"{case_id}-class", default=form.class_shown(content()),
            format_func=lambda c: f"{c} {both(*CLASSES[c])}", on_change=_class_chosen, args=(case_id,),
        )  # fmt: skip
    place = _places(opened)
    chosen = content().get("verdict_class")
    # Always there, also when empty: what follows keeps its place, and a field its focus.
    with st.container():
        if chosen in ("1", "2", "3"):
            _codes(case_id, place, chosen)
    with st.container():
        _fund(opened, place)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            _("Severity"), list(SEVERITIES), key=f"{case_id}-severity", default=content().get("severity"),
            format_func=lambda s: both(*SEVERITIES[s]), on_change=_field, args=(case_id, "severity"),
        )  # fmt: skip
        with st.container(key="seen"):
            st.checkbox(_("I saw the medical record"), key=f"{case_id}-record_seen", value=bool(content().get("record_seen")),
                        on_change=_field, args=(case_id, "record_seen"))  # fmt: skip
    _comment(case_id)
    st.html(board_html.recorded(form.outcome(content(), _, language()), form.summary(content(), _, language()), _))
    _saved(kept)


def _places(opened: dict[str, Any]) -> int:
    _, case_id, lines = words(), opened["case_id"], opened["case"]["lines"]
    names = {0: _("whole prescription"), **{row["line"]: _("line {n}").format(n=row["line"]) for row in lines}}
    with st.container(key="places"):
        found = st.pills(_("Applies to (key L, then the number)"), list(names), key=f"{case_id}-place", default=0,
                         format_func=names.__getitem__, required=True)  # fmt: skip
    return int(found or 0)


def _codes(case_id: str, place: int, chosen: str) -> None:
    _, keyed = words(), form.codes_of_class(chosen)
    signs = {code: key for key, code in keyed}
    with st.container(key=f"codes-{chosen}"):
        st.pills(
            _("What is wrong (number keys; Esc, then a number for another class)"), list(signs), selection_mode="multi",
            key=f"{case_id}-codes-{place}-{chosen}", on_change=_codes_chosen, args=(case_id, place, chosen),
            default=[code for code in content().get(f"items_{place}") or [] if code in signs],
            format_func=lambda code: f"{signs[code]} {both(*item_codes()[code])}",
        )  # fmt: skip


def _fund(opened: dict[str, Any], place: int) -> None:
    _, case_id, funds = words(), opened["case_id"], fund_codes()
    with st.container(key="funds"):
        st.multiselect(_("Fund-use codes (an opinion, not a finding)"), list(funds), key=f"{case_id}-funds_{place}",
                       default=content().get(f"funds_{place}") or [], format_func=lambda c: f"{c} {both(*funds[c])}",
                       on_change=_field, args=(case_id, f"funds_{place}"), placeholder=_("choose"),
                       select_all=False)  # fmt: skip
    if content().get(f"funds_{place}") or content().get(f"loss_{place}"):
        with st.container(key="loss", horizontal=True):
            proposed = opened["proposed"].get(place)
            st.text_input(_("Fund loss, yuan"), key=f"{case_id}-loss_{place}", value=content().get(f"loss_{place}") or "",
                          on_change=_field, args=(case_id, f"loss_{place}"),
                          help=_("The rules propose {amount} yuan").format(amount=proposed) if proposed else None)  # fmt: skip
            problem = form.amount_problem(content(), place, st.session_state["form"]["most"])
            if problem:
                st.html(badge(one_of(problem, language()), "bad"))
            if proposed:
                st.text_input(_("Why it differs from {amount} yuan").format(amount=proposed),
                              key=f"{case_id}-loss_reason_{place}", value=content().get(f"loss_reason_{place}") or "",
                              on_change=_field, args=(case_id, f"loss_reason_{place}"))  # fmt: skip


def _comment(case_id: str) -> None:
    _, key = words(), f"{case_id}-comment"
    owner = f"{st.session_state['whose']} {case_id} comment"
    said = {"saved": _("Saved."), "kept": _("Kept in this browser until it is saved.")}
    with st.container(key="comment"):
        # Where there is no draft nothing confirms the text before the verdict is given: the browser keeps it till then.
        confirmed = (content().get("comment") or "") if st.session_state["form"].get("drafts", True) else ""
        parts.kept_text(_("Comment (key K)"), key, owner, confirmed, said, lambda: _commented(key))


def _saved(kept: dict[str, Any]) -> None:
    _ = words()
    if kept.get("problem"):
        st.error(_("The draft could not be saved: {why} It stays on this screen.").format(why=kept["problem"]))
    elif kept["saved"]:
        st.caption(_("Draft saved at {time}").format(time=kept["saved"]))


def _class_chosen(case_id: str) -> None:
    amend({"verdict_class": st.session_state[f"{case_id}-class"]})


def _codes_chosen(case_id: str, place: int, chosen: str) -> None:
    amend(form.with_codes(content(), place, chosen, st.session_state[f"{case_id}-codes-{place}-{chosen}"]))


def _field(case_id: str, name: str) -> None:
    amend({name: st.session_state[f"{case_id}-{name}"]})


def _commented(key: str) -> None:
    said = st.session_state.get(key)
    amend({"comment": (said or {}).get("text") or ""})


def _seconds() -> int:
    return min(24 * 3600, int(time.monotonic() - st.session_state["form"]["begun"]))


def _submission(case_id: str) -> str:
    """One number a case and session: a double click or a repeated request counts once."""
    return str(st.session_state.setdefault(f"{case_id}-submission", uuid.uuid4().hex))


def _submit_reasonable(case_id: str) -> None:
    _, panel = words(), service()
    if not form.is_blank(given()):
        failed(WrongUse(_("Something is recorded already: submit that, or take it out first.")))
        return
    try:
        panel.submit_verdict(case_id, VerdictInput("0", seconds=_seconds()), _submission(case_id))
    except Situation as situation:
        failed(situation)
        return
    st.session_state["case_id"] = panel.take_next(case_id)


def _submit(case_id: str) -> None:
    try:
        service().submit_verdict(case_id, meant(_seconds()), _submission(case_id))
    except Situation as situation:
        failed(situation)


def _given(opened: dict[str, Any]) -> None:
    _, case_id = words(), opened["case_id"]
    if opened["my_verdicts"]:
        st.html(board_html.given(opened["my_verdicts"], _, language()))
        if not opened["blind"]:
            st.html(case_html.pointer_to_opened(opened["case"], _, language()))
    else:
        st.info(_("This case does not wait for your verdict."))
    if not opened["may_change"]:
        return
    with st.expander(_("Change my verdict once, with a reason")):
        changing(opened, f"{case_id}-change")
        reason = st.text_input(_("Reason"), key=f"{case_id}-change_reason")
        st.button(_("Change"), on_click=_change, args=(case_id,), disabled=not reason.strip())


def changing(opened: dict[str, Any], form_id: str, start: dict[str, Any] | None = None) -> None:
    """The same fields for a verdict that has no draft: a change, a decision, a re-review."""
    kept = st.session_state.get("form")
    if kept is None or kept["case_id"] != form_id:
        st.session_state["form"] = {"case_id": form_id, "content": dict(start or {}), "begun": time.monotonic(), "saved": None,
                                    "drafts": False, "most": form.amounts_of(opened["case"])}  # fmt: skip
    fields({**opened, "case_id": form_id})


def _change(case_id: str) -> None:
    try:
        service().change_verdict(case_id, meant(), st.session_state[f"{case_id}-change_reason"])
    except Situation as situation:
        failed(situation)


def _around(panel: PanelService, opened: dict[str, Any]) -> None:
    """Next, previous, save, recuse."""
    _, case_id = words(), opened["case_id"]
    before, following = panel.beside(case_id)
    with st.container(horizontal=True):
        with st.container(key="previous", width="content"):
            st.button(_("Previous (P)"), disabled=before is None, on_click=_go, args=(before,))
        with st.container(key="next", width="content"):
            st.button(_("Next (N)"), disabled=following is None, on_click=_go, args=(following,))
        if opened["may_submit"]:
            with st.container(key="save", width="content"):
                st.button(_("Save (S)"), on_click=_save)
            # The popover's state is each case's own: the last one's would stay open over the next.
            with (st.container(key="recuse", width="content"),
                  st.popover(_("Recuse (X)"), key=f"{case_id}-step-back", on_change="rerun")):  # fmt: skip
                reason = st.text_input(_("Why you step back"), key=f"{case_id}-recusal")
                st.button(_("Step back from this case"), on_click=_recuse, args=(case_id,), disabled=not reason.strip())


def _save() -> None:
    amend(dict(content()))


def _go(case_id: str | None) -> None:
    st.session_state["case_id"] = case_id


def _recuse(case_id: str) -> None:
    _, panel = words(), service()
    try:
        heir = panel.recuse(case_id, st.session_state[f"{case_id}-recusal"])
    except Situation as situation:
        failed(situation)
        return
    became = (
        _("You stepped back from {case}; another expert has it now.")
        if heir
        else _("You stepped back from {case}; it waits until an expert can take it.")
    )
    done(became.format(case=case_id))
    st.session_state["case_id"] = panel.take_next(case_id)
