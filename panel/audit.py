"""The log of who changed what: append-only, each entry's hash covering the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from panel import history, schema, schema_leads, schema_work
from panel.schema import audit as log
from panel.store import Store
from records.errors import WrongUse

_FIRST = "0" * 64
#: Keys that one query asks for.
_AT_ONCE = 500


def now() -> str:
    """This moment, in UTC, as text that sorts by time."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(content: Any) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _hash(entry: dict[str, Any]) -> str:
    covered = [str(entry[name]) for name in ("seq", "prev_hash", "at", "actor", "action", "subject", "change")]
    return hashlib.sha256(canonical(covered).encode()).hexdigest()


def record(connection: Connection, actor: str, action: str, subject: str, change: Any) -> None:
    """Add an entry inside the caller's transaction. ``change`` says from what to what, as JSON."""
    last = connection.execute(select(log.c.seq, log.c.hash).order_by(log.c.seq.desc()).limit(1)).first()
    entry: dict[str, Any] = {
        "seq": last.seq + 1 if last else 1,
        "prev_hash": last.hash if last else _FIRST,
        "at": now(),
        "actor": actor,
        "action": action,
        "subject": subject,
        "change": canonical(change),
    }
    entry["hash"] = _hash(entry)
    connection.execute(log.insert().values(**entry))


