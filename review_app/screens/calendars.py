"""The calendar of working days, by which every period of the panel counts."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from panel.service import PanelService
from records.errors import Situation
from review_app import board_html
from review_app.state import done, empty, failed, service, words


def show(panel: PanelService) -> None:
    """Show the days that the calendar names, and keep others."""
    _ = words()
    st.title(_("Calendar"))
    st.caption(_("Days that are not named here are working days from Monday to Friday."))
    with st.form("days", border=True):
        first, last, kind = st.columns(3, vertical_alignment="bottom")
        begin, end = first.date_input(_("From")), last.date_input(_("To, included"))
        names = {0: _("days off"), 1: _("working days")}
        flag = kind.selectbox(_("These are"), list(names), format_func=names.__getitem__)
        if st.form_submit_button(_("Keep these days")):
            _keep(begin, end, flag)
            st.rerun()
    rows = panel.calendar()
    if not rows:
        empty(_("Nothing here yet"), _("No holiday or make-up day has been named."))
        return
    shown = [{"day": row["day"], "kind": _("working day") if row["workday"] else _("day off")} for row in rows]
    st.html(board_html.plain(shown, {"day": _("Day"), "kind": _("Kind")}, _("Named days")))


def _keep(begin: date, end: date, flag: int) -> None:
    _ = words()
    days = {(begin + timedelta(days=n)).isoformat(): flag for n in range(max(0, (end - begin).days) + 1)}
    try:
        done(_("{n} days changed.").format(n=service().keep_days(days)))
    except Situation as situation:
        failed(situation)
