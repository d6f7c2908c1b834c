"""What a screen works with: the signed-in actor, the panel's service, the language; and where one goes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from panel.accounts import Actor, actor_of
from panel.service import PanelService
from panel.store import Store, open_store
from records.words import translator
from records.workplace import Workplace
from review_app.markup import state
from review_app.pages import COOKIE
from review_app.presenters import one_of

LANGUAGES = {"zh": "中文", "en": "English"}


@st.cache_resource(show_spinner=False)
def _store(url: str) -> Store:
    return open_store(url)


def workplace() -> Workplace:
    """The work folder that the app was started for."""
    return Workplace.of(None)


def current_actor() -> Actor | None:
    """Who is signed in: by the session's cookie."""
    token = st.session_state.get("token") or st.context.cookies.get(COOKIE)
    return actor_of(_store(workplace().store_url()), str(token)) if token else None


def service() -> PanelService:
    """The panel's service for the signed-in actor; the script stops when nobody is."""
    actor = current_actor()
    if actor is None:
        st.markdown('<a href="/signin" target="_self">请登录 Please sign in</a>', unsafe_allow_html=True)
        st.stop()
    return PanelService(_store(workplace().store_url()), actor)


def language() -> str:
    """zh or en: as chosen in this session, else as the address says after a reload."""
    found = st.session_state.get("language") or st.query_params.get("lang")
    return found if found in LANGUAGES else "zh"


def words() -> Callable[[str], str]:
    """The catalogue of the chosen language; English texts are the message ids."""
    return translator("review_app", language())


def both(zh: str, en: str) -> str:
    """One of two texts that data carry, by language."""
    return zh if language() == "zh" else en


def empty(title: str, said: str) -> None:
    """The designed state of a screen without content."""
    st.html(state("empty", title, said))


def done(said: str) -> None:
    """Tell after the next run what was done."""
    st.session_state["told"] = ("success", said)


def failed(situation: Exception) -> None:
    """Tell after the next run what could not be done."""
    st.session_state["told"] = ("error", one_of(str(situation), language()))


def tell() -> None:
    """Show what a step before this run had to say, once."""
    kind, said = st.session_state.pop("told", (None, ""))
    if not kind:
        return
    # Sticks to the top edge: it is seen by who has scrolled down to what was pressed.
    with st.container(key="told"):
        if kind == "success":
            st.success(f"✓ {said}")
        else:
            st.error(f"▲ {said}")


def quarter_of(panel: Any, key: str) -> str | None:
    """The quarter to look at, the newest first; says so and gives None when there is none."""
    _ = words()
    names = panel.quarters()
    if not names:
        empty(_("Nothing here yet"), _("No quarter has been drawn yet: run one with 'rxpanel run'."))
        return None
    return str(st.selectbox(_("Quarter"), names, key=key)) if len(names) > 1 else str(names[0])