def fingerprint(rows: list[dict[str, Any]]) -> str:
    """A hash of rows whatever their order."""
    lines = sorted(canonical(row) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dataclass
class Verification:
    """What was checked and what did not agree; ``faults`` empty means that everything agrees."""

    entries: int = 0
    head: str = _FIRST
    faults: list[str] = field(default_factory=list)


def first_change(store: Store, action: str, subject: str) -> Any:
    """What the oldest entry of an action on a subject says; None when there is none."""
    named = select(log.c.change).where(log.c.action == action, log.c.subject == subject).order_by(log.c.seq).limit(1)
    with store.read() as connection:
        change = connection.execute(named).scalar()
    return None if change is None else json.loads(change)


def head(store: Store) -> dict[str, Any]:
    """Number and hash of the newest entry; exports publish it."""
    with store.read() as connection:
        return head_of(connection)


def head_of(connection: Connection) -> dict[str, Any]:
    """Number and hash of the newest entry, on an open connection."""
    last = connection.execute(select(log.c.seq, log.c.hash).order_by(log.c.seq.desc()).limit(1)).first()
    return {"seq": last.seq, "hash": last.hash} if last else {"seq": 0, "hash": _FIRST}


def parse_head(text: str) -> dict[str, Any]:
    """A published head written as ``seq:hash``. Raises WrongUse for anything else."""
    number, _, digest = text.strip().partition(":")
    if not number.isdigit() or len(digest) != len(_FIRST):
        raise WrongUse(f"“{text}”不是日志首值 '{text}' is no head of the log: write its number, a colon and its hash.")
    return {"seq": int(number), "hash": digest}


def verify(store: Store, published: dict[str, Any] | None = None) -> Verification:
    """Check the chain, the tables against what the log says of them, and a published head.

    Finds an edited, inserted, re-ordered or deleted entry, and rows of the logged tables (``logged_tables``) that
    were changed, added or taken away behind the program's back. The newest entries, taken away with the rows they
    name, are missed by a published head only.
    """
    found = Verification()
    with store.read() as connection:
        entries = [dict(row._mapping) for row in connection.execute(select(log).order_by(log.c.seq))]
        _check_chain(entries, found)
        _check_tables(connection, entries, found)
    if published and published["seq"]:
        known = {entry["seq"]: entry["hash"] for entry in entries}
        if known.get(published["seq"]) != published["hash"]:
            found.faults.append(f"The published head (entry {published['seq']}) is not in the log.")
    return found


def _check_chain(entries: list[dict[str, Any]], found: Verification) -> None:
    previous, number = _FIRST, 0
    for entry in entries:
        number += 1
        if entry["seq"] != number:
            found.faults.append(f"Entry {number} of the log is missing.")
            number = entry["seq"]
        if entry["prev_hash"] != previous:
            found.faults.append(f"Entry {entry['seq']} does not follow the one before it.")
        if _hash(entry) != entry["hash"]:
            found.faults.append(f"Entry {entry['seq']} was changed.")
        previous = entry["hash"]
    found.entries, found.head = len(entries), previous


#: Tables whose every row is named by the log. Not among them: the log itself, whose chain protects it; drafts, which
#: are nobody's verdict; and attachments' bytes, which the list of attachments knows by their hash.
_LOGGED: dict[str, Table] = {
    "verdict": schema.verdict,
    "case": schema.case,
    "sample": schema.sample,
    "expert": schema.expert,
    "assignment": schema.assignment,
    "quarter": schema.quarter,
    "account": schema.account,
    "session": schema.session,
    "setting": schema.setting,
    **{
        table.name: table
        for table in (
            schema_work.absence,
            schema_work.record_request,
            schema_work.meeting,
            schema_work.appeal,
            schema_work.notice,
            schema_work.attachment,
            schema_work.workday,
            schema_leads.lead,
            schema_leads.outcome,
            schema_leads.lead_note,
            schema_leads.clue,
            schema_leads.reporter,
        )
    },
}


def logged_tables() -> dict[str, Table]:
    """Tables whose every row is named by the log, by the name that the log has for them."""
    return dict(_LOGGED)


def _key(table: str, row: dict[str, Any]) -> str:
    return "|".join(str(row[column.name]) for column in _LOGGED[table].primary_key)


def row_mark(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """What the log keeps of a row: table, key and hash of its content.

    A column that came later counts only where it has a value, so that older rows keep their mark.
    """
    target = _LOGGED[table]
    counted = {name: value for name, value in row.items() if value is not None or "later" not in target.c[name].info}
    return {"table": table, "key": _key(table, row), "hash": fingerprint([counted])[:32]}


def gone(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Marks of rows that were taken away, given by their keys."""
    return [{"table": table, "key": _key(table, row), "hash": None} for row in rows]


def marks(connection: Connection, table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Marks of rows as they stand in the database now, given by their keys."""
    return [row_mark(table, row) for row in _standing(connection, table, rows)]


def _standing(connection: Connection, table: str, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    target = _LOGGED[table]
    first = next(iter(target.primary_key))
    wanted = {_key(table, row) for row in rows}
    values = sorted({row[first.name] for row in rows})
    for begin in range(0, len(values), _AT_ONCE):
        for row in connection.execute(select(target).where(first.in_(values[begin : begin + _AT_ONCE]))):
            content = dict(row._mapping)
            if _key(table, content) in wanted:
                yield content


def record_rows(
    connection: Connection, actor: str, action: str, subject: str, rows: dict[str, list[dict[str, Any]]], **change: Any
) -> None:
    """Add an entry that names rows as they now stand, by table and key; ``change`` says what was done.

    Of rows that were there before ``changed`` says from what to what, column by column (``panel.history``).
    """
    found, changed = [], []
    for table, keys in rows.items():
        for row in _standing(connection, table, keys):
            found.append(row_mark(table, row))
            told = history.difference(connection, _LOGGED[table], row)
            if told:
                changed.append({"table": table, "key": found[-1]["key"], **told})
    more = {"changed": changed} if changed else {}
    record(connection, actor, action, subject, {**change, **more, "rows": found})


def expected_rows(connection: Connection, entries: Iterable[dict[str, Any]] | None = None) -> dict[tuple[str, str], str]:
    """What the log says stands in the store: hash of a row's content by table and key."""
    if entries is None:
        entries = [dict(row._mapping) for row in connection.execute(select(log).order_by(log.c.seq))]
    found: dict[tuple[str, str], str | None] = {}
    for entry in entries:
        for mark in _marks_in(entry):
            found[mark["table"], mark["key"]] = mark["hash"]
    return {key: value for key, value in found.items() if value is not None}


def _marks_in(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The marks an entry names; none in one whose content was damaged, which its hash tells."""
    try:
        change = json.loads(entry["change"])
        marks_named = change.get("rows", []) if isinstance(change, dict) else []
        return [mark for mark in marks_named if _is_mark(mark)]
    except (ValueError, TypeError):
        return []


def _is_mark(mark: Any) -> bool:
    return isinstance(mark, dict) and isinstance(mark.get("table"), str) and isinstance(mark.get("key"), str) and "hash" in mark


def _check_tables(connection: Connection, entries: list[dict[str, Any]], found: Verification) -> None:
    expected = expected_rows(connection, entries)
    for name, table in _LOGGED.items():
        stored = {}
        for row in connection.execute(select(table).execution_options(yield_per=500)):
            mark = row_mark(name, dict(row._mapping))
            stored[mark["key"]] = mark["hash"]
        logged = {key: value for (kind, key), value in expected.items() if kind == name}
        for key in sorted(stored.keys() - logged.keys()):
            found.faults.append(f"{name} {key} stands in the store, but no entry of the log put it there.")
        for key in sorted(logged.keys() - stored.keys()):
            found.faults.append(f"{name} {key} is missing from the store.")
        for key in sorted(stored.keys() & logged.keys()):
            if stored[key] != logged[key]:
                found.faults.append(f"{name} {key} was changed outside the program.")
    _check_contents(connection, found)


def _check_contents(connection: Connection, found: Verification) -> None:
    listed, bytes_of = schema_work.attachment, schema_work.attachment_content
    known = {row.attachment_id: row.sha256 for row in connection.execute(select(listed.c.attachment_id, listed.c.sha256))}
    for row in connection.execute(select(bytes_of).execution_options(yield_per=20)):
        expected = known.pop(row.attachment_id, None)
        if hashlib.sha256(row.content).hexdigest() != expected:
            found.faults.append(f"The content of attachment {row.attachment_id} was changed outside the program.")
    for key in sorted(known):
        found.faults.append(f"The content of attachment {key} is missing from the store.")
