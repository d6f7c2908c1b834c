"""The quarter board: how far the review is, how experts agree, and what it says of each institution."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from panel.tables import states
from review_app import look
from review_app.estimates import institution_rows
from review_app.state import both, service, words, workplace


def show() -> None:
    """Show the board of a quarter."""
    _, panel = words(), service()
    st.title(_("Quarter board"))
    names = panel.quarters()
    if not names:
        st.info(_("No quarter has been drawn yet: run one with 'rxpanel run'."))
        return
    name = st.selectbox(_("Quarter"), names)
    found = panel.progress(name)
    _figures(found)
    _states(found)
    _institutions(panel, name)
    _load(found)


def _figures(found: dict[str, Any]) -> None:
    _ = words()
    agreed = found["agreement"]
    places = st.columns(5)
    places[0].metric(_("Cases"), found["cases"])
    places[1].metric(_("Verdicts given"), found["verdicts"])
    places[2].metric(_("Decided cases"), found["judged"])
    places[3].metric(_("Overdue"), found["overdue"])
    places[4].metric(_("Blind agreement"), look.percent(agreed["percent"]), help="Gwet AC1: "
                     + (look.NONE if agreed["ac1"] is None else f"{agreed['ac1']:.2f}"))  # fmt: skip
    st.progress(found["judged"] / max(1, found["cases"]))


def _states(found: dict[str, Any]) -> None:
    _ = words()
    order = [state for state in states() if state in found["states"]]
    frame = pd.DataFrame({"state": [both(*states()[state]) for state in order], "cases": [found["states"][s] for s in order]})
    spec = alt.Chart(frame).mark_bar(color=look.BLUE).encode(
        x=alt.X("cases:Q", title=_("Cases")), y=alt.Y("state:N", sort=None, title=None), tooltip=["state", "cases"]
    )  # fmt: skip
    st.altair_chart(look.chart(spec))


def _institutions(panel: Any, name: str) -> None:
    _ = words()
    st.subheader(_("Institutions"))
    counts = panel.verdict_counts(name).set_index("fixmedins_code")
    with st.spinner(_("Computing estimates…")):
        rows = institution_rows(workplace(), name, panel.store)
    table = pd.DataFrame(
        {
            _("Institution"): [row["fixmedins_code"] for row in rows],
            _("Name"): [row["fixmedins_name"] for row in rows],
            _("Frame"): [row["n_frame"] for row in rows],
            _("Cases"): [int(counts["cases"].get(row["fixmedins_code"], 0)) for row in rows],
            _("Judged"): [int(counts["judged"].get(row["fixmedins_code"], 0)) for row in rows],
            _("Unreasonable rate (random arm)"): [look.percent(row["rate"]) for row in rows],
            _("90 % interval"): [look.interval(row["low"], row["high"]) for row in rows],
        }
    )
    st.dataframe(table, hide_index=True, width="stretch")
    st.caption(_("The rate rests on the random arm alone; cases that models or clues pointed at never raise it."))


def _load(found: dict[str, Any]) -> None:
    _ = words()
    st.subheader(_("Work by expert"))
    if not found["load"]:
        st.info(_("No expert is in the pool: import experts, and waiting cases are assigned to them."))
        return
    frame = pd.DataFrame(found["load"])
    wide = frame.pivot_table(index=["expert_id", "profession"], columns="state", values="cases", fill_value=0)
    st.dataframe(wide.reset_index(), hide_index=True)
