"""The web server: Streamlit's screens behind a plain sign-in page that keeps the session in an HTTP-only cookie.

Streamlit's own session state dies with a reload, and its scripts cannot set cookies; so the sign-in is a page of its
own, before Streamlit. No script of a page can read the cookie, and no other site can send it (SameSite=Strict).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from streamlit import config
from streamlit.starlette import App

from panel.accounts import Actor, actor_of, change_password, must_change
from panel.oidc import sign_in_local
from panel.store import open_store
from panel.tables import permissions
from records.errors import Situation
from records.workplace import Workplace
from review_app import oidc_routes
from review_app.navigation import screens
from review_app.pages import COOKIE, is_secure, page, password_page, sign_in_page, status_of


def _store_url() -> str:
    return Workplace.of(None).store_url()


async def _signin(request: Request) -> Response:
    settings = oidc_routes.settings()
    if request.method == "GET":
        return sign_in_page(settings)
    form = await request.form()
    account, password = str(form.get("account", "")), str(form.get("password", ""))

    def enter() -> Any:
        with open_store(_store_url()) as store:
            return sign_in_local(store, settings, account, password)

    try:
        signed = await run_in_threadpool(enter)
    except Situation as situation:
        return sign_in_page(settings, str(situation))
    answer = RedirectResponse("/password" if signed.must_change else "/", status_code=303)
    secure = is_secure(request, settings)
    answer.set_cookie(COOKIE, signed.token, httponly=True, samesite="strict", secure=secure, path="/")
    return answer


async def _password(request: Request) -> Response:
    token = request.cookies.get(COOKIE, "")
    if request.method == "GET":
        return password_page()
    form = await request.form()

    def change() -> None:
        with open_store(_store_url()) as store:
            actor = actor_of(store, token)
            if actor is not None:
                old, new = str(form.get("old", "")), str(form.get("new", ""))
                change_password(store, actor.account, old, new, keep=token)

    try:
        await run_in_threadpool(change)
    except Situation as situation:
        return password_page(str(situation))
    return RedirectResponse("/", status_code=303)


async def _signout(request: Request) -> Response:
    place = await run_in_threadpool(oidc_routes.end, request.cookies.get(COOKIE, ""))
    answer = RedirectResponse(place, status_code=303)
    answer.delete_cookie(COOKIE, path="/")
    # What was typed and never reached the server stays for the next sign-in only until somebody signs out.
    answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


async def _told(_request: Request, error: Exception) -> Response:
    """What a page could not do, in its one sentence."""
    if not isinstance(error, Situation):
        raise error
    return page("处方点评<br>Prescription review", "", str(error), status_of(error))


#: Addresses of the app itself, which a browser may be led to or reload.
_PAGES = {"", *(screen.path for screen in screens(str))}


def _first(actor: Actor) -> str | None:
    """The actor's first screen, which Streamlit knows by the address / alone."""
    return next((screen.path for screen in screens(str) if actor.roles & permissions()[screen.needs]), None)


class _Door(BaseHTTPMiddleware):
    """Sends whoever has no session to the sign-in, and whoever must change the password there first.

    The own address of somebody's first screen leads to /: Streamlit would say, in English, that there is no such page.
    """

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        asked = request.url.path.strip("/")
        if request.method == "GET" and asked in _PAGES:
            token = request.cookies.get(COOKIE, "")

            def look() -> str | None:
                with open_store(_store_url()) as store:
                    actor = actor_of(store, token) if token else None
                    if actor is None:
                        return "/signin"
                    if must_change(store, actor.account):
                        return "/password"
                    return f"/?{request.url.query}".rstrip("?") if asked and asked == _first(actor) else None

            place = await run_in_threadpool(look)
            if place is not None:
                return RedirectResponse(place, status_code=303)
        answer: Response = await call_next(request)
        return answer


#: Streamlit reads its environment only when its own command starts it; here the settings are set directly.
SETTINGS = {
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "logger.level": "warning",
    "server.fileWatcherType": "none",
    "server.headless": True,
    "theme.base": "light",
    "theme.primaryColor": "#1d5a85",
    "theme.font": "'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', sans-serif",
}
for _name, _value in SETTINGS.items():
    config.set_option(_name, _value)
logging.getLogger("uvicorn.access").disabled = True
app = App(
    Path(__file__).parent / "main.py",
    routes=[
        Route("/signin", _signin, methods=["GET", "POST"]),
        Route("/password", _password, methods=["GET", "POST"]),
        Route("/signout", _signout),
        *oidc_routes.ROUTES,
    ],
    exception_handlers={Situation: _told},
    middleware=[Middleware(_Door)],
)
