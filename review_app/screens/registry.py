"""Models and scores: what was trained on what, and how it did beside its baselines."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from review_app.state import service, words, workplace


def show() -> None:
    """Show the newest training of each model."""
    _, panel = words(), service()
    if not panel.may("see_models"):
        st.error(_("Your role has no screen here."))
        return
    st.title(_("Models and scores"))
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(workplace().training.glob("*/metrics.json"))]
    if not found:
        st.info(_("No model has been trained yet: run a quarter first."))
        return
    rows = []
    for entry in found:
        for name, value in entry["average_precision"].items():
            low, high = value["interval90"]
            rows.append(
                {
                    _("Model"): entry["model"],
                    _("Compared"): name,
                    _("Average precision"): round(value["value"], 3),
                    _("90 % interval"): f"{low:.3f} – {high:.3f}",
                    _("Labels"): entry["label_source"],
                    _("Evaluation"): entry["kind"],
                }
            )
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")
    st.caption(_("Promote and roll back from the command line: rxpanel models. MLflow keeps every run."))
