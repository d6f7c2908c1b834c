"""The screens as data: address, title, the permission they need, and the module that draws them."""

from __future__ import annotations

import importlib
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from panel.service import PanelService
from records.errors import NotPermitted, Situation
from review_app.markup import state
from review_app.presenters import one_of
from review_app.state import language, tell, words

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Screen:
    """A screen. ``title`` is a message of the catalogue; ``needs`` is checked, and a refusal logged, by the panel."""

    path: str
    title: str
    needs: str


def screens(_: Callable[[str], str]) -> list[Screen]:
    """All screens in the order of the menu; everybody's first permitted one is their first page."""
    return [
        Screen("queue", _("My queue"), "see_queue"),
        Screen("case", _("Case"), "see_queue"),
        Screen("disputes", _("Disputes"), "adjudicate"),
        Screen("decided", _("Decided cases"), "adjudicate"),
        Screen("board", _("Quarter board"), "see_progress"),
        Screen("institutions", _("Institutions"), "see_progress"),
        Screen("agreement", _("Agreement"), "see_reliability"),
        Screen("publishing", _("Publishing"), "notify"),
        Screen("objections", _("Records and objections"), "answer_record"),
        Screen("reviews", _("Re-reviews"), "re_review"),
        Screen("leads", _("Leads"), "see_leads"),
        Screen("scores", _("Models and scores"), "see_models"),
        Screen("watch", _("Watch and gate"), "see_models"),
        Screen("log", _("Audit log"), "see_log"),
        Screen("pool", _("Expert pool"), "manage_pool"),
        Screen("accounts", _("Accounts and roles"), "manage_accounts"),
        Screen("designs", _("Designs"), "manage_pool"),
        Screen("calendars", _("Calendar"), "manage_pool"),
        Screen("tour", _("Guided tour"), "see_quarters"),
    ]


def shown(panel: PanelService, screen: Screen) -> Callable[[], None]:
    """A screen as a page: whoever may not see it is told so, and what fails is said in one sentence."""

    def page() -> None:
        _ = words()
        tell()
        try:
            panel.require(screen.needs, screen.path)
            st.session_state["whose"] = panel.actor.account
            importlib.import_module(f"review_app.screens.{screen.path}").show(panel)
        except NotPermitted as refused:
            st.html(state("denied", _("Not permitted"), one_of(str(refused), language())))
        except Situation as situation:
            st.html(state("error", _("This could not be done"), one_of(str(situation), language())))
            st.button(_("Try again"))
        except Exception:
            number = uuid.uuid4().hex[:8]
            _LOG.exception("screen %s failed, number %s", screen.path, number)
            said = _("Something went wrong here. Tell the administrator this number: {number}.").format(number=number)
            st.html(state("error", _("This could not be done"), said))
            st.button(_("Try again"))

    page.__name__ = screen.path
    return page
