"""A guided tour for each role: steps as data, a page that lists them, and a line above the screen that a step is about."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from panel.service import PanelService
from panel.tables import roles
from review_app.state import both, words


@cache
def tours() -> dict[str, list[dict[str, str]]]:
    """Steps of each role's tour: screen, zh, en."""
    text = (Path(__file__).parents[1] / "tours.toml").read_text(encoding="utf-8")
    return {role: entry["steps"] for role, entry in tomllib.loads(text).items()}


def show(panel: PanelService) -> None:
    """The tours of the actor's roles."""
    _ = words()
    st.title(_("Guided tour"))
    st.caption(_("Each step opens its screen and says above it what to do there."))
    for role in (role for role in roles() if role in panel.actor.roles):
        st.subheader(both(*roles()[role]))
        for number, step in enumerate(tours()[role]):
            press, said = st.columns([1, 9], vertical_alignment="center")
            if press.button(_("Step {n}").format(n=number + 1), key=f"tour-{role}-{number}"):
                _go(role, number)
            said.markdown(both(step["zh"], step["en"]))


def banner(pages: dict[str, Any], path: str) -> None:
    """What the current step of the tour says of this screen, with the way on; nothing when no tour is under way."""
    _, at = words(), st.session_state.get("tour")
    if at is None:
        return
    role, number = at
    steps = tours()[role]
    step = steps[number]
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="tour"):
        said = both(step["zh"], step["en"])
        st.markdown(f"**{_('Step {n}').format(n=number + 1)} / {len(steps)}** {said}")
        if step["screen"] != path:
            st.page_link(pages[step["screen"]], label=_("To this screen"))
        if number + 1 < len(steps) and st.button(_("Next step"), key="tour-next"):
            _go(role, number + 1)
        st.button(_("End the tour"), key="tour-end", on_click=_end)


def _go(role: str, number: int) -> None:
    st.session_state["tour"] = (role, number)
    st.switch_page(st.session_state["pages"][tours()[role][number]["screen"]])


def _end() -> None:
    st.session_state["tour"] = None
