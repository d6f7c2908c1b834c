"""Leads: suspected subjects to be checked, with their network and timeline; nothing here is established."""

from __future__ import annotations

from typing import Any

import streamlit as st

from panel.lead_work import ADDRESSEES
from panel.leads import SUBJECTS
from panel.service import PanelService
from panel.tables import fund_codes
from records.errors import Situation
from review_app import board_html, city, presenting
from review_app.presenters import one_of
from review_app.screens import behind
from review_app.state import both, done, empty, failed, language, quarter_of, service, words, workplace


def show(panel: PanelService) -> None:
    """Show the leads of a quarter, and the chosen one."""
    _ = words()
    st.title(_("Leads"))
    st.caption(_("A lead is a suspected point to be checked. Only the competent authority establishes a violation."))
    name = quarter_of(panel, "leads_quarter")
    if name is None:
        return
    if panel.may("receive_clue"):
        _clue(name)
    behind.show(panel)
    leads = panel.leads(name)
    if not leads:
        empty(_("Nothing here yet"), _("No lead is open."))
        return
    rows = presenting.lead_rows(leads, _, language())
    labels = {row["lead_id"]: f"{row['lead_id']} {row['subject']} {row['code']} · {row['state']}" for row in rows}
    chosen = st.selectbox(_("Lead"), list(labels), format_func=labels.__getitem__, index=None, placeholder=_("choose"),
                          key=f"lead-of-{name}")  # fmt: skip
    if chosen:
        _one(panel, next(row for row in leads if row["lead_id"] == chosen))
    st.html(board_html.leads(rows, _))


def _one(panel: PanelService, lead: dict[str, Any]) -> None:
    _, lead_id = words(), lead["lead_id"]
    with st.spinner(_("Reading the quarter's data…")):
        found = panel.lead_picture(lead_id, city.data_of(workplace(), lead["quarter"]))
    names = {kind: presenting.subject_text(kind, _) for kind in ("person", "practitioner", "institution")}
    left, right = st.columns([2, 1], gap="medium")
    with left:
        st.html(board_html.picture(found, names, _, language()))
    with right, st.container(border=True):
        st.html(board_html.lead_notes(panel.lead_notes(lead_id), _, language()))
        if panel.may("unmask_identity") and panel.works_on(lead) and lead["subject_type"] in ("person", "group"):
            _unmask(lead_id)
        # A reading is logged: it takes a press, and is not repeated when the page is drawn anew.
        told = "clue" in str(lead["origin"] or "").split() and panel.works_on(lead)
        if told and st.button(_("Read what was reported"), key=f"{lead_id}-clues"):
            st.html(board_html.clues(panel.clue_texts(lead_id), _, language()))
        if lead["clues"] and panel.may("open_reporter"):
            _reporter(lead)
        if lead["state"] in ("opened", "assigned") and panel.may("assign_lead"):
            _assign(lead)
        if lead["state"] == "assigned" and panel.may("check_lead"):
            _text(_("Report on the check (both officers sign)"), _("Sign the report"), "report_lead", lead_id)
        if lead["state"] in ("opened", "assigned") and panel.may("assign_lead"):
            _text(_("Why the check needs fifteen more working days"), _("Extend"), "extend_lead", lead_id)
        if panel.may("decide_lead"):
            _decide(lead)


def _unmask(lead_id: str) -> None:
    _ = words()
    reason = st.text_input(_("See the whole number: why it is needed"), key=f"{lead_id}-unmask-why")
    if st.button(_("Show (is logged)"), key=f"{lead_id}-unmask", disabled=not reason.strip()):
        try:
            st.code("\n".join(service().unmask_lead(lead_id, reason)), language=None)
        except Situation as situation:
            st.error(one_of(str(situation), language()))


