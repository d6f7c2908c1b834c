"""The review app's entry: who is signed in, which screens their roles have, the language."""

from __future__ import annotations

import streamlit as st

from panel.tables import roles
from review_app import look, parts
from review_app.navigation import screens, shown
from review_app.screens import tour
from review_app.state import LANGUAGES, both, language, service, words

st.set_page_config(page_title="处方点评 rxpanel", layout="wide", initial_sidebar_state=210)
st.html(look.sheet())

panel = service()
with st.sidebar:
    who = st.container()
    chosen = st.radio("语言 Language", list(LANGUAGES), format_func=LANGUAGES.__getitem__, horizontal=True,
                      index=list(LANGUAGES).index(language()), key="language_choice")  # fmt: skip
st.session_state["language"] = chosen
if (st.query_params.get("lang") or "zh") != chosen:
    # In the address, so that a reload keeps it.
    st.query_params["lang"] = chosen
_ = words()
# Only now: the language just chosen counts for it as well.
who.caption(f"{panel.actor.name} · {'、'.join(both(*roles()[name]) for name in sorted(panel.actor.roles))}")
with st.sidebar:
    parts.print_button(_("Print this page"))
    st.html(f'<a href="/signout" target="_self">{_("Sign out")}</a>')

listed = screens(_)
first = next(screen for screen in listed if panel.may(screen.needs))
pages = {
    screen.path: st.Page(
        shown(panel, screen), title=screen.title, url_path=screen.path, default=screen == first,
        visibility="visible" if panel.may(screen.needs) else "hidden",
    )
    for screen in listed
}  # fmt: skip
st.session_state["pages"] = pages
current = st.navigation(list(pages.values()))
tour.banner(pages, current.url_path or first.path)
current.run()
