"""The audit log: search it, and verify that nothing was changed behind the program's back."""

from __future__ import annotations

import streamlit as st

from panel.service import PanelService
from review_app import board_html
from review_app.state import empty, words


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
    text = st.text_input(_("Search (actor, action or subject)"))
    rows = panel.audit_log(text)
    if not rows:
        empty(_("Nothing here yet"), _("No entry matches."))
        return
    head = {"seq": _("No."), "at": _("Time (UTC)"), "actor": _("Who"), "action": _("What was done"), "subject": _("To what"),
            "hash": _("Hash")}  # fmt: skip
    shown = [{**row, "at": row["at"][:19].replace("T", " "), "hash": row["hash"][:12]} for row in rows]
    st.html(board_html.plain(shown, head, _("Newest entries first, at most 200")))
