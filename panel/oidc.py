"""Sign-in through an outside identity provider (OpenID Connect), by configuration: claims in, an account's session out.

The provider's answer is fetched and its signature verified by the web server; here its content is checked, and its
groups become roles. Source: OpenID Connect Core 1.0, section 3.1.3.7.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import insert, select, update

from panel import audit
from panel.accounts import checked_roles, sign_in
from panel.schema import account, expert
from panel.sessions import SignedIn, actor_of, begin_session, end_sessions, now, sign_out
from panel.store import Store
from panel.tables import check_apart
from records.errors import NotFound, NotPermitted, WrongUse

if TYPE_CHECKING:
    from joserfc.jwt import ClaimsOption

#: Seconds by which two clocks may differ.
_LEEWAY = 60
_TEXTS = ("issuer", "client_id", "address", "roles_claim")
_OPTIONAL = {"scope": "openid profile", "name_claim": "name", "expert_claim": "", "account_claim": "preferred_username"}
#: In ``local_accounts``: every local account.
EVERYONE = "*"
_CLAIMS = {"iss": "issuer", "aud": "audience", "azp": "authorised party", "exp": "expiry", "iat": "time of issue",
           "nbf": "begin", "nonce": "nonce", "sub": "subject", "jti": "identifier"}  # fmt: skip
_NO_PASSWORD = "!"  # noqa: S105 - no hash: no password signs in to such an account.


@dataclass(frozen=True)
class OidcSettings:
    """A provider and what its claims mean. ``roles`` = our roles by the provider's group, others mean nothing.

    ``address`` = where people reach this app, without a path; the provider sends them back there. ``roles_claim`` may
    lead into nested claims by points, such as ``realm_access.roles``. ``expert_claim`` = where the expert number stands,
    empty = nowhere. ``local_accounts`` = who may still sign in with a password of this app, usually nobody: a password
    here would outlive the account there.
    """

    issuer: str
    client_id: str
    address: str
    roles_claim: str
    roles: Mapping[str, tuple[str, ...]]
    name_claim: str
    expert_claim: str
    account_claim: str
    scope: str
    local_accounts: tuple[str, ...] = ()

    def allows_local(self, name: str) -> bool:
        """Whether an account may sign in with a password of this app."""
        return name in self.local_accounts or EVERYONE in self.local_accounts


def configured() -> tuple[OidcSettings, str] | None:
    """The settings that RXPANEL_OIDC names with the client's secret from RXPANEL_OIDC_SECRET; None without the first.

    Raises NotFound and WrongUse as ``load_oidc``, WrongUse without the secret.
    """
    named = os.environ.get("RXPANEL_OIDC")
    if not named:
        return None
    settings, secret = load_oidc(Path(named)), os.environ.get("RXPANEL_OIDC_SECRET")
    if not secret:
        raise WrongUse(
            "未设置RXPANEL_OIDC_SECRET RXPANEL_OIDC_SECRET is not set: give it the client's secret at the identity provider."
        )
    return settings, secret


def is_safe(address: object) -> bool:
    """Whether nobody reads along on the way to an address: https, or http to this machine itself."""
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address)
        near = parts.hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and near))


def load_oidc(path: Path) -> OidcSettings:
    """Read the provider's settings (TOML). Raises NotFound without the file, WrongUse for a missing or unknown line."""
    if not path.is_file():
        raise NotFound(f"没有文件{path} There is no file {path}: name the settings of the identity provider.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path.name}不是可读的TOML {path.name} is not readable TOML: {error}.") from error
    unknown = sorted(set(content) - {*_TEXTS, *_OPTIONAL, "roles", "local_accounts"})
    missing = [name for name in (*_TEXTS, "roles") if not content.get(name)]
    if unknown or missing:
        raise WrongUse(
            f"{path.name}中“{unknown[0]}”不可识别 {path.name}: '{unknown[0]}' is unknown."
            if unknown
            else f"{path.name}缺少“{missing[0]}” {path.name}: '{missing[0]}' is missing."
        )
    for name in ("issuer", "address"):
        if not is_safe(content[name]):
            raise WrongUse(f"{path.name}中“{name}”须为https地址 {path.name}: '{name}' must be an https address.")
    if urlsplit(str(content["address"])).path.strip("/"):
        raise WrongUse(f"{path.name}中“address”不得带路径 {path.name}: 'address' must have no path.")
    local = content.get("local_accounts", [])
    if not isinstance(local, list) or not all(isinstance(name, str) and name for name in local):
        raise WrongUse(
            f"{path.name}中“local_accounts”须为账号名列表 "
            f"{path.name}: 'local_accounts' must be a list of account names, or [\"{EVERYONE}\"]."
        )
    groups = {
        str(group): tuple(checked_roles([names] if isinstance(names, str) else list(names)).split())
        for group, names in content["roles"].items()
    }
    optional = {name: str(content.get(name, usual)) for name, usual in _OPTIONAL.items()}
    if "openid" not in optional["scope"].split():
        raise WrongUse(f"{path.name}中“scope”须含openid {path.name}: 'scope' must contain openid.")
    texts = {name: str(content[name]) for name in _TEXTS} | {"address": str(content["address"]).rstrip("/")}
    return OidcSettings(**texts, roles=groups, local_accounts=tuple(local), **optional)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def check_claims(settings: OidcSettings, claims: Mapping[str, Any], nonce: str) -> None:
    """Raise NotPermitted for claims of another issuer, for another client, out of time, or of another sign-in."""
    from joserfc.errors import ClaimError
    from joserfc.jwt import JWTClaimsRegistry

    audience = claims.get("aud")
    ours: dict[str, ClaimsOption] = {
        "iss": {"essential": True, "value": settings.issuer},
        "aud": {"essential": True, "value": settings.client_id},
        "azp": {"essential": isinstance(audience, list) and len(audience) > 1, "value": settings.client_id},
        "nonce": {"essential": True, "value": nonce},
    }
    anything: dict[str, ClaimsOption] = {name: {"essential": True} for name in ("exp", "iat", "sub")}
    try:
        JWTClaimsRegistry(int(now().timestamp()), _LEEWAY, **ours, **anything).validate(dict(claims))
    except ClaimError as error:
        wrong = _CLAIMS.get(str(error.claim).partition(",")[0], "claims")
        raise NotPermitted(f"统一身份认证未通过 The identity provider's answer cannot be taken: {wrong}.") from error


