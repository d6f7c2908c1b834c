"""The app's own small components: keys of the verdict form, text kept in the browser, printing. All local files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from panel.verdict_input import MOST_COMMENT

_ASSETS = Path(__file__).parent / "assets"

#: What components show before their script has given the words: nothing, since a button or field without a name has none.
UNNAMED = {
    "kept": (
        '<label class="rx-kept rx-unnamed"><span></span><textarea rows="2"></textarea></label><output class="rx-kept"></output>'
    ),
    "print": '<button type="button" class="rx-unnamed"></button>',
}
HIDDEN = ".rx-unnamed{display:none}"


def _script(name: str) -> str:
    return (_ASSETS / f"{name}.js").read_text(encoding="utf-8")


@st.cache_resource(show_spinner=False)
def _made() -> dict[str, Any]:
    """The components, registered once a process."""
    box = (
        ".rx-kept{display:block;font-size:.875rem}.rx-kept textarea{width:100%;box-sizing:border-box;min-height:2.6rem;"
        "font:inherit;padding:.35rem;border:1px solid #7b8794;border-radius:.4rem;color:#1f2933;background:#fff}"
        ".rx-kept output{color:#52606d;font-size:.75rem}"
    )
    plain = (
        "button{font:inherit;font-size:.85rem;padding:.2rem .7rem;border:1px solid #7b8794;border-radius:.4rem;"
        "background:#fff;color:#1f2933;cursor:pointer}"
    )
    return {
        "keys": component("rxpanel_keys", js=_script("keys"), isolate_styles=False),
        "kept": component(
            "rxpanel_kept_text",
            html=UNNAMED["kept"],
            css=box + ".rx-kept output,output.rx-kept{color:#52606d;font-size:.75rem}" + HIDDEN,
            js=_script("kept"),
            isolate_styles=False,
        ),
        "print": component("rxpanel_print", html=UNNAMED["print"], css=plain + HIDDEN, js=_script("print")),
    }


def keys() -> None:
    """Listen to the verdict form's keys while it is on the screen."""
    _made()["keys"](key="rxpanel_keys", data={}, height=1)


def kept_text(label: str, key: str, owner: str, confirmed: str, words: dict[str, str], on_change: Callable[[], None]) -> None:
    """A field of free text; its newest text stands in ``session_state[key]["text"]``, ``on_change`` saves it.

    ``owner`` = whose text of what: in the browser it is kept under a number made of it, never under a name.
    """
    store = hashlib.sha256(owner.encode()).hexdigest()[:24]
    # Flat: at a dict inside Streamlit would look for tables, and import pandas for that, seconds at the first case.
    data = {"label": label, "store": store, "confirmed": confirmed, "most": MOST_COMMENT, **words}
    _made()["kept"](key=key, data=data, on_text_change=on_change)


def print_button(words: str) -> None:
    """A button that prints the page."""
    _made()["print"](key="rxpanel_print", data={"words": words})
