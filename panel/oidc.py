"""Sign-in through an outside identity provider (OpenID Connect), by configuration: claims in, an account's session out.

The provider's answer is verified by whoever fetched it (signature and transport); here its content is checked, and its
groups become roles. Source: OpenID Connect Core 1.0, section 3.1.3.7.
"""

from __future__ import annotations

import hmac
import secrets
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from panel import audit
from panel.accounts import checked_roles
from panel.schema import account, expert
from panel.sessions import SignedIn, begin_session, end_sessions, now
from panel.store import Store
from records.errors import NotFound, NotPermitted, WrongUse

#: Seconds by which two clocks may differ.
_LEEWAY = 60
_TEXTS = ("issuer", "client_id", "roles_claim")
_OPTIONAL = {"name_claim": "name", "expert_claim": "", "account_claim": "preferred_username"}
_NO_PASSWORD = "!"  # noqa: S105 - no hash: no password signs in to such an account.


@dataclass(frozen=True)
class OidcSettings:
    """A provider and what its claims mean. ``roles`` = our roles by the provider's group, others mean nothing.

    ``roles_claim`` may lead into nested claims by points, such as ``realm_access.roles``. ``expert_claim`` = where the
    expert number stands, empty = nowhere.
    """

    issuer: str
    client_id: str
    roles_claim: str
    roles: Mapping[str, tuple[str, ...]]
    name_claim: str
    expert_claim: str
    account_claim: str


def load_oidc(path: Path) -> OidcSettings:
    """Read the provider's settings (TOML). Raises NotFound without the file, WrongUse for a missing or unknown line."""
    if not path.is_file():
        raise NotFound(f"There is no file {path}: name the settings of the identity provider.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path.name} is not readable TOML: {error}.") from error
    unknown = sorted(set(content) - {*_TEXTS, *_OPTIONAL, "roles"})
    missing = [name for name in (*_TEXTS, "roles") if not content.get(name)]
    if unknown or missing:
        raise WrongUse(f"{path.name}: " + (f"'{unknown[0]}' is unknown." if unknown else f"'{missing[0]}' is missing."))
    if not str(content["issuer"]).startswith("https://"):
        raise WrongUse(f"{path.name}: the issuer must be an https address.")
    groups = {
        str(group): tuple(checked_roles([names] if isinstance(names, str) else list(names)).split())
        for group, names in content["roles"].items()
    }
    optional = {name: str(content.get(name, usual)) for name, usual in _OPTIONAL.items()}
    return OidcSettings(**{name: str(content[name]) for name in _TEXTS}, roles=groups, **optional)


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def check_claims(settings: OidcSettings, claims: Mapping[str, Any], nonce: str) -> None:
    """Raise NotPermitted for claims of another issuer, for another client, out of time, or of another sign-in."""
    moment = now().timestamp()
    audience = claims.get("aud")
    for_us = [audience] if isinstance(audience, str) else list(audience or [])
    faults = {
        "issuer": claims.get("iss") != settings.issuer,
        "audience": settings.client_id not in for_us,
        "authorised party": len(for_us) > 1 and claims.get("azp") != settings.client_id,
        "expiry": not _is_number(claims.get("exp")) or claims["exp"] + _LEEWAY < moment,
        "time of issue": not _is_number(claims.get("iat")) or claims["iat"] - _LEEWAY > moment,
        "nonce": not nonce or not hmac.compare_digest(str(claims.get("nonce") or ""), nonce),
        "subject": not claims.get("sub"),
    }
    wrong = [name for name, fault in faults.items() if fault]
    if wrong:
        raise NotPermitted(f"统一身份认证未通过 The identity provider's answer cannot be taken: {wrong[0]}.")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def roles_of(settings: OidcSettings, claims: Mapping[str, Any]) -> frozenset[str]:
    """Our roles by the provider's groups; a group that the settings do not name gives none."""
    groups = _claim(claims, settings.roles_claim)
    named: Iterable[Any] = groups.split() if isinstance(groups, str) else groups or []
    return frozenset(role for group in named for role in settings.roles.get(str(group), ()))


def sign_in_oidc(store: Store, settings: OidcSettings, claims: Mapping[str, Any], nonce: str) -> SignedIn:
    """Open a session for whom the claims stand for; roles are the provider's, renewed at every sign-in.

    Raises NotPermitted for claims that do not hold, for somebody without a role here, and for an account that was closed
    here. The account is known by issuer and subject, never by its name, which may change hands.
    """
    check_claims(settings, claims, nonce)
    roles, identity = roles_of(settings, claims), f"{settings.issuer} {claims['sub']}"
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


def _new_name(connection: Any, wanted: str) -> str:
    """A free account name: the provider's where nobody has it, with a suffix otherwise."""
    name = "".join(c for c in wanted if c.isalnum() or c in "._-@")[:40] or "oidc"
    taken = connection.execute(select(account.c.account).where(account.c.account == name)).first()
    return name if taken is None else f"{name}-{secrets.token_hex(4)}"
