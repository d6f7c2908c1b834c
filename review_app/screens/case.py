"""A case: the prescription as doctors know it, the person's year, and the verdict beside it."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from review_app import look, presenters
from review_app.screens import verdict_form
from review_app.state import both, language, service, words


def show() -> None:
    """Show the chosen case, or the next one that waits."""
    _, panel = words(), service()
    case_id = st.session_state.get("case_id") or panel.take_next()
    if case_id is None:
        st.title(_("Case"))
        st.success(_("Every case assigned to you is judged. Thank you."))
        return
    st.session_state["case_id"] = case_id
    opened = panel.open_case(case_id)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        prescription(opened)
        timeline(opened["case"])
        if not opened["blind"]:
            after_blind(opened["case"])
    with right:
        verdict_form.show(panel, opened)


def _labelled(pairs: list[tuple[str, str]], columns: int) -> None:
    places = st.columns(columns)
    for number, (name, value) in enumerate(pairs):
        places[number % columns].markdown(f"**{name}**  \n{_plain(value)}")


def _plain(text: str) -> str:
    """Text from the data as text: nothing in it is Markdown."""
    for character in "\\`*_{}[]<>#|$~:":
        text = text.replace(character, "\\" + character)
    return text


def prescription(opened: dict[str, Any]) -> None:
    """Head, diagnosis, lines and foot."""
    _, case = words(), opened["case"]
    with st.container(border=True):
        st.subheader(f"{_('Prescription')} {opened['case_id']}")
        _labelled(presenters.head(case, _, language()), 5)
        diagnoses = presenters.diagnoses(case)
        st.markdown(f"**{_('Diagnosis')}**  \n{_plain('；'.join(diagnoses)) if diagnoses else _('none written')}")
        st.markdown("**Rp.**")
        st.dataframe(pd.DataFrame(presenters.lines(case, _, language())), hide_index=True, width="stretch")
        _labelled(presenters.foot(case, _), 3)
        st.caption(_("▲ = above the label's maximum. A dash = not in the data."))


def timeline(case: dict[str, Any]) -> None:
    """Supplies of the last twelve months as bars, so that overlaps are seen."""
    _ = words()
    bars = presenters.supplies(case, _)
    st.subheader(_("Supplies of the last twelve months"))
    if not bars:
        st.info(_("No supply is known."))
        return
    frame = pd.DataFrame(bars)
    spec = (
        alt.Chart(frame)
        .mark_bar(opacity=0.55, stroke="white")
        .encode(
            x=alt.X("begin:T", title=_("day"), axis=alt.Axis(format="%Y-%m-%d", labelAngle=-30)),
            x2="end:T",
            y=alt.Y("drug:N", title=None, sort=None),
            color=alt.Color(
                "which:N",
                title=None,
                scale=alt.Scale(domain=[_("this prescription"), _("earlier")], range=[look.RED, look.BLUE]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["drug", "begin", "days", "amt"],
        )
    )
    st.altair_chart(look.chart(spec))
    st.caption(_("Bar = days of supply as written; where days are unknown the bar is one day wide."))


def after_blind(case: dict[str, Any]) -> None:
    """Findings and reasons, which open after the own verdict."""
    _ = words()
    st.subheader(_("Findings of the rules"))
    found = presenters.findings(case, language())
    if not found:
        st.info(_("No rule found anything here."))
    for entry in found:
        kind = _("definite") if entry["kind"] == "definite" else _("suspected point")
        with st.container(border=True):
            st.markdown(f"**{_plain(entry['name'])}** · {kind} · {entry['codes']} · {entry['amount']}")
            st.markdown(_plain(entry["evidence"]))
            st.caption(_plain(entry["basis"]))
    for score in presenters.scores(case):
        reasons(case, score)


def reasons(case: dict[str, Any], score: dict[str, Any]) -> None:
    """One target's reasons as a chart and as sentences."""
    _ = words()
    name = _("Unreasonable prescribing") if score["target"] == "unreasonable" else _("Suspected deliberate misuse")
    st.subheader(f"{_('Model')}: {name}")
    probability = look.percent(float(score["score"]))
    st.caption(
        _("Predicted probability {p}, rank {rank}; model {version}; labels: {source}").format(
            p=probability, rank=score["rank"], version=score["model_version"], source=score["label_source"]
        )
    )
    if presenters.is_weak(str(score["label_source"])):
        st.warning(_("This score was learned from rule findings, not from verdicts: it repeats what rules say."))
    rows = presenters.reasons(case, score["target"], language())
    if not rows:
        return
    frame = pd.DataFrame(rows)
    spec = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("contribution:Q", title=_("contribution (log-odds)")),
            y=alt.Y("reason:N", sort=None, title=None, axis=alt.Axis(labelLimit=420)),
            color=alt.condition("datum.contribution > 0", alt.value(look.RED), alt.value(look.BLUE)),
            tooltip=["reason", "contribution"],
        )
    )
    st.altair_chart(look.chart(spec))
    for row in rows:
        sign = "＋" if row["contribution"] > 0 else "－"
        st.markdown(f"{sign} {_plain(row['reason'])}")
    st.caption(
        both(
            "＋ 使评分升高，－ 使评分降低。评分是疑点指向，不是认定。",
            "＋ raises the score, － lowers it. A score points; it establishes nothing.",
        )
    )
