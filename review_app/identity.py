"""The exchange with an OpenID Connect provider: authorization code with PKCE, then an ID token whose signature holds.

Documents and keys are fetched anew at every sign-in: it costs two short requests, and a key that the provider withdrew
is not believed any longer. Source: OpenID Connect Core 1.0 section 3.1, Discovery 1.0 section 4, RFC 7636, RFC 9207.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import KeySet, OctKey
from requests import RequestException

from panel.oidc import OidcSettings, is_safe
from panel.sessions import now
from records.errors import NotPermitted, ServiceUnavailable

FLOW_SECONDS = 600
_SECONDS = 10
#: Signatures with a key that only the provider has; ``none`` and shared secrets are never believed.
_SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_SEAL = {"alg": "dir", "enc": "A256GCM"}
_LOG = logging.getLogger(__name__)
_SILENT = "统一身份认证暂时不可用，请稍后再试 The identity provider does not answer as it should: try again later."
_REFUSED = "统一身份认证未通过，请重新登录 The identity provider did not confirm the sign-in: please sign in again."
_STALE = "登录已失效或不是从本页开始，请重新登录 This sign-in is over or did not begin here: please sign in again."


@dataclass(frozen=True)
class Client:
    """This app as the provider knows it. The secret is not in its text."""

    settings: OidcSettings
    secret: bytes

    def __repr__(self) -> str:
        return f"Client({self.settings.issuer})"

    def session(self) -> Any:
        """A session of requests, with Authlib's exchange of codes."""
        return OAuth2Session(
            self.settings.client_id, self.secret.decode(), "client_secret_post", scope=self.settings.scope,
            redirect_uri=f"{self.settings.address}/oidc/callback", code_challenge_method="S256", default_timeout=_SECONDS,
        )  # fmt: skip

    def basic(self) -> tuple[str, str]:
        """Name and secret for HTTP Basic, form-encoded (RFC 6749 section 2.3.1), which Authlib leaves out."""
        return quote_plus(self.settings.client_id), quote_plus(self.secret.decode())


@dataclass(frozen=True)
class Flow:
    """What one sign-in is known by until the provider leads back: random texts, never used twice."""

    state: str
    nonce: str
    verifier: str


def _silent(what: str) -> ServiceUnavailable:
    # For the administrator; only words of ours, so that nothing of an answer gets into the log.
    _LOG.warning("identity provider: %s", what)
    return ServiceUnavailable(_SILENT)


