"""What a screen works with: the signed-in actor, the panel's service, the language."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from panel.accounts import Actor, actor_of
from panel.service import PanelService
from panel.store import Store, open_store
from records.words import translator
from records.workplace import Workplace
from review_app.pages import COOKIE


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
    """zh or en."""
    return str(st.session_state.get("language", "zh"))


def words() -> Callable[[str], str]:
    """The catalogue of the chosen language; English texts are the message ids."""
    return translator("review_app", language())


def both(zh: str, en: str) -> str:
    """One of two texts that data carry, by language."""
    return zh if language() == "zh" else en
