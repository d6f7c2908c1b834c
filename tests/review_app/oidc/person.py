"""A person before the sign-in, and what is looked at after it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import requests

from panel import audit
from panel.accounts import actor_of
from panel.sessions import Actor
from panel.store import Store
from tests.review_app.oidc.provider import SECRET, Provider

GOOD = "a good password"


class Person:
    """A person's browser, which can be stopped between two addresses."""

    def __init__(self, address: str, provider: Provider) -> None:
        self.address, self.provider, self.session = address, provider, requests.Session()

    def get(self, place: str) -> requests.Response:
        return self.session.get(self.address + place, allow_redirects=False, timeout=30)

    def start(self) -> dict[str, str]:
        """Press the button; gives what the provider is asked."""
        answer = self.get("/oidc/start")
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{self.provider.issuer}/authorize?")
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def back(self, asked: dict[str, str]) -> str:
        """Agree at the provider; gives the address it leads back to, as a path of the app."""
        return self.provider.back(asked).removeprefix(self.address)

    def sign_in(self) -> requests.Response:
        return self.get(self.back(self.start()))

    def actor(self, store: Store) -> Actor | None:
        return actor_of(store, self.session.cookies.get("rxpanel_session", ""))


def refused(answer: requests.Response, browser: Person, store: Store, status: int = 403) -> str:
    """The sentence of a refusal; nobody is signed in, and nothing of the exchange is shown."""
    assert answer.status_code == status
    assert browser.actor(store) is None
    assert "rxpanel_oidc" not in browser.session.cookies
    assert audit.verify(store).faults == []
    (_, _, rest) = answer.text.partition("role=alert>")
    said = rest.partition("</p>")[0]
    assert any("一" <= letter <= "鿿" for letter in said)
    assert all(secret not in answer.text for secret in (*browser.provider.tokens, "code-", "an-access-token", SECRET))
    return said


def sign_ins(store: Store) -> list[tuple[str, bool]]:
    with store.read() as connection:
        entries = connection.execute(audit.log.select()).all()
    return [(row.actor, '"ok":true' in row.change.replace(" ", "")) for row in entries if row.action == "sign in"]


def local(browser: Person, name: str) -> requests.Response:
    form = {"account": name, "password": GOOD}
    return browser.session.post(f"{browser.address}/signin", data=form, allow_redirects=False, timeout=30)
