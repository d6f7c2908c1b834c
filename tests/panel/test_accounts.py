"""Passwords, locks, sessions that end, and accounts of an outside provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from panel import accounts, audit, sessions
from panel.accounts import actor_of, change_password, create_account, end_account, list_accounts, sign_in, unlock_account
from panel.demo import demo_accounts, mark_demo
from panel.oidc import check_claims, leave, load_oidc, roles_of, sign_in_local, sign_in_oidc
from panel.schema import account, session
from panel.service import PanelService
from panel.store import Store
from panel.tables import roles
from records.errors import NotFound, NotPermitted, WrongUse

GOOD = "a good password"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that the test moves on."""
    begun = datetime(2026, 10, 12, 8, 0, tzinfo=UTC)

    class Clock:
        moment = begun

        def on(self, **delta: int) -> None:
            self.moment += timedelta(**delta)

    made = Clock()
    for module in (sessions, accounts):
        monkeypatch.setattr(module, "now", lambda: made.moment)
    return made


def test_passwords_are_argon2_and_tokens_are_kept_as_hashes(store: Store) -> None:
    create_account(store, "ann", GOOD, ["expert"])
    signed = sign_in(store, "ann", GOOD)
    assert signed.must_change
    with store.read() as connection:
        text = str(connection.execute(select(session)).all()) + str(connection.execute(select(account)).all())
        log = str(connection.execute(select(audit.log)).all())
    assert "$argon2id$" in text
    for secret in (signed.token, GOOD):
        assert secret not in text + log
    assert "$argon2" not in log
    for wrong in (("bob", "short", ["expert"]), ("bob", GOOD, ["king"]), ("", GOOD, ["expert"]), ("x" * 61, GOOD, ["expert"])):
        with pytest.raises(WrongUse):
            create_account(store, *wrong)


def test_five_failures_lock_for_a_quarter_of_an_hour_or_until_the_administrator(store: Store, clock: Any) -> None:
    create_account(store, "ann", GOOD, ["expert"])
    for _ in range(5):
        with pytest.raises(NotPermitted, match="not right"):
            sign_in(store, "ann", "wrong")
    said = set()
    for password in (GOOD, "wrong", ""):
        with pytest.raises(NotPermitted, match=r"locked: try again after 16:15 \(China time\)") as refused:
            sign_in(store, "ann", password)
        said.add(str(refused.value))
    # The right password is refused in the words of a wrong one.
    assert len(said) == 1
    assert [row["state"] for row in list_accounts(store)] == ["locked"]
    clock.on(minutes=16)
    sign_in(store, "ann", GOOD)
    for _ in range(4):
        with pytest.raises(NotPermitted):
            sign_in(store, "ann", "wrong")
    sign_in(store, "ann", GOOD)
    for _ in range(5):
        with pytest.raises(NotPermitted):
            sign_in(store, "ann", "wrong")
    unlock_account(store, "ann", "root")
    sign_in(store, "ann", GOOD)
    with pytest.raises(NotFound):
        unlock_account(store, "nobody", "root")
    with pytest.raises(NotPermitted, match="not right"):
        sign_in(store, "nobody", GOOD)
    assert audit.verify(store).faults == []


def test_a_session_ends_without_use_after_ten_hours_and_by_signing_out(store: Store, clock: Any) -> None:
    create_account(store, "ann", GOOD, ["expert"])
    token = sign_in(store, "ann", GOOD).token
    for _ in range(11):
        clock.on(minutes=50)
        assert actor_of(store, token) is not None
    clock.on(minutes=51)
    assert actor_of(store, token) is None
    token = sign_in(store, "ann", GOOD).token
    clock.on(minutes=61)
    assert actor_of(store, token) is None
    token = sign_in(store, "ann", GOOD).token
    sessions.sign_out(store, token)
    assert actor_of(store, token) is None
    assert actor_of(store, "made up") is None
    assert audit.verify(store).faults == []


def test_a_changed_password_role_or_account_ends_the_sessions(store: Store) -> None:
    create_account(store, "ann", GOOD, ["expert"])
    one, two = sign_in(store, "ann", GOOD).token, sign_in(store, "ann", GOOD).token
    with pytest.raises(WrongUse, match="unlike the old"):
        change_password(store, "ann", GOOD, GOOD)
    with pytest.raises(NotPermitted):
        change_password(store, "ann", "not the old one", "another password")
    assert actor_of(store, one).must_change  # type: ignore[union-attr]
    change_password(store, "ann", GOOD, "another password", keep=one)
    assert not actor_of(store, one).must_change  # type: ignore[union-attr]
    assert actor_of(store, two) is None
    create_account(store, "ann", GOOD, ["auditor"])
    assert actor_of(store, one) is None
    three = sign_in(store, "ann", GOOD).token
    end_account(store, "ann", "root")
    assert actor_of(store, three) is None
    with pytest.raises(NotPermitted, match="not right"):
        sign_in(store, "ann", GOOD)
    assert audit.verify(store).faults == []


