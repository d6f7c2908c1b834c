"""An OpenID Connect provider on this machine: real HTTP, an RSA key made for the test, faults on demand."""

from __future__ import annotations

import hmac
import json
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

SECRET = "the client's secret: 客户 %&"


@cache
def key(name: str) -> RSAKey:
    """``one`` signs, ``two`` encrypts and is published beside it; ``other`` is nobody's, under the name of the first."""
    use = "enc" if name == "two" else "sig"
    return RSAKey.generate_key(2048, {"kid": "one" if name == "other" else name, "use": use})


@dataclass
class Provider:
    """What the provider says: ``claims`` and ``discovery`` are laid over the usual ones, ``down`` = error 500."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    signing: str = "RS256"
    key: str = "one"
    error: str = ""
    down: set[str] = field(default_factory=set)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        usual = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/leave",
        }
        return {**usual, **self.discovery}

    def keys(self) -> dict[str, Any]:
        published = KeySet([key("one"), key("two")]).as_dict(private=False)
        return {"keys": [*published["keys"], {"kty": "unheard-of", "kid": "three"}]}

    def back(self, query: dict[str, str]) -> str:
        """Where the browser is led with a new code, or with the error."""
        if self.error:
            return f"{query['redirect_uri']}?{urlencode({'error': self.error, 'state': query['state']})}"
        code = f"code-{len(self.codes)}-{time.monotonic_ns()}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorisation: str) -> tuple[int, dict[str, Any]]:
        name, _, secret = b64decode(authorisation.removeprefix("Basic ")).decode().partition(":")
        given = (unquote_plus(name), unquote_plus(secret)) if name else (form.get("client_id"), form.get("client_secret"))
        if given != ("rxpanel", SECRET) or bool(name) == ("token_endpoint_auth_methods_supported" in self.discovery):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = _base64(sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant", "error_description": "used"}
        moment = int(time.time())
        usual = {"iss": self.issuer, "aud": "rxpanel", "sub": "u-1", "iat": moment, "exp": moment + 300,
                 "nonce": asked["nonce"], "name": "王医生", "preferred_username": "wang", "groups": ["experts"]}  # fmt: skip
        self.tokens.append(self.sign({**usual, **self.claims}))
        return 200, {"access_token": "an-access-token", "token_type": "Bearer", "id_token": self.tokens[-1]}

    def sign(self, claims: dict[str, Any]) -> str:
        if self.signing not in ("none", "HS256"):
            content = {name: value for name, value in key(self.key).as_dict(private=True).items() if name != "use"}
            header = {"alg": self.signing, "kid": content["kid"]}
            return jwt.encode(header, claims, RSAKey.import_key(content), algorithms=[self.signing])
        # By hand, as nobody's library should sign like this.
        header = {"alg": self.signing, "typ": "JWT", "kid": "one"}
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        # The old trick: the public key, which anybody can fetch, taken as the shared secret.
        secret = key("one").as_pem(private=False)
        return f"{signed}." + ("" if self.signing == "none" else _base64(hmac.digest(secret, signed.encode(), "sha256")))


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def _query(self, text: str) -> dict[str, str]:
            return {name: values[0] for name, values in parse_qs(text).items()}

        def _answer(self, status: int, content: Any, kind: str = "application/json") -> None:
            body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, self._query(urlsplit(self.path).query)
            provider.asked.append((path, query))
            if path in provider.down:
                self._answer(500, "out of order", "text/plain")
            elif path == "/authorize":
                page = f'<a id=agree href="{provider.back(query)}">Agree</a>'
                self._answer(200, f"<!doctype html>{page}", "text/html")
            elif path == "/leave":
                self._answer(200, "<!doctype html>You have left.", "text/html")
            elif path == "/keys":
                self._answer(200, provider.keys())
            elif path == "/.well-known/openid-configuration":
                self._answer(200, provider.document())
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            form = self._query(self.rfile.read(int(self.headers["Content-Length"])).decode())
            provider.asked.append((self.path, form))
            if self.path in provider.down:
                self._answer(500, "out of order", "text/plain")
            else:
                self._answer(*provider.token(form, self.headers.get("Authorization", "")))

    return Handler


@contextmanager
def running(host: str = "127.0.0.1") -> Iterator[Provider]:
    """A provider that answers while the block runs; ``host`` as its issuer names it."""
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.issuer = f"http://{host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
