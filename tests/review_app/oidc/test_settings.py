"""The provider's settings: what they open, what they close, and what happens when they are wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from panel.accounts import create_account
from panel.oidc import configured, load_oidc
from panel.store import Store
from pipelines.demo import start_app
from records.errors import NotFound, WrongUse
from records.workplace import Workplace
from tests.review_app.oidc.person import GOOD, Person, local, refused


def test_a_wrong_secret_is_the_administrators_matter(
    browser: Person, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RXPANEL_OIDC_SECRET", "not the secret")
    assert "does not answer" in refused(browser.sign_in(), browser, store, 502)
    assert "RXPANEL_OIDC_SECRET" in caplog.text
    assert "not the secret" not in caplog.text


def test_a_provider_that_is_gone_is_a_502_and_signing_out_still_works(
    address: str, browser: Person, store: Store, configure: Callable[..., None], tmp_path: Path
) -> None:
    browser.sign_in()
    file = tmp_path / "oidc.toml"
    gone = file.read_text().replace(browser.provider.issuer, "http://127.0.0.1:9")
    file.write_text(gone)
    assert browser.get("/oidc/start").status_code == 502
    configure()
    browser.provider.down = {"/.well-known/openid-configuration"}
    assert browser.get("/signout").headers["location"] == "/signin"
    assert browser.actor(store) is None


def test_the_secret_goes_the_way_that_the_provider_takes(browser: Person, store: Store) -> None:
    browser.provider.discovery = {"token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"]}
    assert browser.sign_in().status_code == 200
    assert browser.actor(store) is not None


def test_local_accounts_are_off_unless_the_settings_name_them(
    browser: Person, store: Store, configure: Callable[..., None]
) -> None:
    for name in ("ann", "root"):
        create_account(store, name, GOOD, ["administrator"], must_change=False)
    for name in ("ann", "root"):
        assert "not right" in refused(local(browser, name), browser, store)
    configure('local_accounts = ["root"]\n')
    assert "<details>" in browser.get("/signin").text
    assert "not right" in refused(local(browser, "ann"), browser, store)
    assert local(browser, "root").headers["location"] == "/"
    assert browser.actor(store) is not None
    assert browser.get("/signout").headers["location"] == "/signin"
    configure('local_accounts = ["*"]\n')
    assert local(browser, "ann").headers["location"] == "/"


def test_without_a_provider_the_page_is_the_local_one(browser: Person, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RXPANEL_OIDC")
    create_account(store, "ann", GOOD, ["expert"], must_change=False)
    page = browser.get("/signin").text
    assert "<form" in page
    assert "/oidc/" not in page
    for place in ("/oidc/start", "/oidc/callback"):
        assert browser.get(place).status_code == 403
    assert local(browser, "ann").headers["location"] == "/"


def test_settings_that_cannot_be_used_open_no_door(
    browser: Person, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    create_account(store, "ann", GOOD, ["expert"], must_change=False)
    monkeypatch.delenv("RXPANEL_OIDC_SECRET")
    with pytest.raises(WrongUse, match="RXPANEL_OIDC_SECRET"):
        configured()
    for answer in (browser.get("/signin"), local(browser, "ann"), browser.get("/oidc/start")):
        assert "tell the administrator" in refused(answer, browser, store, 502)
    assert str(tmp_path) not in browser.get("/signin").text
    assert browser.get("/signout").headers["location"] == "/signin"


def test_the_app_does_not_start_with_settings_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, configure: Any, tmp_path: Path
) -> None:
    started: list[dict[str, str]] = []
    monkeypatch.setattr("pipelines.demo.subprocess.run", lambda _command, env, check: started.append(env))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RXPANEL_OIDC", "none.toml")
    with pytest.raises(NotFound, match="no file none"):
        start_app(Workplace.of(tmp_path), 1)
    assert not started
    monkeypatch.setenv("RXPANEL_OIDC", "oidc.toml")
    start_app(Workplace.of(tmp_path), 1)
    assert [env["RXPANEL_OIDC"] for env in started] == [str(tmp_path / "oidc.toml")]


def test_the_example_in_the_manual_is_one(tmp_path: Path) -> None:
    manual = (Path(__file__).resolve().parents[3] / "docs" / "sign_in.md").read_text(encoding="utf-8")
    example = manual.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "plain.toml").write_text(example, encoding="utf-8")
    (tmp_path / "full.toml").write_text(re.sub(r"^# ", "", example, flags=re.MULTILINE), encoding="utf-8")
    plain, full = load_oidc(tmp_path / "plain.toml"), load_oidc(tmp_path / "full.toml")
    assert not plain.allows_local("emergency-admin")
    assert (full.local_accounts, full.expert_claim) == (("emergency-admin",), "expert_no")
    # What stands in a comment as usual is usual.
    assert (plain.scope, plain.name_claim, plain.account_claim) == (full.scope, full.name_claim, full.account_claim)


@pytest.mark.parametrize(
    ("header", "setting", "secure"),
    [("", "", False), ("http", "", False), ("https", "", True), ("https, http", "", True), ("http, https", "", False),
     ("", "1", True), ("http", "0", False)],
)  # fmt: skip
def test_the_cookie_is_secure_where_people_come_by_https_as_the_proxy_or_a_setting_says(
    browser: Person, store: Store, monkeypatch: pytest.MonkeyPatch, header: str, setting: str, secure: bool
) -> None:
    monkeypatch.delenv("RXPANEL_OIDC")
    monkeypatch.setenv("RXPANEL_SECURE_COOKIES", setting)
    create_account(store, "ann", GOOD, ["expert"], must_change=False)
    browser.session.headers["X-Forwarded-Proto"] = header
    answer = local(browser, "ann")
    assert answer.headers["location"] == "/"
    assert ("secure" in answer.headers["set-cookie"].lower()) == secure
