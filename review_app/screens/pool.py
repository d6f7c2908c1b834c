"""Experts and accounts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from review_app.state import service, words


def show() -> None:
    """Show the pool and the accounts."""
    _, panel = words(), service()
    st.title(_("Experts and accounts"))
    experts = panel.pool()
    st.subheader(_("Experts"))
    if experts:
        st.dataframe(pd.DataFrame(experts), hide_index=True, width="stretch")
    else:
        st.info(_("No expert is in the pool: import experts, and waiting cases are assigned to them."))
    st.subheader(_("Accounts"))
    st.dataframe(pd.DataFrame(panel.accounts()), hide_index=True, width="stretch")
