"""The store in one file, and back: a portable dump of every table, whatever the database."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

from sqlalchemy import insert, select

from panel import audit
from panel.schema import metadata, session
from panel.store import Store
from records.errors import DataFault, NotFound, VerificationFailed, WrongUse
from records.output import write_bytes

_VERSION = 1


def back_up(store: Store, path: Path) -> dict[str, int]:
    """Write every table but sessions into one zip with checksums; returns rows by table."""
    buffer, counts, sums = io.BytesIO(), {}, {}
    with store.read() as connection, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for table in metadata.sorted_tables:
            if table is session:
                continue
            rows = [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]
            text = "\n".join(audit.canonical(row) for row in rows)
            bundle.writestr(f"{table.name}.jsonl", text)
            counts[table.name], sums[table.name] = len(rows), hashlib.sha256(text.encode()).hexdigest()
        bundle.writestr("backup.json", json.dumps({"version": _VERSION, "sums": sums}, sort_keys=True))
    write_bytes(path, buffer.getvalue())
    return counts


def restore(store: Store, path: Path) -> dict[str, int]:
    """Fill an empty store from a backup; returns rows by table.

    Raises NotFound, DataFault for a file that is no backup, VerificationFailed for one that was changed, and
    WrongUse when the store is not empty.
    """
    if not path.is_file():
        raise NotFound(f"There is no backup {path}.")
    try:
        with zipfile.ZipFile(path) as bundle:
            told = json.loads(bundle.read("backup.json"))
            texts = {name: bundle.read(f"{name}.jsonl").decode() for name in told["sums"]}
    except (zipfile.BadZipFile, KeyError, json.JSONDecodeError) as error:
        raise DataFault(f"{path.name} is no backup of a store.") from error
    for name, text in texts.items():
        if hashlib.sha256(text.encode()).hexdigest() != told["sums"][name]:
            raise VerificationFailed(f"Table {name} of the backup does not match its checksum: use another backup.")
    counts = {}
    with store.change() as connection:
        for table in metadata.sorted_tables:
            if connection.execute(select(table).limit(1)).first() is not None:
                raise WrongUse("The store holds data already: restore into an empty work folder.")
        for table in metadata.sorted_tables:
            rows = [json.loads(line) for line in texts.get(table.name, "").splitlines() if line]
            if rows:
                connection.execute(insert(table), rows)
            counts[table.name] = len(rows)
    return counts
