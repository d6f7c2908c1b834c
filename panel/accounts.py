"""Accounts with local passwords: argon2, lock-out, forced change of a given password."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, update

from panel import audit
from panel.schema import account
from panel.sessions import Actor, SignedIn, actor_of, begin_session, end_sessions, moment_of, now, sign_out
from panel.store import Store
from panel.tables import check_apart, roles
from records.errors import NotFound, NotPermitted, WrongUse
from records.periods import CHINA

if TYPE_CHECKING:
    from argon2 import PasswordHasher

__all__ = ["Actor", "SignedIn", "actor_of", "sign_out"]

MOST_FAILURES, LOCK_MINUTES = 5, 15
LEAST_LENGTH, LONGEST_NAME = 10, 60
_REFUSED = "账号或密码不正确 The account or the password is not right."


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobody() -> str:
    """A hash that no password has: an unknown account takes as long to refuse as a known one."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _right(stored: str | None, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def set_account(connection: Connection, actor: str, name: str, values: dict[str, Any], action: str = "account set") -> None:
    """Add an account or replace some of its values, end its sessions, and log it with its roles."""
    known = connection.execute(select(account.c.account).where(account.c.account == name)).first()
    if known:
        connection.execute(update(account).where(account.c.account == name).values(**values))
        end_sessions(connection, actor, name)
    else:
        connection.execute(insert(account).values(account=name, **values))
    told = {key: value for key, value in values.items() if key in ("roles", "expert_id", "ended")}
    audit.record_rows(connection, actor, action, name, {"account": [{"account": name}]}, **told)


def checked_roles(given: list[str]) -> str:
    """Roles as an account keeps them. Raises WrongUse for an unknown one, and for two that nobody may have together."""
    unknown = [role for role in given if role not in roles()]
    if unknown:
        raise WrongUse(f"没有角色{unknown[0]} There is no role {unknown[0]}: use {', '.join(roles())}.")
    check_apart(given)
    return " ".join(sorted(set(given)))


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
    kept = checked_roles(given_roles)
    if not name.strip() or len(name) > LONGEST_NAME:
        raise WrongUse(f"账号名须为1至{LONGEST_NAME}字 An account needs a name of at most {LONGEST_NAME} characters.")
    if len(password) < LEAST_LENGTH:
        raise WrongUse(f"密码至少{LEAST_LENGTH}位 A password needs at least {LEAST_LENGTH} characters.")
    values = {
        "name": person or name,
        "password": _hasher().hash(password),
        "roles": kept,
        "expert_id": expert_id,
        "must_change": must_change,
        "failures": 0,
        "locked_until": None,
        "ended": None,
    }
    with store.change() as connection:
        set_account(connection, actor, name, values)


def _existing(connection: Connection, name: str) -> Any:
    row = connection.execute(select(account).where(account.c.account == name)).first()
    if row is None:
        raise NotFound(f"没有账号{name} There is no account {name}.")
    return row


def end_account(store: Store, name: str, actor: str) -> None:
    """Close an account: its sessions end, nobody signs in with it again. Raises NotFound."""
    with store.change() as connection:
        _existing(connection, name)
        set_account(connection, actor, name, {"ended": True}, "account ended")


def unlock_account(store: Store, name: str, actor: str) -> None:
    """Let an account that too many wrong passwords locked sign in again. Raises NotFound."""
    with store.change() as connection:
        _existing(connection, name)
        set_account(connection, actor, name, {"failures": 0, "locked_until": None}, "account unlocked")


def sign_in(store: Store, name: str, password: str, allowed: bool = True) -> SignedIn:
    """Open a session. Raises NotPermitted for a wrong password or a locked account; five failures lock it.

    Not ``allowed`` = refused like a wrong password, in the same time and words, so that nobody learns whose would do.
    """
    with store.read() as connection:
        stored = connection.execute(select(account.c.password).where(account.c.account == name)).scalar()
    # Slow on purpose, and therefore outside the one writing transaction.
    right = _right(stored, password) and allowed
    refused: str | None = _REFUSED
    signed: SignedIn | None = None
    with store.change() as connection:
        row = connection.execute(select(account).where(account.c.account == name)).first()
        subject = name if row is not None else "unknown"
        if row is not None:
            refused = _refusal(row, right and row.password == stored)
            _count(connection, row, refused)
        audit.record(connection, subject, "sign in", subject, {"ok": refused is None})
        if refused is None and row is not None:
            signed = begin_session(connection, row)
    if signed is None:
        raise NotPermitted(refused or _REFUSED)
    return signed


def _refusal(row: Any, right: bool) -> str | None:
    if row.locked_until and row.locked_until > moment_of(now()):
        opens = datetime.strptime(row.locked_until, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).astimezone(CHINA)
        # The next whole minute: whoever comes then is let in. Whether the password was right is not told.
        shown = (opens + timedelta(seconds=59)).strftime("%H:%M")
        return f"账号已锁定，{shown}（北京时间）后可再试 The account is locked: try again after {shown} (China time)."
    return None if right and not row.ended else _REFUSED


def _count(connection: Connection, row: Any, refused: str | None) -> None:
    """Count a failure, lock at the last one allowed, forget them after a success; an account that is locked stays so."""
    if refused is not None and refused != _REFUSED:
        return
    failures = 0 if refused is None else row.failures + 1
    locked = moment_of(now() + timedelta(minutes=LOCK_MINUTES)) if failures >= MOST_FAILURES else None
    values = {"failures": 0 if locked else failures, "locked_until": locked}
    if values == {"failures": row.failures, "locked_until": row.locked_until}:
        return
    connection.execute(update(account).where(account.c.account == row.account).values(**values))
    action = "account locked" if locked else "failures counted"
    audit.record_rows(connection, "system", action, row.account, {"account": [{"account": row.account}]})


def must_change(store: Store, name: str) -> bool:
    """Whether an account has to choose a new password before anything else."""
    with store.read() as connection:
        row = connection.execute(select(account.c.must_change).where(account.c.account == name)).first()
    return bool(row and row.must_change)


def change_password(store: Store, name: str, old: str, new: str, keep: str | None = None) -> None:
    """Choose a new password. Raises NotPermitted for a wrong old one, WrongUse for one too short or the same.

    Every other session of the account ends; ``keep`` = the token of the one in which it is changed.
    """
    if len(new) < LEAST_LENGTH or new == old:
        raise WrongUse(
            f"新密码至少{LEAST_LENGTH}位且与旧密码不同 The new password needs {LEAST_LENGTH} characters, unlike the old."
        )
    with store.change() as connection:
        row = connection.execute(select(account).where(account.c.account == name)).first()
        if row is None or row.ended or not _right(row.password, old):
            raise NotPermitted(_REFUSED)
        values = {"password": _hasher().hash(new), "must_change": False}
        connection.execute(update(account).where(account.c.account == name).values(**values))
        end_sessions(connection, name, name, keep)
        audit.record_rows(connection, name, "password changed", name, {"account": [{"account": name}]})


def list_accounts(store: Store) -> list[dict[str, Any]]:
    """Accounts by name: account, name, roles, expert_id, state (open, locked, ended); never a password."""
    with store.read() as connection:
        rows = connection.execute(select(account).order_by(account.c.account)).all()
    moment = moment_of(now())
    return [
        {
            "account": row.account,
            "name": row.name,
            "roles": row.roles,
            "expert_id": row.expert_id,
            "state": "ended" if row.ended else "locked" if (row.locked_until or "") > moment else "open",
        }
        for row in rows
    ]
