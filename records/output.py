"""Writing so that nobody ever reads half a file, and so that the same rows give the same bytes."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
    import pandas as pd

ROWS_IN_GROUP = 131_072
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def beside(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Give a path beside ``path`` to write to, and rename it into place when the block ends well.

    ``private`` = from its first byte nobody but the owner reads the file, nor what else a folder made for it holds.
    """
    path.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        if private:
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_parquet(con: duckdb.DuckDBPyConnection, sql: str, path: Path, order_by: Sequence[str] = ()) -> int:
    """Write a query to Parquet in the order given; returns its number of rows.

    The rows go through one writer in groups of a fixed size, because a parallel one cuts groups by
    chance and the bytes would differ from run to run.
    """
    import pyarrow.parquet as pq

    ordered = f"SELECT * FROM ({sql}) ORDER BY {', '.join(order_by)}" if order_by else sql
    reader = con.sql(ordered).to_arrow_reader(ROWS_IN_GROUP)
    rows = 0
    with beside(path) as draft, pq.ParquetWriter(draft, reader.schema, compression="zstd") as writer:
        for batch in _regular(reader):
            writer.write_table(batch, row_group_size=ROWS_IN_GROUP)
            rows += batch.num_rows
    return rows


def write_parts(con: duckdb.DuckDBPyConnection, queries: Sequence[str], path: Path) -> int:
    """Write queries one after the other into one Parquet file; returns its number of rows.

    The same bytes as ``write_parquet`` gives for all their rows at once. While one group of rows is packed by a
    thread of its own, the next ones are computed.
    """
    from concurrent.futures import Future, ThreadPoolExecutor

    import pyarrow.parquet as pq

    readers = _Chained(con, queries)
    rows = 0
    with (
        beside(path) as draft,
        pq.ParquetWriter(draft, readers.schema, compression="zstd") as writer,
        ThreadPoolExecutor(max_workers=1) as packer,
    ):
        waiting: Future[None] | None = None
        for table in _regular(readers):
            if waiting is not None:
                waiting.result()
            waiting = packer.submit(writer.write_table, table, row_group_size=ROWS_IN_GROUP)
            rows += table.num_rows
        if waiting is not None:
            waiting.result()
    return rows


class _Chained:
    """The batches of several queries of one form, each run when those before it are read."""

    def __init__(self, con: duckdb.DuckDBPyConnection, queries: Sequence[str]) -> None:
        self._con, self._queries = con, queries
        self.schema = con.sql(f"SELECT * FROM ({queries[0]}) LIMIT 0").to_arrow_reader().schema

    def __iter__(self) -> Iterator[Any]:
        for query in self._queries:
            yield from self._con.sql(query).to_arrow_reader(ROWS_IN_GROUP)


def _regular(reader: Any) -> Iterator[Any]:
    """Arrow tables of exactly ROWS_IN_GROUP rows (the last one shorter), whatever sizes come in."""
    import pyarrow as pa

    waiting: list[Any] = []
    held = 0
    for batch in reader:
        waiting.append(batch)
        held += batch.num_rows
        while held >= ROWS_IN_GROUP:
            table = pa.Table.from_batches(waiting, schema=reader.schema).combine_chunks()
            yield table.slice(0, ROWS_IN_GROUP)
            rest = table.slice(ROWS_IN_GROUP)
            waiting, held = rest.to_batches(), rest.num_rows
    if held or not waiting:
        yield pa.Table.from_batches(waiting, schema=reader.schema).combine_chunks()


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a pandas frame to Parquet as it stands; its index and pandas' own metadata are left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    with beside(path) as draft:
        pq.write_table(table, draft, compression="zstd", row_group_size=ROWS_IN_GROUP)


def safe_cell(value: object) -> object:
    """A cell that no spreadsheet will run: text that begins like a formula gets an apostrophe before it."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV text as RFC 4180 has it (CRLF); None is empty; formulas are disarmed."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if value is None else safe_cell(value) for value in row])
    return buffer.getvalue()


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write an export: UTF-8, missing values empty. No BOM: programs read these; people have the workbook."""
    columns = [str(name) for name in frame.columns]
    cells = frame.astype(object).where(frame.notna(), None)
    write_text(path, csv_text(columns, cells.itertuples(index=False, name=None)))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, beside and renamed."""
    with beside(path) as draft:
        draft.write_bytes(text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes, beside and renamed."""
    with beside(path) as draft:
        draft.write_bytes(content)


def write_json(path: Path, content: object) -> None:
    """Write JSON with sorted keys and Chinese as it is."""
    write_text(path, json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, default=str) + "\n")


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
