"""Sessions: who is signed in. They end after an hour without use, after ten hours, and when the account changes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from panel import audit
from panel.schema import account, session
from panel.store import Store
from panel.tables import overseeing

SESSION_HOURS, IDLE_MINUTES, TOUCH_MINUTES = 10, 60, 10


@dataclass(frozen=True)
class Actor:
    """Who acts: an account with its roles, and the expert behind it where there is one.

    ``must_change`` = a password of their own has to be chosen before anything else.
    """

    account: str
    name: str
    roles: frozenset[str]
    expert_id: str | None
    must_change: bool = False


def operator() -> Actor:
    """Who works on the command line: whoever runs the machine, and so holds the store. The log names them so.

    They export what a supervisor may; nothing else of the panel is done in their name.
    """
    return Actor("command line", "command line", frozenset({"supervisor"}), None)


@dataclass(frozen=True)
class SignedIn:
    """A new session. ``token`` is shown once and stored only as a hash."""

    token: str
    account: str
    name: str
    roles: frozenset[str]
    expert_id: str | None
    must_change: bool


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def moment_of(when: datetime) -> str:
    """A moment as text that sorts by time."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _remove(connection: Connection, actor: str, action: str, subject: str, where: Any) -> None:
    rows = [dict(row._mapping) for row in connection.execute(select(session.c.token_hash).where(where))]
    if rows:
        connection.execute(delete(session).where(session.c.token_hash.in_([row["token_hash"] for row in rows])))
        audit.record(connection, actor, action, subject, {"rows": audit.gone("session", rows)})


def _usable(kept: str) -> frozenset[str]:
    """Roles of an account; one from before expert and overseer were kept apart judges no more cases."""
    found = frozenset(kept.split())
    return found - {"expert"} if found & overseeing() else found


def begin_session(connection: Connection, row: Any) -> SignedIn:
    """Open a session for an account's row; sessions whose time is over are cleared away."""
    token, begun = secrets.token_urlsafe(32), now()
    _remove(connection, "system", "sessions expired", "sessions", session.c.expires < moment_of(begun))
    values = {
        "token_hash": _token_hash(token),
        "account": row.account,
        "begun": moment_of(begun),
        "expires": moment_of(begun + timedelta(minutes=IDLE_MINUTES)),
    }
    connection.execute(insert(session).values(**values))
    audit.record_rows(connection, row.account, "session begun", row.account, {"session": [values]})
    return SignedIn(token, row.account, row.name, _usable(row.roles), row.expert_id, bool(row.must_change))


def end_sessions(connection: Connection, actor: str, name: str, keep: str | None = None) -> None:
    """End an account's sessions, but for the one whose token is kept."""
    where = (session.c.account == name) & (session.c.token_hash != (_token_hash(keep) if keep else ""))
    _remove(connection, actor, "sessions ended", name, where)


def actor_of(store: Store, token: str) -> Actor | None:
    """Who a session token stands for; None when it is unknown, has ended, or the account has. Using it keeps it alive."""
    with store.read() as connection:
        row = connection.execute(
            select(account, session.c.expires, session.c.begun)
            .join(session, session.c.account == account.c.account)
            .where(session.c.token_hash == _token_hash(token))
        ).first()
    moment = now()
    if row is None or row.expires < moment_of(moment) or row.ended:
        return None
    last = datetime.strptime(row.begun, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) + timedelta(hours=SESSION_HOURS)
    wanted = moment_of(min(last, moment + timedelta(minutes=IDLE_MINUTES)))
    if row.expires < moment_of(min(last, moment + timedelta(minutes=IDLE_MINUTES - TOUCH_MINUTES))):
        _keep_alive(store, row.account, token, wanted)
    return Actor(row.account, row.name, _usable(row.roles), row.expert_id, bool(row.must_change))


def _keep_alive(store: Store, name: str, token: str, until: str) -> None:
    with store.change() as connection:
        where = session.c.token_hash == _token_hash(token)
        if connection.execute(update(session).where(where).values(expires=until)).rowcount:
            rows = {"session": [{"token_hash": _token_hash(token)}]}
            audit.record_rows(connection, name, "session in use", name, rows)


def sign_out(store: Store, token: str) -> None:
    """End a session."""
    with store.change() as connection:
        row = connection.execute(select(session.c.account).where(session.c.token_hash == _token_hash(token))).first()
        if row is not None:
            _remove(connection, row.account, "signed out", row.account, session.c.token_hash == _token_hash(token))
