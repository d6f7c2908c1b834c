"""The plain pages before Streamlit: sign-in, password, and the page that comes between two addresses."""

from __future__ import annotations

import os
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from panel.oidc import OidcSettings
from records.errors import ServiceUnavailable, Situation

COOKIE = "rxpanel_session"
_STYLE = """body{font-family:"Noto Sans CJK SC","Microsoft YaHei",sans-serif;background:#f4f6f8;color:#1f2933;
display:flex;justify-content:center;padding-top:10vh}main{background:#fff;padding:2rem 2.5rem;border-radius:8px;
width:22rem;border:1px solid #d9e2ec}h1{font-size:1.25rem}label{display:block;margin:.9rem 0 .2rem}
input{width:100%;padding:.5rem;font-size:1rem;box-sizing:border-box}button,a.button{margin-top:1.2rem;width:100%;
padding:.6rem;font-size:1rem;background:#1d5a85;color:#fff;border:0;border-radius:4px}a.button{display:block;
box-sizing:border-box;text-align:center;text-decoration:none}summary{margin-top:1.2rem}p.problem{color:#a61b1b}"""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline'",
    # The address of a page may carry the provider's code: no other page learns it.
    "Referrer-Policy": "no-referrer",
}


def is_secure(request: Request, settings: OidcSettings | None) -> bool:
    """Whether people reach this app by https, so that its cookie never goes without: by what the request, the proxy before
    the app (X-Forwarded-Proto), the provider's settings or RXPANEL_SECURE_COOKIES=1 say.

    Whoever sends a false header only keeps their own browser from sending the cookie.
    """
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip().lower()
    told = settings is not None and settings.address.startswith("https:")
    return "https" in (request.url.scheme, forwarded) or told or os.environ.get("RXPANEL_SECURE_COOKIES") == "1"


def page(title: str, body: str, problem: str = "", status: int = 403, head: str = "") -> HTMLResponse:
    """A page of the house; ``status`` counts only where there is a problem to tell."""
    said = f"<p class=problem role=alert>{escape(problem)}</p>" if problem else ""
    return HTMLResponse(
        f"<!doctype html><html lang=zh><meta charset=utf-8>{head}<title>处方点评 rxpanel</title><style>{_STYLE}</style>"
        f"<main><h1>{title}</h1>{said}{body}</main></html>",
        status_code=status if problem else 200,
        headers=_HEADERS,
    )


def status_of(situation: Situation) -> int:
    """The answer's status: 502 where another server is at fault, else 403."""
    return 502 if isinstance(situation, ServiceUnavailable) else 403


def _form(fields: str, button: str, place: str) -> str:
    return f"<form method=post action={place}>{fields}<button>{button}</button></form>"


def sign_in_page(settings: OidcSettings | None, problem: str = "", status: int = 403) -> HTMLResponse:
    """The provider's button where there is a provider, the local form where local accounts may be used."""
    fields = (
        "<label for=account>账号 Account</label><input id=account name=account autocomplete=username autofocus required>"
        "<label for=password>密码 Password</label>"
        "<input id=password name=password type=password autocomplete=current-password required>"
    )
    body = _form(fields, "登录 Sign in", "/signin")
    if settings is not None:
        start = escape(f"{settings.address}/oidc/start")
        local = f"<details><summary>本地账号 Local account</summary>{body}</details>" if settings.local_accounts else ""
        body = f'<a class=button href="{start}">统一身份认证登录<br>Sign in with your organisation</a>{local}'
    return page("处方点评 · 登录<br>Prescription review · sign in", body, problem, status)


def password_page(problem: str = "") -> HTMLResponse:
    """Choosing a password of one's own."""
    fields = (
        "<label for=old>原密码 Present password</label><input id=old name=old type=password required>"
        "<label for=new>新密码（至少10位）New password (10 characters or more)</label>"
        "<input id=new name=new type=password minlength=10 required>"
    )
    return page("请先修改密码<br>Please choose a password of your own", _form(fields, "修改 Change", "/password"), problem)


def onward_page() -> HTMLResponse:
    """A page that goes on to the app by itself.

    The provider leads the browser to us from another site, and a redirect from there still counts as coming from that
    site: the browser would hold the Strict session cookie back, and the app would ask for a sign-in again. What a page
    of ours asks for comes from our site, so the cookie goes along. A refresh after no time also takes the address with
    the provider's code out of the browser's history.
    """
    body = "<p><a href=/>继续 Continue</a></p>"
    return page("正在进入<br>Signed in", body, head='<meta http-equiv=refresh content="0;url=/">')