def _reporter(lead: dict[str, Any]) -> None:
    _, lead_id = words(), lead["lead_id"]
    with st.expander(_("Who reported it (is sealed)"), key=f"{lead_id}-sealed"):
        number = st.selectbox(_("Report"), lead["clues"], key=f"{lead_id}-report")
        reason = st.text_input(_("Why the seal is opened"), key=f"{lead_id}-seal-why")
        if st.button(_("Open the seal (is logged)"), key=f"{lead_id}-seal", disabled=not reason.strip()):
            try:
                found = service().reporter_of(number, reason)
            except Situation as situation:
                st.error(one_of(str(situation), language()))
                return
            st.code(found or _("Nobody is known."), language=None)


def _text(label: str, button: str, action: str, lead_id: str) -> None:
    said = st.text_area(label, key=f"{lead_id}-{action}")
    st.button(button, key=f"{lead_id}-{action}-do", disabled=not said.strip(), on_click=_do, args=(action, lead_id, said))


def _do(action: str, *arguments: Any, **named: Any) -> None:
    _ = words()
    try:
        getattr(service(), action)(*arguments, **named)
    except Situation as situation:
        failed(situation)
        return
    done(_("Kept."))


def _assign(lead: dict[str, Any]) -> None:
    _, lead_id = words(), lead["lead_id"]
    button = _("Replace the officers") if lead["state"] == "assigned" else _("Assign")
    officers = st.text_input(_("Two officers (accounts, apart by a comma)"), key=f"{lead_id}-officers")
    names = [name.strip() for name in officers.replace("，", ",").split(",") if name.strip()]
    st.button(button, key=f"{lead_id}-assign", disabled=len(names) != 2, on_click=_do, args=("assign_lead", lead_id, names))


def _decide(lead: dict[str, Any]) -> None:
    _, lead_id, state = words(), lead["lead_id"], lead["state"]
    if state not in ("checked", "transferred", "cleared", "handled", "established"):
        return
    reason = st.text_area(_("Reason"), key=f"{lead_id}-why")
    if state == "checked":
        found = {"cleared": _("clear"), "handled": _("handle under the agreement"), "transferred": _("transfer")}
        chosen = st.radio(_("Decision"), list(found), format_func=found.__getitem__, key=f"{lead_id}-to")
        to = st.selectbox(_("Transfer to"), list(ADDRESSEES), format_func=lambda a: both(*ADDRESSEES[a]),
                          disabled=chosen != "transferred")  # fmt: skip
        codes = st.multiselect(_("Fund-use codes"), list(fund_codes()), format_func=lambda c: f"{c} {both(*fund_codes()[c])}",
                               disabled=chosen == "transferred", placeholder=_("choose"), select_all=False)  # fmt: skip
        named = {"addressee": to} if chosen == "transferred" else {"codes": codes}
        st.button(
            _("Decide"), on_click=_do, args=("decide_lead", lead_id, chosen, reason), kwargs=named, disabled=not reason.strip()
        )
    elif state == "transferred":
        established = st.checkbox(_("The authority has established it"), key=f"{lead_id}-established")
        st.button(_("Record the finding"), on_click=_do, args=("conclude_lead", lead_id, established, reason),
                  disabled=not reason.strip())  # fmt: skip
    else:
        st.button(_("Close"), on_click=_do, args=("close_lead", lead_id, reason), disabled=not reason.strip())


def _clue(name: str) -> None:
    _ = words()
    with st.expander(_("Take a report from the public")):
        kinds = {kind: presenting.subject_text(kind, _) for kind in SUBJECTS if kind != "group"}
        kind = st.selectbox(_("About a"), list(kinds), format_func=kinds.__getitem__, key="clue_kind")
        code = st.text_input(_("Its number"), key="clue_code")
        text = st.text_area(_("What was reported"), key="clue_text")
        reporter = st.text_input(_("Who reported it (is sealed)"), key="clue_reporter")
        st.button(_("Open a lead"), disabled=not (code.strip() and text.strip()), on_click=_do,
                  args=("receive_clue", name, (kind, code), text), kwargs={"reporter_is": reporter})  # fmt: skip
