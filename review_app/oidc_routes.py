"""``/oidc/start`` leads to the identity provider, ``/oidc/callback`` is where it leads back; both only when configured.

Between the two, what the answer has to fit stands in a sealed cookie: this app keeps nothing for those who never return.
That cookie is SameSite=Lax, because it has to come along when the provider leads back from its own site; the session's
cookie stays Strict.
"""

from __future__ import annotations

import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from panel.oidc import OidcSettings, configured, leave, record_refused, sign_in_oidc
from panel.sessions import SignedIn
from panel.store import open_store
from records.errors import NotFound, NotPermitted, ServiceUnavailable, Situation, WrongUse
from records.workplace import Workplace
from review_app import identity
from review_app.identity import Client
from review_app.pages import COOKIE, onward_page, sign_in_page, status_of

FLOW = "rxpanel_oidc"
_PATH = "/oidc"
_LOG = logging.getLogger(__name__)


def client() -> Client | None:
    """The configured provider. Raises ServiceUnavailable for settings that cannot be used; the log says what is wrong."""
    try:
        found = configured()
    except (NotFound, WrongUse) as error:
        _LOG.warning("identity provider: %s", error)
        said = "统一身份认证设置有误，请联系管理员 The sign-in is not set up rightly: please tell the administrator."
        raise ServiceUnavailable(said) from error
    return None if found is None else Client(found[0], found[1].encode())


def settings() -> OidcSettings | None:
    """The configured provider's settings. Raises ServiceUnavailable as ``client``."""
    found = client()
    return found.settings if found else None


def _needed() -> Client:
    found = client()
    if found is None:
        raise NotPermitted("未启用统一身份认证 There is no identity provider here: sign in with a local account.")
    return found


def _secure(found: Client) -> bool:
    return found.settings.address.startswith("https:")


async def _start(_request: Request) -> Response:
    found = _needed()
    try:
        address, flow = await run_in_threadpool(identity.begin, found)
    except Situation as situation:
        return sign_in_page(found.settings, str(situation), status_of(situation))
    answer = RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        FLOW, identity.seal(found, flow), max_age=identity.FLOW_SECONDS, path=_PATH, httponly=True, samesite="lax",
        secure=_secure(found),
    )  # fmt: skip
    return answer


async def _callback(request: Request) -> Response:
    found, query, sealed = _needed(), dict(request.query_params), request.cookies.get(FLOW, "")

    def enter() -> SignedIn:
        flow = identity.unseal(found, sealed, query.get("state", ""))
        with open_store(Workplace.of(None).store_url()) as store:
            try:
                claims = identity.finish(found, flow, query)
            except NotPermitted:
                record_refused(store, found.settings)
                raise
            return sign_in_oidc(store, found.settings, claims, flow.nonce)

    answer: Response
    try:
        signed = await run_in_threadpool(enter)
    except Situation as situation:
        answer = sign_in_page(found.settings, str(situation), status_of(situation))
    else:
        answer = onward_page()
        answer.set_cookie(COOKIE, signed.token, httponly=True, samesite="strict", secure=_secure(found), path="/")
    answer.delete_cookie(FLOW, path=_PATH, httponly=True, samesite="lax", secure=_secure(found))
    return answer


def end(token: str) -> str:
    """End a session; gives the address that comes next: the provider's where it opened the session and ends its own."""
    try:
        found = client()
    except ServiceUnavailable:
        # Already in the log. Whoever signs out is signed out, whatever is wrong with the provider.
        found = None
    with open_store(Workplace.of(None).store_url()) as store:
        outside = leave(store, found.settings if found else None, token)
    if found is None or not outside:
        return "/signin"
    try:
        return identity.leaving_address(found) or "/signin"
    except ServiceUnavailable:
        return "/signin"


ROUTES = [Route(f"{_PATH}/start", _start), Route(f"{_PATH}/callback", _callback)]
