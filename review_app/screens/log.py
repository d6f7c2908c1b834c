"""The audit log: search it, and verify that nothing was changed behind the program's back."""

from __future__ import annotations

import streamlit as st

from panel.service import PanelService
from review_app import board_html, named
from review_app.state import empty, language, words


def show(panel: PanelService) -> None:
    """Show the newest entries and the verification."""
    _ = words()
    st.title(_("Audit log"))
    if st.button(_("Verify log and store"), type="primary"):
        with st.spinner(_("Walking the chain of the log…")):
            found = panel.verify_log()
        if found["faults"]:
            st.error("\n\n".join(found["faults"][:20]))
        else:
            st.success(_("{n} entries agree with the store. Head: {head}").format(n=found["entries"], head=found["head"]))
    rows = panel.audit_log(_asked())
    if not rows:
        empty(_("Nothing here yet"), _("No entry matches."))
        return
    head = {"seq": _("No."), "at": _("Time (UTC)"), "actor": _("Who"), "action": _("What was done"), "subject": _("To what"),
            "hash": _("Hash")}  # fmt: skip
    st.html(board_html.plain(named.entries(rows, _, language()), head, _("Newest entries first, at most 200")))


def _asked() -> str:
    """What to search for: what was done, chosen by its words, or a text in any of the three columns as the log has it."""
    _, done = words(), named.actions(language())
    left, right = st.columns(2)
    chosen = right.selectbox(_("What was done"), list(done), index=None, format_func=done.__getitem__, placeholder=_("choose"))
    typed = left.text_input(_("Search (account, case, lead or model)"), disabled=chosen is not None)
    return str(chosen or typed)
