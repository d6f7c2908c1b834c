"""The log of who changed what: append-only, each entry's hash covering the one before."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from panel.schema import assignment, case, expert, lead, outcome, quarter, sample, verdict
from panel.schema import audit as log
from panel.store import Store

_FIRST = "0" * 64


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


def head(store: Store) -> dict[str, Any]:
    """Number and hash of the newest entry; exports publish it."""
    with store.read() as connection:
        last = connection.execute(select(log.c.seq, log.c.hash).order_by(log.c.seq.desc()).limit(1)).first()
    return {"seq": last.seq, "hash": last.hash} if last else {"seq": 0, "hash": _FIRST}


def verify(store: Store, published: dict[str, Any] | None = None) -> Verification:
    """Check the chain, the tables against what the log says of them, and a published head.

    Finds an edited, inserted, re-ordered or deleted entry, and rows of verdicts, cases, samples, experts,
    assignments, leads and outcomes that were changed, added or taken away behind the program's back.
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


#: Tables whose every row is named by the log, with the columns that make its key.
_LOGGED = {
    "verdict": (verdict, ("verdict_id",)),
    "case": (case, ("case_id",)),
    "sample": (sample, ("quarter", "rxno")),
    "expert": (expert, ("expert_id",)),
    "assignment": (assignment, ("case_id", "expert_id")),
    "lead": (lead, ("lead_id",)),
    "outcome": (outcome, ("finding_id",)),
    "quarter": (quarter, ("quarter",)),
}


def row_mark(table: str, row: dict[str, Any]) -> dict[str, str]:
    """What the log keeps of a row: table, key and hash of its content (None as deleted)."""
    columns = _LOGGED[table][1]
    key = "|".join(str(row[name]) for name in columns)
    return {"table": table, "key": key, "hash": fingerprint([row])[:32]}


def marks(connection: Connection, table: str, rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Marks of rows as they stand in the database now, given by their keys."""
    target, columns = _LOGGED[table]
    wanted = {"|".join(str(row[name]) for name in columns) for row in rows}
    stored = (
        [dict(row._mapping) for row in connection.execute(select(target))]
        if len(wanted) > 20
        else [
            dict(row._mapping)
            for given in rows
            for row in connection.execute(select(target).where(*[target.c[name] == given[name] for name in columns]))
        ]
    )
    return [mark for mark in (row_mark(table, row) for row in stored) if mark["key"] in wanted]


def _check_tables(connection: Connection, entries: list[dict[str, Any]], found: Verification) -> None:
    expected: dict[tuple[str, str], str | None] = {}
    for entry in entries:
        change = json.loads(entry["change"])
        for mark in change.get("rows", []) if isinstance(change, dict) else []:
            expected[mark["table"], mark["key"]] = mark["hash"]
    for name, (table, _) in _LOGGED.items():
        stored = {}
        for row in connection.execute(select(table)):
            mark = row_mark(name, dict(row._mapping))
            stored[mark["key"]] = mark["hash"]
        logged = {key: value for (kind, key), value in expected.items() if kind == name and value is not None}
        for key in sorted(stored.keys() - logged.keys()):
            found.faults.append(f"{name} {key} stands in the store, but no entry of the log put it there.")
        for key in sorted(logged.keys() - stored.keys()):
            found.faults.append(f"{name} {key} is missing from the store.")
        for key in sorted(stored.keys() & logged.keys()):
            if stored[key] != logged[key]:
                found.faults.append(f"{name} {key} was changed outside the program.")