def roles_of(settings: OidcSettings, claims: Mapping[str, Any]) -> frozenset[str]:
    """Our roles by the provider's groups; a group that the settings do not name gives none."""
    groups = _claim(claims, settings.roles_claim)
    named: Iterable[Any] = groups.split() if isinstance(groups, str) else groups or []
    return frozenset(role for group in named for role in settings.roles.get(str(group), ()))


def sign_in_oidc(store: Store, settings: OidcSettings, claims: Mapping[str, Any], nonce: str) -> SignedIn:
    """Open a session for whom the claims stand for; roles are the provider's, renewed at every sign-in.

    Raises NotPermitted for claims that do not hold, for somebody without a role here or with two that nobody may have
    together, and for an account that was closed here. The account is known by issuer and subject, never by its name,
    which may change hands. Roles that the provider no longer gives are gone with this, sessions that have them end, also
    where nobody is let in.
    """
    try:
        check_claims(settings, claims, nonce)
    except NotPermitted:
        record_refused(store, settings)
        raise
    roles, identity = roles_of(settings, claims), f"{settings.issuer} {claims['sub']}"
    try:
        check_apart(roles)
    except WrongUse as wrong:
        _withdraw(store, identity)
        record_refused(store, settings)
        raise NotPermitted(str(wrong)) from wrong
    if not roles:
        _withdraw(store, identity)
    signed: SignedIn | None = None
    with store.change() as connection:
        row = connection.execute(select(account).where(account.c.identity == identity)).first()
        name = row.account if row is not None else _new_name(connection, str(_claim(claims, settings.account_claim) or ""))
        if roles and not (row is not None and row.ended):
            number = str(_claim(claims, settings.expert_claim) or "") if settings.expert_claim else ""
            known = connection.execute(select(expert.c.expert_id).where(expert.c.expert_id == number)).first()
            values = {
                "name": str(_claim(claims, settings.name_claim) or name)[:80],
                "roles": " ".join(sorted(roles)),
                "expert_id": number if known else None,
            }
            if row is None:
                fixed = {"password": _NO_PASSWORD, "must_change": False, "failures": 0, "identity": identity}
                connection.execute(insert(account).values(account=name, **values, **fixed))
            elif any(getattr(row, key) != value for key, value in values.items()):
                connection.execute(update(account).where(account.c.account == name).values(**values))
                end_sessions(connection, name, name)
            audit.record_rows(connection, name, "account set", name, {"account": [{"account": name}]}, roles=values["roles"])
            signed = begin_session(connection, connection.execute(select(account).where(account.c.account == name)).one())
        audit.record(connection, name, "sign in", name, {"ok": signed is not None, "provider": settings.issuer})
    if signed is None:
        raise NotPermitted("此账号在本系统没有角色 This account has no role here: ask the administrator.")
    return signed


def _withdraw(store: Store, identity: str) -> None:
    """Take every role from an outside account, and end its sessions; nothing where it has none or is not known."""
    with store.change() as connection:
        row = connection.execute(select(account).where(account.c.identity == identity)).first()
        if row is None or not row.roles:
            return
        connection.execute(update(account).where(account.c.account == row.account).values(roles=""))
        end_sessions(connection, row.account, row.account)
        rows = {"account": [{"account": row.account}]}
        audit.record_rows(connection, row.account, "roles withdrawn", row.account, rows, roles=row.roles)


def _new_name(connection: Any, wanted: str) -> str:
    """A free account name: the provider's where nobody has it, with a suffix otherwise."""
    name = "".join(c for c in wanted if c.isalnum() or c in "._-@")[:40] or "oidc"
    taken = connection.execute(select(account.c.account).where(account.c.account == name)).first()
    return name if taken is None else f"{name}-{secrets.token_hex(4)}"


def record_refused(store: Store, settings: OidcSettings) -> None:
    """Log a sign-in whose answer cannot be believed, so that nobody is known to stand behind it."""
    with store.change() as connection:
        audit.record(connection, "unknown", "sign in", "unknown", {"ok": False, "provider": settings.issuer})


def sign_in_local(store: Store, settings: OidcSettings | None, name: str, password: str) -> SignedIn:
    """Open a session with a password of this app. Raises NotPermitted, also where the settings leave it to the provider."""
    return sign_in(store, name, password, allowed=settings is None or settings.allows_local(name))


def leave(store: Store, settings: OidcSettings | None, token: str) -> bool:
    """End a session; tells whether the provider had opened it, so that it has one of its own to end."""
    actor, outside = actor_of(store, token), False
    if settings is not None and actor is not None:
        with store.read() as connection:
            identity = connection.execute(select(account.c.identity).where(account.c.account == actor.account)).scalar()
        outside = (identity or "").startswith(f"{settings.issuer} ")
    sign_out(store, token)
    return outside
