"""The agency's desk: records that were asked for, objections that come in."""

from __future__ import annotations

import streamlit as st

from panel.attaching import MOST_BYTES
from panel.service import PanelService
from records.errors import Situation
from review_app import board_html, named
from review_app.state import done, empty, failed, language, quarter_of, service, words


def show(panel: PanelService) -> None:
    """Show requests and objections of a quarter."""
    _ = words()
    st.title(_("Records and objections"))
    name = quarter_of(panel, "objections_quarter")
    if name is None:
        return
    rows = panel.record_requests(name)
    if rows:
        st.html(board_html.requests(rows, _))
        _answer([row for row in rows if row["state"] == "open"])
    else:
        empty(_("Nothing here yet"), _("No record has been asked for in this quarter."))
    if panel.may("record_appeal"):
        _appeal()
    head = {"case_id": _("Case"), "received": _("Received"), "text": _("Statement"), "state": _("State"), "reason": _("Reason")}
    st.html(board_html.plain(named.appeals(panel.appeals(name), language()), head, _("Appeals of the quarter")))


def _answer(waiting: list[dict[str, str]]) -> None:
    _ = words()
    if not waiting:
        return
    with st.form("answer", clear_on_submit=True), st.container():
        names = {row["request_id"]: f"{row['case_id']} {row['wanted']}" for row in waiting}
        st.selectbox(_("Request"), list(names), format_func=names.__getitem__, key="answer_request")
        words_of = {"supplied": _("supplied"), "not_supplied": _("not supplied"), "withdrawn": _("withdrawn")}
        st.radio(_("What became of it"), list(words_of), format_func=words_of.__getitem__, horizontal=True, key="answer_state")
        st.text_input(_("Answer"), key="answer_text")
        blinded = st.checkbox(
            _("Names in the file are blacked out: experts may see it before their verdict"), key="answer_blind"
        )
        given = st.file_uploader(_("Add an image or a PDF of the record"), ["png", "jpg", "jpeg", "pdf"],
                                 max_upload_size=MOST_BYTES >> 20)  # fmt: skip
        if st.form_submit_button(_("Answer the request")):
            number = st.session_state["answer_request"]
            case_id = next(row["case_id"] for row in waiting if row["request_id"] == number)
            try:
                if given is not None:
                    service().attach(case_id, given.name, given.getvalue(), blinded=blinded)
                service().answer_record(number, st.session_state["answer_state"], st.session_state["answer_text"])
                done(_("The request is answered."))
            except Situation as situation:
                failed(situation)
            st.rerun()


def _appeal() -> None:
    _ = words()
    with st.expander(_("Record an institution's objection")):
        st.text_input(_("Case"), key="appeal_case", placeholder="2026Q3-00001")
        st.text_area(_("Statement"), key="appeal_text")
        st.text_input(_("Why it is taken after its time (if it is late)"), key="appeal_late")
        st.button(_("Record the objection"), on_click=_record)


def _record() -> None:
    _, state = words(), st.session_state
    try:
        service().record_appeal(state["appeal_case"].strip(), state["appeal_text"], state["appeal_late"] or None)
    except Situation as situation:
        failed(situation)
        return
    done(_("The objection is recorded: {case}").format(case=state["appeal_case"]))
