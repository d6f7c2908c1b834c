"""The expert pool: who is in it, bringing experts in, absences, leaving."""

from __future__ import annotations

from typing import Any

import streamlit as st

from panel.exchange import PROFESSIONS
from panel.pooling import MOST_BYTES
from panel.service import PanelService
from records.errors import Situation
from review_app import board_html, presenting
from review_app.presenters import one_of
from review_app.state import done, empty, failed, language, service, words


def show(panel: PanelService) -> None:
    """Show the pool and what can be done with it."""
    _ = words()
    st.title(_("Expert pool"))
    experts = panel.pool()
    if experts:
        rows = [{**row, "profession": presenting.profession_text(row["profession"], _),
                 "withdrawn": _("left") if row["withdrawn"] else ""} for row in experts]  # fmt: skip
        st.html(board_html.plain(rows, _head(), _("Experts")))
    else:
        empty(_("Nobody here yet"), _("No expert is in the pool: import experts, and waiting cases are assigned to them."))
    one, many, away = st.tabs([_("Add an expert"), _("From a file"), _("Absence and leaving")])
    with one:
        _add()
    with many:
        _import(panel)
    with away:
        _absence(panel, [row["expert_id"] for row in experts])


def _head() -> dict[str, str]:
    _ = words()
    return {"expert_id": _("Number"), "name": _("Name"), "profession": _("Profession"), "specialty": _("Specialty"),
            "title": _("Title"), "institution": _("Institution"), "former_institutions": _("Former institutions"),
            "conflicts": _("Declared conflicts"), "capacity": _("Capacity, cases a quarter"),
            "withdrawn": _("State")}  # fmt: skip


def _add() -> None:
    _, names = words(), _head()
    with st.form("expert", border=False):
        places = st.columns(3)
        given: dict[str, str] = {}
        for number, key in enumerate(name for name in names if name != "withdrawn"):
            with places[number % 3]:
                if key == "profession":
                    given[key] = st.selectbox(names[key], PROFESSIONS, format_func=lambda p: presenting.profession_text(p, _))
                else:
                    given[key] = st.text_input(names[key])
        if st.form_submit_button(_("Keep this expert"), type="primary"):
            _do("add_expert", given)
            st.rerun()


def _import(panel: PanelService) -> None:
    _ = words()
    given = st.file_uploader(
        _("CSV: expert_id, name, profession (insurance, medicine, pharmacy), …"), ["csv"], max_upload_size=MOST_BYTES >> 20
    )
    if given is None or not st.button(_("Bring them in")):
        return
    try:
        report = panel.import_pool(given.getvalue())
    except Situation as situation:
        st.error(one_of(str(situation), language()))
        return
    st.success(_("{n} of {all} experts are in the pool now.").format(n=report.added, all=report.read))
    for number, expert_id, why in report.rejected:
        st.warning(_("Row {row}, {id}: {why}").format(row=number, id=expert_id, why=why))


def _absence(panel: PanelService, experts: list[str]) -> None:
    _ = words()
    head = {"expert_id": _("Number"), "begndate": _("From"), "enddate": _("To"), "reason": _("Reason")}
    st.html(board_html.plain(panel.absences(), head, _("Absences")))
    if not experts:
        return
    with st.form("absence", border=False):
        who, first, last = st.columns(3)
        expert_id = who.selectbox(_("Number"), experts)
        begin, end = first.date_input(_("From")), last.date_input(_("To, included"))
        reason = st.text_input(_("Reason"))
        leaves = st.checkbox(_("Leaves the pool for good"))
        if st.form_submit_button(_("Keep, and hand waiting cases on")):
            if leaves:
                _do("withdraw_expert", expert_id, reason)
            else:
                _do("set_absence", expert_id, str(begin), str(end), reason)
            st.rerun()


def _do(action: str, *arguments: Any) -> None:
    _ = words()
    try:
        getattr(service(), action)(*arguments)
    except Situation as situation:
        failed(situation)
        return
    done(_("Kept."))
