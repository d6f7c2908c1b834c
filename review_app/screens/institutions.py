"""What the review says of each institution so far, with intervals."""

from __future__ import annotations

import streamlit as st

from panel.service import PanelService
from review_app import board_html, city
from review_app.state import quarter_of, words, workplace


def show(panel: PanelService) -> None:
    """Show the institutions of a quarter."""
    _ = words()
    st.title(_("Institutions"))
    name = quarter_of(panel, "institutions_quarter")
    if name is None:
        return
    counts = panel.verdict_counts(name).set_index("fixmedins_code")
    with st.spinner(_("Computing estimates…")):
        rows = city.institutions(workplace(), name, panel.store)
    rows = [{**row, **{key: int(counts[key].get(row["fixmedins_code"], 0)) for key in ("cases", "judged")}} for row in rows]
    st.html(board_html.institutions(rows, _))
    st.caption(_("The rate rests on the random arm alone; cases that models or clues pointed at never raise it."))
