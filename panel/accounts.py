"""Accounts and sessions: argon2, lock-out, forced change of a given password; one demo account a role."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select, update

from panel import audit
from panel.schema import account, session, setting
from panel.store import Store
from panel.tables import roles
from records.errors import NotPermitted, WrongUse

if TYPE_CHECKING:
    from argon2 import PasswordHasher

MOST_FAILURES, LOCK_MINUTES, SESSION_HOURS = 5, 15, 10
LEAST_LENGTH = 10
_REFUSED = "账号或密码不正确 The account or the password is not right."


@dataclass(frozen=True)
class Actor:
    """Who acts: an account with its roles, and the expert behind it where there is one."""

    account: str
    name: str
    roles: frozenset[str]
    expert_id: str | None


@dataclass(frozen=True)
class SignedIn:
    """A new session. ``token`` is shown once and stored only as a hash."""

    token: str
    account: str
    name: str
    roles: frozenset[str]
    expert_id: str | None
    must_change: bool


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _now() -> datetime:
    return datetime.now(UTC)


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create_account(
    store: Store,
    name: str,
    password: str,
    given_roles: list[str],
    *,
    person: str = "",
    expert_id: str | None = None,
    must_change: bool = True,
    actor: str = "system",
) -> None:
    """Add an account, or replace its password and roles. Raises WrongUse for a short password or unknown role."""
    unknown = [role for role in given_roles if role not in roles()]
    if unknown:
        raise WrongUse(f"There is no role {unknown[0]}: use {', '.join(roles())}.")
    if len(password) < LEAST_LENGTH:
        raise WrongUse(f"A password needs at least {LEAST_LENGTH} characters.")
    values = {
        "name": person or name,
        "password": _hasher().hash(password),
        "roles": " ".join(sorted(given_roles)),
        "expert_id": expert_id,
        "must_change": must_change,
        "failures": 0,
        "locked_until": None,
    }
    with store.change() as connection:
        known = connection.execute(select(account.c.account).where(account.c.account == name)).first()
        if known:
            connection.execute(update(account).where(account.c.account == name).values(**values))
        else:
            connection.execute(insert(account).values(account=name, **values))
        audit.record(connection, actor, "account set", name, {"roles": values["roles"], "expert_id": expert_id})


def sign_in(store: Store, name: str, password: str) -> SignedIn:
    """Open a session. Raises NotPermitted for a wrong password or a locked account; five failures lock it."""
    from argon2.exceptions import VerifyMismatchError

    refused: str | None = None
    token = secrets.token_urlsafe(32)
    with store.change() as connection:
        row = connection.execute(select(account).where(account.c.account == name)).first()
        if row is None:
            refused = _REFUSED
        elif row.locked_until and row.locked_until > _time(_now()):
            refused = f"账号已锁定，请{LOCK_MINUTES}分钟后再试 The account is locked: try again in {LOCK_MINUTES} minutes."
        else:
            try:
                _hasher().verify(row.password, password)
            except VerifyMismatchError:
                refused = _REFUSED
                _count_failure(connection, name, row.failures + 1)
        if refused is None and row is not None:
            connection.execute(update(account).where(account.c.account == name).values(failures=0, locked_until=None))
            expires = _time(_now() + timedelta(hours=SESSION_HOURS))
            connection.execute(insert(session).values(token_hash=_token_hash(token), account=name, expires=expires))
        audit.record(
            connection,
            name if row else "unknown",
            "sign in",
            name if row else "unknown",
            {"ok": refused is None},
        )
    if refused is not None or row is None:
        raise NotPermitted(refused or _REFUSED)
    return SignedIn(token, name, row.name, frozenset(row.roles.split()), row.expert_id, bool(row.must_change))


def _count_failure(connection: Connection, name: str, failures: int) -> None:
    locked = _time(_now() + timedelta(minutes=LOCK_MINUTES)) if failures >= MOST_FAILURES else None
    kept = 0 if locked else failures
    connection.execute(update(account).where(account.c.account == name).values(failures=kept, locked_until=locked))


def actor_of(store: Store, token: str) -> Actor | None:
    """Who a session token stands for; None when it is unknown or has expired."""
    with store.read() as connection:
        row = connection.execute(
            select(account, session.c.expires)
            .join(session, session.c.account == account.c.account)
            .where(session.c.token_hash == _token_hash(token))
        ).first()
    if row is None or row.expires < _time(_now()):
        return None
    return Actor(row.account, row.name, frozenset(row.roles.split()), row.expert_id)


def must_change(store: Store, name: str) -> bool:
    """Whether an account has to choose a new password before anything else."""
    with store.read() as connection:
        row = connection.execute(select(account.c.must_change).where(account.c.account == name)).first()
    return bool(row and row.must_change)


def sign_out(store: Store, token: str) -> None:
    """End a session."""
    with store.change() as connection:
        connection.execute(delete(session).where(session.c.token_hash == _token_hash(token)))


def change_password(store: Store, name: str, old: str, new: str) -> None:
    """Choose a new password. Raises NotPermitted for a wrong old one, WrongUse for one too short or the same."""
    from argon2.exceptions import VerifyMismatchError

    if len(new) < LEAST_LENGTH or new == old:
        raise WrongUse(
            f"新密码至少{LEAST_LENGTH}位且与旧密码不同 The new password needs {LEAST_LENGTH} characters, unlike the old."
        )
    with store.change() as connection:
        row = connection.execute(select(account).where(account.c.account == name)).first()
        if row is None:
            raise NotPermitted(_REFUSED)
        try:
            _hasher().verify(row.password, old)
        except VerifyMismatchError as error:
            raise NotPermitted(_REFUSED) from error
        values = {"password": _hasher().hash(new), "must_change": False}
        connection.execute(update(account).where(account.c.account == name).values(**values))
        audit.record(connection, name, "password changed", name, {})


def mark_demo(store: Store) -> None:
    """Say that a store is a demo's; only there may demo accounts be made."""
    with store.change() as connection:
        if connection.execute(select(setting).where(setting.c.name == "demo")).first() is None:
            connection.execute(insert(setting).values(name="demo", value="1"))
            audit.record(connection, "system", "demo store", "store", {})


def demo_accounts(store: Store, experts: list[str]) -> list[tuple[str, str, str]]:
    """One account a role, without a forced change: (role, account, password). Raises NotPermitted elsewhere.

    ``experts`` = expert numbers in the pool; the expert's account stands for the first, a second one for the next.
    """
    with store.read() as connection:
        if connection.execute(select(setting).where(setting.c.name == "demo")).first() is None:
            raise NotPermitted("Demo accounts are made in a demo store only.")
    made = []
    for role in roles():
        expert_id = experts[0] if role == "expert" and experts else None
        if role == "adjudicator" and len(experts) > 2:
            expert_id = experts[-1]
        password = f"demo-{role.replace('_', '-')}"
        create_account(store, role, password, [role], person=roles()[role][0], expert_id=expert_id, must_change=False)
        made.append((role, role, password))
    for number, expert_id in enumerate(experts[1:3], start=2):
        password = f"demo-expert{number}"
        create_account(store, f"expert{number}", password, ["expert"], expert_id=expert_id, must_change=False)
        made.append(("expert", f"expert{number}", password))
    return made
