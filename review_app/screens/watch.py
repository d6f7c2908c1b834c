"""Watch and gate: how far features have moved since training, and what the gate says of each challenger."""

from __future__ import annotations

import streamlit as st

from panel.service import PanelService
from review_app import board_html, city, look, named, presenting
from review_app.markup import badge, heading, text
from review_app.state import empty, language, quarter_of, words, workplace


def show(panel: PanelService) -> None:
    """Show drift in a quarter, and the gate."""
    _, place = words(), workplace()
    st.title(_("Watch and gate"))
    name = quarter_of(panel, "watch_quarter")
    if name is None:
        return
    if not place.mlflow.exists() and place.tracking_uri() is None:
        empty(_("Nothing here yet"), _("No model has been trained yet: run a quarter first."))
        return
    st.subheader(_("The gate"))
    with st.spinner(_("Judging challengers…")):
        _gate(panel.of_models(lambda: city.verdicts_of_the_gate(str(place.work), place.tracking_uri())))
    st.subheader(_("Drift since training"))
    with st.spinner(_("Measuring drift…")):
        moved = panel.of_models(lambda: city.drift(str(place.work), place.tracking_uri(), name))
    if not moved:
        empty(_("Nothing here yet"), _("There is no champion to watch in this quarter."))
    for model, rows in moved.items():
        far = sum(row["level"] != "ok" for row in rows)
        caption = _("{model}: the five that moved furthest; {n} of {all} to be watched").format(
            model=named.model(model, language()), n=far, all=len(rows)
        )
        st.html(board_html.drift(presenting.drift_rows(model, rows[:5], _, language()), caption, _))


def _gate(rows: list[dict[str, object]]) -> None:
    _ = words()
    if not rows:
        st.caption(_("There is no challenger: train one with 'rxpanel train'."))
    for row in rows:
        found = row["comparison"] or {}
        assert isinstance(found, dict)
        against = row["objections"] or []
        assert isinstance(against, list)
        mark = badge(_("the gate says no"), "bad") if against else badge(_("the gate says yes"), "good")
        gain = look.estimate(found.get("value"), *(found.get("interval90") or (None, None)))
        lines = [_("difference to the champion {gain}").format(gain=gain), *against]
        said = "".join(f"<li>{text(line)}</li>" for line in lines)
        st.html(f"{heading(named.model(str(row['model']), language()), 3)}{mark}<ul>{said}</ul>")
