"""My queue: what waits for me, until when, and how far I am."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from panel.tables import states
from review_app.state import both, service, words


def show() -> None:
    """Show the queue; a selected row opens the case."""
    _, panel = words(), service()
    st.title(_("My queue"))
    rows = panel.my_queue()
    if not rows:
        st.info(_("No case is assigned to you. You will find new ones here when a quarter is drawn."))
        return
    done = sum(row["mine_submitted"] for row in rows)
    st.progress(done / len(rows), text=_("{done} of {all} cases judged").format(done=done, all=len(rows)))
    if done < len(rows) and st.button(_("Start with the next case"), type="primary", shortcut="Enter"):
        _open(panel.take_next())
    table = pd.DataFrame(
        {
            _("Case"): [row["case_id"] for row in rows],
            _("My verdict"): [_("given") if row["mine_submitted"] else _("waiting") for row in rows],
            _("Draft"): [_("kept") if row["draft"] else "" for row in rows],
            _("State"): [both(*states()[row["state"]]) for row in rows],
            _("Due"): [row["due_date"] for row in rows],
        }
    )
    picked = st.dataframe(table, hide_index=True, on_select="rerun", selection_mode="single-row", key="queue_table")
    if picked.selection.rows:
        _open(rows[picked.selection.rows[0]]["case_id"])


def _open(case_id: str | None) -> None:
    if case_id is not None:
        st.session_state["case_id"] = case_id
        st.switch_page(st.session_state["pages"]["case"])
