"""What stands beside a case: files of the record, requests for records, diagnoses behind a mask."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from panel.attaching import MOST_BYTES
from panel.service import PanelService
from records.errors import Situation
from review_app import board_html
from review_app.presenters import one_of
from review_app.state import done, failed, language, service, words


def show(panel: PanelService, opened: dict[str, Any]) -> None:
    """Files, requests and masks, folded until they are wanted."""
    _, case_id = words(), opened["case_id"]
    with st.expander(_("Records, files and masked diagnoses"), key=f"beside-{case_id}", on_change="rerun") as folded:
        if not folded.open:
            return
        _files(panel, case_id)
        _requests(panel, case_id)
        if panel.may("unmask_diagnosis"):
            _masked(case_id)


def _files(panel: PanelService, case_id: str) -> None:
    _ = words()
    if not panel.may("see_attachment"):
        return
    for entry in panel.attachments(case_id):
        st.download_button(
            f"↓ {entry['name']} ({entry['size'] / 1024:.0f} KiB)", partial(_content, entry["attachment_id"]),
            file_name=entry["name"], mime=entry["kind"], key=f"file-{entry['attachment_id'][:16]}", on_click="ignore",
        )  # fmt: skip
    if panel.may("attach"):
        given = st.file_uploader(
            _("Add an image or a PDF of the record"),
            ["png", "jpg", "jpeg", "pdf"],
            key=f"upload-{case_id}",
            max_upload_size=MOST_BYTES >> 20,
        )
        if given is not None and st.button(_("Keep this file"), key=f"keep-{case_id}"):
            try:
                panel.attach(case_id, given.name, given.getvalue())
            except Situation as situation:
                st.error(one_of(str(situation), language()))
            else:
                st.rerun()


def _content(number: str) -> bytes:
    return service().attachment(number)[2]


def _requests(panel: PanelService, case_id: str) -> None:
    _ = words()
    rows = [row for row in panel.record_requests() if row["case_id"] == case_id]
    if rows:
        st.html(board_html.requests(rows, _))
    if panel.may("request_record"):
        wanted = st.text_input(_("Ask the institution for a record: what is needed"), key=f"wanted-{case_id}")
        st.button(_("Ask"), key=f"ask-{case_id}", on_click=_ask, args=(case_id,), disabled=not wanted.strip())


def _ask(case_id: str) -> None:
    _ = words()
    try:
        service().request_record(case_id, st.session_state[f"wanted-{case_id}"])
    except Situation as situation:
        failed(situation)
    else:
        done(_("The record has been asked for."))


def _masked(case_id: str) -> None:
    _ = words()
    reason = st.text_input(_("See masked diagnoses: why they are needed"), key=f"why-{case_id}")
    if st.button(_("Show (is logged)"), key=f"unmask-{case_id}", disabled=not reason.strip()):
        try:
            found = service().unmask_diagnoses(case_id, reason)
        except Situation as situation:
            st.error(one_of(str(situation), language()))
            return
        st.html(board_html.diagnoses(found, _))