def _document(session: Any, address: str, what: str) -> dict[str, Any]:
    try:
        answer = session.get(address, withhold_token=True, allow_redirects=False)
        content = answer.json() if answer.status_code == 200 else None
    except (RequestException, ValueError) as error:
        raise _silent(f"the {what} cannot be fetched ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise _silent(f"the {what} cannot be fetched (status {answer.status_code})")
    return content


def _discovery(client: Client, session: Any) -> dict[str, Any]:
    issuer = client.settings.issuer
    found = _document(session, f"{issuer.rstrip('/')}/.well-known/openid-configuration", "discovery document")
    if found.get("issuer") != issuer:
        raise _silent("the discovery document names another issuer than the settings")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not is_safe(found.get(name)):
            raise _silent(f"the discovery document has no https address as {name}")
    return found


def begin(client: Client) -> tuple[str, Flow]:
    """Where to lead the browser, and what to know the answer by. Raises ServiceUnavailable."""
    flow = Flow(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
    with client.session() as session:
        place = _discovery(client, session)["authorization_endpoint"]
        address, _ = session.create_authorization_url(place, flow.state, flow.verifier, nonce=flow.nonce)
    return str(address), flow


def finish(client: Client, flow: Flow, answer: Mapping[str, str]) -> dict[str, Any]:
    """The claims of the ID token that an answer's code is worth; its signature holds, its content is not yet checked.

    Raises NotPermitted for an answer that is not good, ServiceUnavailable where the provider is at fault.
    """
    if "error" in answer or not answer.get("code") or answer.get("iss", client.settings.issuer) != client.settings.issuer:
        raise NotPermitted(_REFUSED)
    with client.session() as session:
        found = _discovery(client, session)
        methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        asked: dict[str, Any] = {"code": answer["code"], "code_verifier": flow.verifier}
        asked |= {"auth": client.basic()} if "client_secret_basic" in methods else {}
        token = _exchange(session, str(found["token_endpoint"]), asked)
        keys = _keys(_document(session, str(found["jwks_uri"]), "set of keys"))
    try:
        return dict(jwt.decode(token, keys, algorithms=_SIGNATURES).claims)
    except (JoseError, ValueError) as error:
        _LOG.warning("identity provider: the ID token is not believed (%s)", type(error).__name__)
        raise NotPermitted(_REFUSED) from error


def _exchange(session: Any, place: str, asked: Mapping[str, Any]) -> str:
    try:
        given = session.fetch_token(place, grant_type="authorization_code", allow_redirects=False, **asked)
    except OAuthError as error:
        # The code was used, is over, or belongs to somebody else; anything else is about the settings.
        if error.error == "invalid_grant":
            raise NotPermitted(_REFUSED) from error
        raise _silent("the token endpoint refused: check client_id, RXPANEL_OIDC_SECRET and address") from error
    except (RequestException, ValueError) as error:
        raise _silent(f"the token endpoint failed ({type(error).__name__})") from error
    token = given.get("id_token")
    if not isinstance(token, str):
        raise _silent("the token endpoint gave no ID token: check scope")
    return token


def _keys(document: Mapping[str, Any]) -> KeySet:
    """The keys of the kinds that sign here; a kind that nobody heard of would make the whole set unreadable."""
    listed = document.get("keys")
    known = [key for key in (listed if isinstance(listed, list) else []) if isinstance(key, dict)]
    signing = [key for key in known if key.get("kty") in ("RSA", "EC")]
    try:
        keys = KeySet.import_key_set({"keys": signing})
    except (JoseError, ValueError) as error:
        raise _silent("the set of keys cannot be read") from error
    if not signing:
        raise _silent("the set of keys has none that signs")
    return keys


def leaving_address(client: Client) -> str | None:
    """Where the provider ends its own session, None where it has no such place. Raises ServiceUnavailable.

    No ``id_token_hint``: the token would stand in an address. The provider may ask the person instead.
    """
    with client.session() as session:
        place = _discovery(client, session).get("end_session_endpoint")
    if not is_safe(place):
        return None
    back = {"client_id": client.settings.client_id, "post_logout_redirect_uri": f"{client.settings.address}/signin"}
    return f"{place}{'&' if '?' in str(place) else '?'}{urlencode(back)}"


def _seal_key(client: Client) -> OctKey:
    # From the secret, so that every process of this app opens what another one sealed, and no second secret is needed.
    return OctKey.import_key(hmac.digest(client.secret, b"rxpanel sign-in in progress", "sha256"))


def seal(client: Client, flow: Flow) -> str:
    """A flow as a cookie's text that nobody else can read, change, or use after FLOW_SECONDS."""
    content = {**asdict(flow), "exp": int(now().timestamp()) + FLOW_SECONDS}
    return jwt.encode(_SEAL, content, _seal_key(client), registry=JWERegistry())


def unseal(client: Client, text: str, state: str) -> Flow:
    """The flow of a cookie for the state that came back. Raises NotPermitted when they do not belong together."""
    try:
        content = jwt.decode(text, _seal_key(client), registry=JWERegistry()).claims
        jwt.JWTClaimsRegistry(int(now().timestamp()), exp={"essential": True}).validate(content)
    except (JoseError, ValueError) as error:
        raise NotPermitted(_STALE) from error
    flow = Flow(content["state"], content["nonce"], content["verifier"])
    if not hmac.compare_digest(flow.state.encode(), state.encode()):
        raise NotPermitted(_STALE)
    return flow
