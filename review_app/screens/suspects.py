"""Leads: suspected subjects to be checked; nothing here is established."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from review_app.state import service, words


def show() -> None:
    """Show the leads of a quarter."""
    _, panel = words(), service()
    st.title(_("Leads"))
    st.caption(_("A lead is a suspected point to be checked. Only the competent authority establishes a violation."))
    names = panel.quarters()
    if not names:
        st.info(_("No quarter has been drawn yet: run one with 'rxpanel run'."))
        return
    name = st.selectbox(_("Quarter"), names)
    leads = panel.leads(name)
    if not leads:
        st.info(_("No lead is open."))
        return
    st.dataframe(pd.DataFrame(leads), hide_index=True, width="stretch")
