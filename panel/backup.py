"""The store in one file, and back: a portable dump of every table, whatever the database."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, insert, select

from panel import audit
from panel.schema import metadata, session
from panel.store import Store
from records.errors import DataFault, NotFound, VerificationFailed, WrongUse
from records.output import beside

_VERSION = 2
_BATCH = 500


def back_up(store: Store, path: Path) -> dict[str, int]:
    """Write every table but sessions into one zip with checksums; returns rows by table.

    One moment of the store, whatever others write meanwhile; the file appears when it is whole, for its owner's eyes only.
    """
    counts, sums = {}, {}
    with (
        store.read() as connection,
        beside(path, private=True) as draft,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as bundle,
    ):
        for table in metadata.sorted_tables:
            if table is session:
                continue
            digest, counts[table.name] = hashlib.sha256(), 0
            with bundle.open(_entry(f"{table.name}.jsonl"), "w") as out:
                chosen = select(table).order_by(*table.primary_key).execution_options(yield_per=_BATCH)
                for row in connection.execute(chosen):
                    line = (audit.canonical({key: _packed(value) for key, value in row._mapping.items()}) + "\n").encode()
                    digest.update(line)
                    out.write(line)
                    counts[table.name] += 1
            sums[table.name] = digest.hexdigest()
        told = {"version": _VERSION, "sums": sums, "head": audit.head_of(connection)}
        bundle.writestr(_entry("backup.json"), json.dumps(told, sort_keys=True))
    return counts


def _entry(name: str) -> zipfile.ZipInfo:
    """A zip entry without a clock: the same store gives the same bytes."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _packed(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _unpacked(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row for the table as it is now: bytes as bytes, columns that the backup did not know empty."""
    kinds = {column.name: isinstance(column.type, LargeBinary) for column in table.columns}
    return {name: base64.b64decode(row[name]) if binary and row.get(name) else row.get(name) for name, binary in kinds.items()}


def restore(store: Store, path: Path) -> dict[str, int]:
    """Fill an empty store from a backup; returns rows by table. Sessions do not come back: everybody signs in anew.

    Raises NotFound, DataFault for a file that is no backup, VerificationFailed for one that was changed, and
    WrongUse when the store is not empty.
    """
    if not path.is_file():
        raise NotFound(f"没有备份文件{path} There is no backup {path}.")
    try:
        with zipfile.ZipFile(path) as bundle:
            told = json.loads(bundle.read("backup.json"))
            for name, expected in told["sums"].items():
                _check_sum(bundle, name, expected)
            return _fill(store, bundle, set(told["sums"]))
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataFault(f"{path.name}不是备份文件 {path.name} is no backup of a store.") from error


def _check_sum(bundle: zipfile.ZipFile, name: str, expected: str) -> None:
    digest = hashlib.sha256()
    with bundle.open(f"{name}.jsonl") as lines:
        while block := lines.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != expected:
        raise VerificationFailed(
            f"备份中表{name}与校验值不符，请换用其他备份 "
            f"Table {name} of the backup does not match its checksum: use another backup."
        )


def _fill(store: Store, bundle: zipfile.ZipFile, names: set[str]) -> dict[str, int]:
    counts = {}
    with store.change() as connection:
        for table in metadata.sorted_tables:
            if connection.execute(select(table).limit(1)).first() is not None:
                raise WrongUse(
                    "数据库已有数据，请恢复到空的工作目录 The store holds data already: restore into an empty work folder."
                )
        for table in metadata.sorted_tables:
            counts[table.name] = 0
            rows = _rows(bundle, table) if table.name in names else iter(())
            while batch := list(islice(rows, _BATCH)):
                connection.execute(insert(table), batch)
                counts[table.name] += len(batch)
        _end_sessions(connection)
    return counts


def _rows(bundle: zipfile.ZipFile, table: Table) -> Iterator[dict[str, Any]]:
    with bundle.open(f"{table.name}.jsonl") as lines:
        for line in lines:
            if line.strip():
                yield _unpacked(table, json.loads(line))


def _end_sessions(connection: Connection) -> None:
    """Say in the log that the sessions it knows have ended, so that none is missed."""
    known = [key for table, key in audit.expected_rows(connection) if table == "session"]
    if known:
        rows = audit.gone("session", [{"token_hash": key} for key in sorted(known)])
        audit.record(connection, "system", "store restored", "store", {"rows": rows})
