"""Models and scores: how each did beside its baselines, and where every run is kept."""

from __future__ import annotations

import streamlit as st

from panel.service import PanelService
from review_app import board_html, city, presenting
from review_app.state import empty, language, words, workplace


def show(panel: PanelService) -> None:
    """Show the champions and challengers."""
    _, place = words(), workplace()
    st.title(_("Models and scores"))
    if not place.mlflow.exists() and place.tracking_uri() is None:
        empty(_("Nothing here yet"), _("No model has been trained yet: run a quarter first."))
        return
    with st.spinner(_("Reading the registry…")):
        found = panel.of_models(lambda: city.models(str(place.work), place.tracking_uri()))
    rows = presenting.model_rows(found, _, language())
    if not rows:
        empty(_("Nothing here yet"), _("No model has been trained yet: run a quarter first."))
        return
    st.html(board_html.models(rows, _))
    st.caption(
        _("90 % intervals by resampling whole groups. Labels made of rule findings are weak: such a score repeats the rules.")
    )
    _link()


def _link() -> None:
    _, place = words(), workplace()
    address = place.tracking_uri()
    if address and address.startswith("http"):
        st.link_button(_("Every run in MLflow"), address)
    else:
        st.caption(_("Every run is kept in MLflow; its own screens start with:"))
        st.code(f"mlflow ui --backend-store-uri sqlite:///{place.mlflow / 'mlflow.db'}", language=None)
    st.caption(_("Promote and roll back from the command line: rxpanel models. MLflow keeps every run."))
