"""Accounts and roles: who may sign in, as what."""

from __future__ import annotations

from typing import Any

import streamlit as st

from panel.service import PanelService
from panel.tables import permissions, roles
from records.errors import Situation
from review_app import board_html, named, presenting
from review_app.state import both, done, failed, language, service, words


def show(panel: PanelService) -> None:
    """Show the accounts, and what can be done with them."""
    _ = words()
    st.title(_("Accounts and roles"))
    rows = panel.accounts()
    states = {"open": _("may sign in"), "locked": _("locked"), "ended": _("ended")}
    shown = [
        {**row, "state": states[row["state"]], "roles": presenting.role_words(str(row["roles"]).split(), language())}
        for row in rows
    ]
    names = {"account": _("Account"), "name": _("Name"), "roles": _("Roles"), "expert_id": _("Expert"), "state": _("State")}
    st.html(board_html.plain(shown, names, _("Accounts")))
    add, state, may = st.tabs([_("Add an account"), _("Unlock or end"), _("What each role may do")])
    with add:
        _add()
    with state:
        chosen = st.selectbox(_("Account"), [row["account"] for row in rows])
        with st.container(horizontal=True):
            st.button(_("Unlock"), on_click=_do, args=("unlock_account", chosen))
            st.button(_("End the account"), on_click=_do, args=("end_account", chosen))
    with may:
        head = {"what": _("Permission"), "who": _("Roles")}
        listed = [(what, [name for name in roles() if name in who]) for what, who in permissions().items()]
        table = [
            {"what": named.word("permission", what, language()), "who": presenting.role_words(who, language())}
            for what, who in listed
        ]
        st.html(board_html.plain(table, head, _("Permissions, checked by the panel itself")))


def _add() -> None:
    _ = words()
    with st.form("new_account", border=False):
        left, right = st.columns(2)
        name, person = left.text_input(_("Account")), right.text_input(_("Name"))
        given = left.multiselect(_("Roles"), list(roles()), format_func=lambda r: both(*roles()[r]), placeholder=_("choose"),
                                 select_all=False)  # fmt: skip
        expert_id = right.text_input(_("Expert number (for experts and adjudicators)"))
        password = left.text_input(_("First password (10 characters or more, has to be changed)"), type="password")
        if st.form_submit_button(_("Keep this account"), type="primary"):
            _do("add_account", name, password, given, person=person, expert_id=expert_id.strip() or None)
            st.rerun()


def _do(action: str, *arguments: Any, **named: Any) -> None:
    _ = words()
    try:
        getattr(service(), action)(*arguments, **named)
    except Situation as situation:
        failed(situation)
        return
    done(_("Kept."))
