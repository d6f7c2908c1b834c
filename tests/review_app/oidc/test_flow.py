"""Sign-in through an outside provider, over real HTTP."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser

from panel.accounts import end_account
from panel.store import Store
from tests.review_app.oidc import provider as fake
from tests.review_app.oidc.person import Person, refused, sign_ins
from tests.review_app.oidc.provider import SECRET, Provider


def test_through_the_whole_flow_into_a_session_and_out_again(
    browser: Person, store: Store, address: str, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = browser.get("/signin").text
    assert f'href="{address}/oidc/start"' in page
    assert page.index("统一身份认证登录") < page.index("Sign in with your organisation")
    assert "<form" not in page
    asked = browser.start()
    assert asked["code_challenge_method"] == "S256"
    assert (asked["response_type"], asked["scope"]) == ("code", "openid profile")
    assert asked["redirect_uri"] == f"{address}/oidc/callback"
    again = Person(address, provider).start()
    assert all(asked[name] != again[name] for name in ("state", "nonce", "code_challenge"))
    flow = next(cookie for cookie in browser.session.cookies if cookie.name == "rxpanel_oidc")
    assert flow.path == "/oidc"
    assert asked["nonce"] not in str(flow.value)

    answer = browser.get(browser.back(asked))
    assert answer.status_code == 200
    assert '<meta http-equiv=refresh content="0;url=/">' in answer.text
    assert (answer.headers["referrer-policy"], answer.headers["cache-control"]) == ("no-referrer", "no-store")
    cookie = next(line for line in answer.headers["set-cookie"].split(", ") if line.startswith("rxpanel_session"))
    assert "httponly" in cookie.lower()
    assert "samesite=strict" in cookie.lower()
    signed = browser.actor(store)
    assert signed is not None
    assert (signed.account, signed.name, signed.roles) == ("wang", "王医生", {"expert"})
    assert browser.get("/").headers.get("location") is None
    assert sign_ins(store) == [("wang", True)]

    answer = browser.get("/signout")
    leaving = urlsplit(answer.headers["location"])
    assert f"{leaving.scheme}://{leaving.netloc}{leaving.path}" == f"{provider.issuer}/leave"
    query = {"client_id": ["rxpanel"], "post_logout_redirect_uri": [f"{address}/signin"]}
    assert parse_qs(leaving.query) == query
    assert browser.actor(store) is None
    assert browser.get("/").headers["location"] == "/signin"
    verifiers = [form["code_verifier"] for path, form in provider.asked if path == "/token"]
    for secret in (*provider.tokens, *verifiers, "an-access-token", SECRET, asked["nonce"]):
        assert secret not in caplog.text


def test_a_wrong_state_or_none_is_refused_before_the_provider_is_asked(browser: Person, store: Store) -> None:
    asked = browser.start()
    told = len(browser.provider.asked)
    assert "did not begin here" in refused(browser.get(browser.back({**asked, "state": "other"})), browser, store)
    assert "did not begin here" in refused(browser.get("/oidc/callback"), browser, store)
    assert "did not begin here" in refused(browser.get(browser.back(browser.start())[:-4]), browser, store)
    assert [path for path, _ in browser.provider.asked[told:] if path == "/token"] == []


def test_the_answer_to_another_browser_is_refused(browser: Person, store: Store, address: str) -> None:
    place = browser.back(browser.start())
    victim = Person(address, browser.provider)
    assert "did not begin here" in refused(victim.get(place), victim, store)
    victim.start()
    assert "did not begin here" in refused(victim.get(place), victim, store)


def test_a_cookie_that_was_changed_or_is_over_is_refused(
    browser: Person, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from review_app import identity

    place = browser.back(browser.start())
    flow = next(cookie for cookie in browser.session.cookies if cookie.name == "rxpanel_oidc")
    flow.value = str(flow.value)[:-2]
    assert "did not begin here" in refused(browser.get(place), browser, store)
    monkeypatch.setattr(identity, "FLOW_SECONDS", -1)
    answer = browser.get("/oidc/start")
    _, _, pair = answer.headers["set-cookie"].partition("rxpanel_oidc=")
    browser.session.cookies.set("rxpanel_oidc", pair.partition(";")[0], domain="127.0.0.1", path="/oidc")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    assert "did not begin here" in refused(browser.get(browser.back(asked)), browser, store)


def test_a_code_is_good_once(browser: Person, store: Store) -> None:
    asked = browser.start()
    place = browser.back(asked)
    flow = {cookie.name: str(cookie.value) for cookie in browser.session.cookies}
    assert browser.get(place).status_code == 200
    browser.session.cookies.clear()
    assert "did not begin here" in refused(browser.get(place), browser, store)
    browser.session.cookies.set("rxpanel_oidc", flow["rxpanel_oidc"], domain="127.0.0.1", path="/oidc")
    assert "did not confirm" in refused(browser.get(place), browser, store)
    assert sign_ins(store) == [("wang", True), ("unknown", False)]


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"nonce": "other"}, "nonce"), ({"nonce": None}, "nonce"), ({"aud": "other"}, "audience"),
        ({"aud": ["rxpanel", "other"]}, "authorised party"), ({"exp": int(time.time()) - 3600}, "expiry"),
        ({"iss": "http://127.0.0.1:1"}, "issuer"), ({"iat": int(time.time()) + 3600}, "time of issue"),
    ],
)  # fmt: skip
def test_claims_that_do_not_hold_are_refused(browser: Person, store: Store, claims: dict[str, Any], word: str) -> None:
    browser.provider.claims = claims
    assert f"cannot be taken: {word}." in refused(browser.sign_in(), browser, store)
    assert sign_ins(store) == [("unknown", False)]


@pytest.mark.parametrize("wrong", [{"key": "other"}, {"key": "two"}, {"signing": "none"}, {"signing": "HS256"}])
def test_signatures_that_do_not_hold_are_refused(browser: Person, store: Store, wrong: dict[str, Any]) -> None:
    for name, value in wrong.items():
        setattr(browser.provider, name, value)
    assert "did not confirm" in refused(browser.sign_in(), browser, store)
    assert sign_ins(store) == [("unknown", False)]
    assert browser.provider.tokens


@pytest.mark.parametrize("signing", ["RS256", "PS256", "RS512"])
def test_signatures_that_hold_are_taken(browser: Person, store: Store, signing: str) -> None:
    browser.provider.signing = signing
    assert browser.sign_in().status_code == 200
    assert browser.actor(store) is not None


def test_without_a_role_or_with_a_closed_account_nobody_comes_in(browser: Person, store: Store) -> None:
    browser.provider.claims = {"groups": ["gardeners", "administrator"]}
    assert "no role here" in refused(browser.sign_in(), browser, store)
    browser.provider.claims = {}
    browser.sign_in()
    end_account(store, "wang", "root")
    assert "no role here" in refused(browser.sign_in(), browser, store)


def test_an_error_of_the_provider_is_one_sentence_and_none_of_its_words(browser: Person, store: Store) -> None:
    browser.provider.error = "<script>access_denied"
    answer = browser.sign_in()
    assert "did not confirm" in refused(answer, browser, store)
    assert "access_denied" not in answer.text
    # The mixed-up provider of RFC 9207: the answer names another one.
    browser.provider.error = ""
    place = browser.back(browser.start()) + "&iss=https%3A%2F%2Fevil.example"
    assert "did not confirm" in refused(browser.get(place), browser, store)


@pytest.mark.parametrize("path", ["/token", "/keys", "/.well-known/openid-configuration"])
def test_a_provider_that_is_down_on_the_way_back_is_a_502(browser: Person, store: Store, path: str) -> None:
    place = browser.back(browser.start())
    browser.provider.down = {path}
    assert "does not answer" in refused(browser.get(place), browser, store, 502)


@pytest.mark.parametrize(
    "discovery",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://id.example/token"}, {"jwks_uri": None},
     {"authorization_endpoint": "javascript:alert(1)"}],
)  # fmt: skip
def test_a_discovery_document_that_cannot_be_trusted_is_a_502(browser: Person, store: Store, discovery: dict[str, Any]) -> None:
    browser.provider.discovery = discovery
    assert "does not answer" in refused(browser.get("/oidc/start"), browser, store, 502)


def test_without_a_place_to_leave_the_sign_out_ends_here(browser: Person, store: Store) -> None:
    browser.provider.discovery = {"end_session_endpoint": None}
    browser.sign_in()
    assert browser.get("/signout").headers["location"] == "/signin"
    assert browser.actor(store) is None


@pytest.mark.browser
def test_a_real_browser_comes_in_although_the_provider_is_another_site(
    chromium: Browser, address: str, configure: Callable[..., None], store: Store
) -> None:
    with fake.running("localhost") as elsewhere, chromium.new_context() as context:
        configure(issuer=elsewhere.issuer)
        page = context.new_page()
        page.goto(f"{address}/signin")
        page.click("a.button")
        page.wait_for_selector("#agree")
        assert page.url.startswith("http://localhost:")
        # Without the Strict cookie the door would lead from / back to the sign-in.
        with page.expect_response(lambda answer: answer.url == f"{address}/") as entered:
            page.click("#agree")
        assert entered.value.status == 200
        page.wait_for_url(f"{address}/", wait_until="commit")
        cookies = {cookie["name"]: cookie for cookie in context.cookies()}
        assert set(cookies) == {"rxpanel_session"}
        assert cookies["rxpanel_session"]["sameSite"] == "Strict"
        page.go_back(wait_until="commit")
        assert "/oidc/" not in page.url, "the address with the code stays in the history"
        page.goto(f"{address}/signout")
        page.get_by_text("You have left").wait_for()
        assert page.url.startswith(f"{elsewhere.issuer}/leave?")
        assert context.cookies() == []
    assert sign_ins(store) == [("wang", True)]
