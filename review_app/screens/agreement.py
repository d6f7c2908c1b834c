"""How far experts agree: overall, by class and code, with known answers, over time; and what seeing the findings changed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from panel.service import PanelService
from review_app import board_html, look, presenting
from review_app.presenters import CLASSES
from review_app.state import both, language, quarter_of, words


def show(panel: PanelService) -> None:
    """Show the agreement of a quarter."""
    _ = words()
    st.title(_("Agreement"))
    name = quarter_of(panel, "agreement_quarter")
    if name is None:
        return
    with st.spinner(_("Computing agreement…")):
        report = panel.agreement_report(name)
    named = {"overall": report["overall"], **report["by_class"]}
    labels = {"overall": _("all classes"), **{key: f"{key} {both(*value)}" for key, value in CLASSES.items()}}
    st.html(board_html.agreement(presenting.agreement_rows(named, labels), _("Blind verdicts, by class"), _))
    st.caption(_("AC1, κ and α: agreement beyond chance, 1 = complete, 0 = as by chance; in brackets the 90 % interval."))
    codes = {**report["by_item_code"], **report["by_fund_code"]}
    if codes:
        rows = presenting.agreement_rows(codes, presenting.code_words(language()))
        st.html(board_html.agreement(rows, _("Blind verdicts, by code"), _))
    _later(panel.blind_versus_later(name)["all"])
    _experts(panel, name)


def _later(found: dict[str, Any]) -> None:
    _ = words()
    low, high = found["interval"] or (None, None)
    changed = f"{look.interval(low, high)} · {found['changed']} / {found['verdicts']}"
    figures = [
        (_("Changed after the findings"), look.percent(found["share"]), changed),
        (_("Stricter"), look.count(found["stricter"], _("verdicts")), ""),
        (_("Milder"), look.count(found["milder"], _("verdicts")), ""),
        (_("Amount, blind"), look.yuan(found["loss"]["blind"], language()), ""),
        (_("Amount, later"), look.yuan(found["loss"]["later"], language()), ""),
    ]
    st.html(board_html.figures(figures))


def _experts(panel: PanelService, name: str) -> None:
    _ = words()
    rows = presenting.calibration_rows(panel.calibration(name))
    head = {
        "expert_id": _("Expert"), "gold": _("Known answers"), "exact": _("Same class"),
        "sensitivity": _("Sensitivity (90 %)"), "specificity": _("Specificity (90 %)"), "repeats": _("Repeated"),
        "same": _("Same again"),
    }  # fmt: skip
    st.html(board_html.plain(rows, head, _("Each expert against known answers and themselves")))
    moved = [{**row, "unreasonable": look.percent(row["unreasonable"]), "beyond_mates": look.percent(row["beyond_mates"])}
             for row in panel.drift(name)]  # fmt: skip
    head = {"expert_id": _("Expert"), "month": _("Month"), "verdicts": _("Verdicts"), "unreasonable": _("Found unreasonable"),
            "beyond_mates": _("Beyond others on the same cases, points")}  # fmt: skip
    st.html(board_html.plain(moved, head, _("Each expert's strictness by month")))
