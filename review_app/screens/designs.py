"""Designs: how each quarter was drawn, and the designs that are shipped."""

from __future__ import annotations

import streamlit as st

from panel.service import PanelService
from review_app import presenting
from review_app.markup import pairs
from review_app.state import both, language, quarter_of, words
from sampling.design import DEFAULT, load_design


def show(panel: PanelService) -> None:
    """Show the design of a quarter and the shipped ones."""
    _ = words()
    st.title(_("Designs"))
    name = quarter_of(panel, "designs_quarter")
    if name is not None:
        st.subheader(_("How {quarter} was drawn").format(quarter=name))
        st.html(pairs(presenting.design_pairs(panel.quarter_design(name), _, language()), 2))
        st.caption(_("A quarter keeps its draw; 'rxpanel sample plan' says what another design would give."))
    st.subheader(_("Designs at hand"))
    for path in sorted(DEFAULT.parent.glob("*.toml")):
        design = load_design(path)
        with st.expander(f"{path.stem} · {both(design.zh, design.en)}"):
            st.code(path.read_text(encoding="utf-8"), language="toml")