def test_an_administrator_does_not_lock_themselves_out(store: Store) -> None:
    panel = PanelService(store, sessions.Actor("root", "", frozenset({"administrator"}), None))
    panel.add_account("ann", GOOD, ["expert"])
    assert [row["account"] for row in panel.accounts()] == ["ann"]
    assert "password" not in panel.accounts()[0]
    with pytest.raises(WrongUse, match="your own account"):
        panel.end_account("root")


def test_demo_accounts_are_made_in_a_demo_store_only(store: Store) -> None:
    with pytest.raises(NotPermitted):
        demo_accounts(store, [])
    mark_demo(store)
    assert len(demo_accounts(store, [])) == len(roles())
    assert not sign_in(store, "supervisor", "demo-supervisor").must_change
    assert audit.verify(store).faults == []


@pytest.mark.parametrize("other", ["adjudicator", "supervisor", "agency_reviewer", "investigator"])
def test_nobody_is_expert_and_overseer_with_one_account(opened: Store, other: str) -> None:
    with pytest.raises(WrongUse, match="another account"):
        create_account(opened, "ann", GOOD, ["expert", other], expert_id="E1")
    create_account(opened, "ann", GOOD, [other], expert_id="E1", must_change=False)
    with opened.engine.begin() as connection:
        old = update(account).where(account.c.account == "ann").values(roles=f"expert {other}")
        connection.execute(old)
    signed = sign_in(opened, "ann", GOOD)
    assert signed.roles == {other}
    actor = actor_of(opened, signed.token)
    assert actor is not None
    assert actor.roles == {other}


SETTINGS = """issuer = "https://id.example.gov"
client_id = "rxpanel"
address = "https://review.example.gov/"
roles_claim = "realm_access.roles"
expert_claim = "expert_no"
[roles]
"pingshen-expert" = "expert"
"jianguan" = ["supervisor", "auditor"]
"""


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    (tmp_path / "oidc.toml").write_text(SETTINGS, encoding="utf-8")
    return load_oidc(tmp_path / "oidc.toml")


def claims(**more: Any) -> dict[str, Any]:
    moment = datetime.now(UTC).timestamp()
    usual = {"iss": "https://id.example.gov", "aud": "rxpanel", "sub": "u-1", "exp": moment + 300, "iat": moment, "nonce": "n",
             "name": "王医生", "preferred_username": "wang", "expert_no": "E1",
             "realm_access": {"roles": ["pingshen-expert", "offline_access"]}}  # fmt: skip
    return {**usual, **more}


def test_groups_of_the_provider_become_roles_and_only_the_named_ones(settings: Any) -> None:
    assert roles_of(settings, claims()) == {"expert"}
    assert roles_of(settings, claims(realm_access={"roles": "jianguan administrator"})) == {"supervisor", "auditor"}
    assert roles_of(settings, claims(realm_access={"roles": ["administrator", "expert"]})) == frozenset()
    assert roles_of(settings, claims(realm_access=None)) == frozenset()


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"}, {"aud": "other"}, {"aud": ["rxpanel", "other"]}, {"aud": None}, {"exp": 1},
        {"exp": "x"}, {"iat": 9e12}, {"nonce": "other"}, {"nonce": None}, {"sub": ""}, {"exp": True},
    ],
)  # fmt: skip
def test_claims_of_another_issuer_client_time_or_sign_in_are_refused(settings: Any, wrong: dict[str, Any]) -> None:
    check_claims(settings, claims(), "n")
    check_claims(settings, claims(aud=["rxpanel", "other"], azp="rxpanel"), "n")
    with pytest.raises(NotPermitted, match="cannot be taken"):
        check_claims(settings, claims(**wrong), "n")
    with pytest.raises(NotPermitted):
        check_claims(settings, claims(nonce=""), "")


