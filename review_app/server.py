"""The web server: Streamlit's screens behind a plain sign-in page that keeps the session in an HTTP-only cookie.

Streamlit's own session state dies with a reload, and its scripts cannot set cookies; so the sign-in is a page of its
own, before Streamlit. No script of a page can read the cookie, and no other site can send it (SameSite=Strict).
"""

from __future__ import annotations

import logging
from html import escape
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit import config
from streamlit.starlette import App

from panel.accounts import actor_of, change_password, must_change, sign_in, sign_out
from panel.store import open_store
from records.errors import Situation
from records.workplace import Workplace

COOKIE = "rxpanel_session"
_STYLE = """body{font-family:"Noto Sans CJK SC","Microsoft YaHei",sans-serif;background:#f4f6f8;color:#1f2933;
display:flex;justify-content:center;padding-top:10vh}main{background:#fff;padding:2rem 2.5rem;border-radius:8px;
width:22rem;border:1px solid #d9e2ec}h1{font-size:1.25rem}label{display:block;margin:.9rem 0 .2rem}
input{width:100%;padding:.5rem;font-size:1rem;box-sizing:border-box}button{margin-top:1.2rem;width:100%;
padding:.6rem;font-size:1rem;background:#1d5a85;color:#fff;border:0;border-radius:4px}p.problem{color:#a61b1b}"""


def _page(title: str, fields: str, button: str, problem: str = "") -> HTMLResponse:
    said = f"<p class=problem role=alert>{escape(problem)}</p>" if problem else ""
    return HTMLResponse(
        f"<!doctype html><html lang=zh><meta charset=utf-8><title>处方点评 rxpanel</title><style>{_STYLE}</style>"
        f"<main><h1>{title}</h1>{said}<form method=post>{fields}<button>{button}</button></form></main></html>",
        status_code=403 if problem else 200,
        headers={"Cache-Control": "no-store", "Content-Security-Policy": "default-src 'self' 'unsafe-inline'"},
    )


def _sign_in_page(problem: str = "") -> HTMLResponse:
    fields = (
        "<label for=account>账号 Account</label><input id=account name=account autocomplete=username autofocus required>"
        "<label for=password>密码 Password</label>"
        "<input id=password name=password type=password autocomplete=current-password required>"
    )
    return _page("处方点评 · 登录<br>Prescription review · sign in", fields, "登录 Sign in", problem)


def _password_page(problem: str = "") -> HTMLResponse:
    fields = (
        "<label for=old>原密码 Present password</label><input id=old name=old type=password required>"
        "<label for=new>新密码（至少10位）New password (10 characters or more)</label>"
        "<input id=new name=new type=password minlength=10 required>"
    )
    return _page("请先修改密码<br>Please choose a password of your own", fields, "修改 Change", problem)


def _store_url() -> str:
    return Workplace.of(None).store_url()


async def _signin(request: Request) -> Response:
    if request.method == "GET":
        return _sign_in_page()
    form = await request.form()
    account, password = str(form.get("account", "")), str(form.get("password", ""))

    def enter() -> Any:
        with open_store(_store_url()) as store:
            return sign_in(store, account, password)

    try:
        signed = await run_in_threadpool(enter)
    except Situation as situation:
        return _sign_in_page(str(situation))
    answer = RedirectResponse("/password" if signed.must_change else "/", status_code=303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, signed.token, httponly=True, samesite="strict", secure=secure, path="/")
    return answer


async def _password(request: Request) -> Response:
    token = request.cookies.get(COOKIE, "")
    if request.method == "GET":
        return _password_page()
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
        return _password_page(str(situation))
    return RedirectResponse("/", status_code=303)


async def _signout(request: Request) -> Response:
    token = request.cookies.get(COOKIE, "")

    def leave() -> None:
        with open_store(_store_url()) as store:
            sign_out(store, token)

    await run_in_threadpool(leave)
    answer = RedirectResponse("/signin", status_code=303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


class _Door(BaseHTTPMiddleware):
    """Sends whoever has no session to the sign-in, and whoever must change the password there first."""

    async def dispatch(self, request: Request, call_next: Any) -> Response:
        if request.url.path == "/" and request.method == "GET":
            token = request.cookies.get(COOKIE, "")

            def look() -> str | None:
                with open_store(_store_url()) as store:
                    actor = actor_of(store, token) if token else None
                    if actor is None:
                        return "/signin"
                    return "/password" if must_change(store, actor.account) else None

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
    ],
    middleware=[Middleware(_Door)],
)
