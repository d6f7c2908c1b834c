"""The review app's entry: who is signed in, which screens their roles have, the language."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import streamlit as st

from records.errors import Situation
from review_app.screens import case, disputes, log, pool, progress, queue, registry
from review_app.state import language, service, words

st.set_page_config(page_title="处方点评 rxpanel", layout="wide")


def _guarded(screen: ModuleType) -> Callable[[], None]:
    def show() -> None:
        try:
            screen.show()
        except Situation as situation:
            st.error(str(situation))

    return show


_ = words()
panel = service()
pages = []
if panel.may("see_queue"):
    pages.append(st.Page(_guarded(queue), title=_("My queue"), url_path="queue"))
    pages.append(st.Page(_guarded(case), title=_("Case"), url_path="case"))
if panel.may("adjudicate"):
    pages.append(st.Page(_guarded(disputes), title=_("Disputes"), url_path="disputes"))
if panel.may("see_progress"):
    pages.append(st.Page(_guarded(progress), title=_("Quarter board"), url_path="board"))
if panel.may("see_models"):
    pages.append(st.Page(_guarded(registry), title=_("Models and scores"), url_path="scores"))
if panel.may("see_log"):
    pages.append(st.Page(_guarded(log), title=_("Audit log"), url_path="log"))
if panel.may("manage_pool"):
    pages.append(st.Page(_guarded(pool), title=_("Experts and accounts"), url_path="pool"))
if panel.may("see_leads"):
    from review_app.screens import suspects

    pages.append(st.Page(_guarded(suspects), title=_("Leads"), url_path="leads"))

with st.sidebar:
    st.caption(panel.actor.name)
    chosen = st.radio("语言 Language", ["zh", "en"], format_func={"zh": "中文", "en": "English"}.__getitem__,
                      horizontal=True, index=["zh", "en"].index(language()), key="language_choice")  # fmt: skip
    if chosen != language():
        st.session_state["language"] = chosen
        st.rerun()
    st.markdown(f'<a href="/signout" target="_self">{_("Sign out")}</a>', unsafe_allow_html=True)

if not pages:
    st.info(_("Your role has no screen here."))
    st.stop()
st.session_state["pages"] = {page.url_path: page for page in pages}
st.navigation(pages).run()