def test_a_local_password_opens_nothing_beside_a_provider_but_for_the_accounts_named(store: Store, settings: Any) -> None:
    for name in ("ann", "root"):
        create_account(store, name, GOOD, ["administrator"])
    assert not settings.allows_local("root")
    emergency = replace(settings, local_accounts=("root",))
    for name, chosen in (("ann", settings), ("root", settings), ("ann", emergency)):
        with pytest.raises(NotPermitted, match="not right"):
            sign_in_local(store, chosen, name, GOOD)
    token = sign_in_local(store, emergency, "root", GOOD).token
    assert not leave(store, emergency, token)
    assert actor_of(store, token) is None
    assert sign_in_local(store, replace(settings, local_accounts=("*",)), "ann", GOOD).account == "ann"
    assert sign_in_local(store, None, "ann", GOOD).account == "ann"


def test_a_sign_out_tells_whether_the_provider_has_a_session_of_its_own(store: Store, settings: Any) -> None:
    for chosen, outside in ((settings, True), (None, False), (replace(settings, issuer="https://other.example"), False)):
        token = sign_in_oidc(store, settings, claims(), "n").token
        assert leave(store, chosen, token) is outside
        assert actor_of(store, token) is None
    assert not leave(store, settings, "made up")


def test_an_outside_account_is_its_subject_not_its_name_and_follows_its_groups(opened: Store, settings: Any) -> None:
    first = sign_in_oidc(opened, settings, claims(), "n")
    assert (first.account, first.roles, first.expert_id, first.must_change) == ("wang", {"expert"}, "E1", False)
    with pytest.raises(NotPermitted):
        sign_in(opened, "wang", "!")
    other = sign_in_oidc(opened, settings, claims(sub="u-2", expert_no="E999"), "n")
    assert other.account.startswith("wang-")
    assert other.expert_id is None
    again = sign_in_oidc(opened, settings, claims(realm_access={"roles": ["jianguan"]}), "n")
    assert (again.account, again.roles) == ("wang", {"supervisor", "auditor"})
    assert actor_of(opened, first.token) is None
    # A role that the provider took away is gone with the next sign-in, though it lets nobody in.
    with pytest.raises(NotPermitted, match="no role here"):
        sign_in_oidc(opened, settings, claims(realm_access={"roles": []}), "n")
    assert actor_of(opened, again.token) is None
    assert {row["account"]: row["roles"] for row in list_accounts(opened)}["wang"] == ""
    with pytest.raises(NotPermitted, match="no role here"):
        sign_in_oidc(opened, settings, claims(sub="u-3", realm_access={"roles": []}), "n")
    end_account(opened, "wang", "root")
    with pytest.raises(NotPermitted):
        sign_in_oidc(opened, settings, claims(), "n")
    assert audit.verify(opened).faults == []


@pytest.mark.parametrize(
    "text",
    ["", "issuer = ", SETTINGS.replace("https", "http"), SETTINGS + '"x" = "king"\n', "unknown = 1\n" + SETTINGS,
     SETTINGS.split("[roles]", maxsplit=1)[0], SETTINGS.replace("review.example.gov", "review.example.gov/app"),
     SETTINGS.replace("https://review", "http://review"), SETTINGS.replace("https://review", "review"),
     'client_secret = "x"\n' + SETTINGS, 'scope = "profile"\n' + SETTINGS, "local_accounts = true\n" + SETTINGS,
     'local_accounts = "root"\n' + SETTINGS, 'local_accounts = [""]\n' + SETTINGS, SETTINGS.replace("https://review", "https://["),
     SETTINGS.replace("https://id", "https://[")],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "oidc.toml").write_text(text, encoding="utf-8")
    with pytest.raises(WrongUse):
        load_oidc(tmp_path / "oidc.toml")
    with pytest.raises(NotFound):
        load_oidc(tmp_path / "none.toml")


def test_a_provider_s_groups_make_nobody_expert_and_overseer(opened: Store, settings: Any) -> None:
    both = claims(realm_access={"roles": ["pingshen-expert", "jianguan"]})
    with pytest.raises(NotPermitted, match="another account"):
        sign_in_oidc(opened, settings, both, "n")
    assert list_accounts(opened) == []
    signed = sign_in_oidc(opened, settings, claims(realm_access={"roles": ["jianguan"]}), "n")
    with pytest.raises(NotPermitted, match="another account"):
        sign_in_oidc(opened, settings, both, "n")
    assert actor_of(opened, signed.token) is None
    assert [row["roles"] for row in list_accounts(opened)] == [""]
    assert audit.verify(opened).faults == []
