"""The audit log: search it, and verify that nothing was changed behind the program's back."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from review_app.state import service, words


def show() -> None:
    """Show the newest entries and the verification."""
    _, panel = words(), service()
    st.title(_("Audit log"))
    if st.button(_("Verify")):
        found = panel.verify_log()
        if found["faults"]:
            st.error("\n\n".join(found["faults"][:20]))
        else:
            st.success(_("{n} entries agree with the store. Head: {head}").format(n=found["entries"], head=found["head"]))
    text = st.text_input(_("Search (actor, action or subject)"))
    rows = panel.audit_log(text)
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")
    else:
        st.info(_("No entry matches."))
