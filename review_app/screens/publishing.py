"""From the last verdict to a closed quarter: decide, notify, hear appeals, close."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from panel.service import PanelService
from records.errors import Situation
from review_app import board_html, named, presenting
from review_app.state import done, failed, language, quarter_of, service, words


def show(panel: PanelService) -> None:
    """Show the steps, and take them."""
    _ = words()
    st.title(_("Publishing"))
    name = quarter_of(panel, "publishing_quarter")
    if name is None:
        return
    found, appeals = panel.progress(name), panel.appeals(name)
    st.html(board_html.steps(presenting.publishing_steps(found, found["overdue"], appeals, _), _))
    left, right = st.columns(2)
    with left, st.container(border=True):
        _step(_("Notify the institutions of every decided case; their time to object begins."), _("Notify"), _notify, name)
    with right, st.container(border=True):
        _step(_("Close cases whose time to object is over, or that were re-reviewed."), _("Close"), _close, name)
    head = {"case_id": _("Case"), "received": _("Received"), "text": _("Statement"), "state": _("State"), "reason": _("Reason")}
    st.html(board_html.plain(named.appeals(appeals, language()), head, _("Appeals of the quarter")))
    st.caption(_("Estimates, scores and notices are written by 'rxpanel assess' once the cases are decided."))


def _step(said: str, button: str, action: Callable[[str], None], name: str) -> None:
    _ = words()
    st.markdown(said)
    sure = st.checkbox(_("Yes, for {quarter}").format(quarter=name), key=f"sure-{button}-{name}")
    st.button(button, disabled=not sure, on_click=action, args=(name,))


def _notify(name: str) -> None:
    _ = words()
    try:
        done(_("{n} cases were notified.").format(n=service().notify_quarter(name)))
    except Situation as situation:
        failed(situation)


def _close(name: str) -> None:
    _ = words()
    try:
        done(_("{n} cases were closed.").format(n=service().close_cases(name)))
    except Situation as situation:
        failed(situation)
