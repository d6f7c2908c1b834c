"""Sources beyond files: a database by its address, one table or view per contract table.

DuckDB files are attached, and so is whatever DuckDB has an installed extension for. PostgreSQL and SQLite are read
through their own drivers instead, so that a closed network needs no extension: PostgreSQL by COPY within one
read-only transaction, which sees every table at the same moment.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, unquote

from records.contract import Contract, Table
from records.encoding import detect
from records.errors import ServiceUnavailable, WrongUse
from records.output import sha256
from records.readers import load_csv, view_files
from records.source import SourceReport, TableSource, literal, match_columns, quoted
from records.text import prepare

if TYPE_CHECKING:
    import duckdb

Say = Callable[[str], None]


class Source(Protocol):
    """A database that is being read."""

    def names(self) -> list[str]:
        """Tables and views in sight."""

    def fetch(self, table: Table, folder: Path) -> tuple[Path, TableSource]:
        """A table as a Parquet file in ``folder``."""

    def close(self) -> None:
        """Let go."""


def read_database(con: duckdb.DuckDBPyConnection, url: str, contract: Contract, scratch: Path, say: Say) -> SourceReport:
    """Read the contract's tables from a database into schemas ``native`` and ``raw``.

    Raises WrongUse for an unknown scheme and ServiceUnavailable when the database does not open.
    """
    scheme, _, rest = url.partition("://")
    openers: dict[str, Callable[[], Source]] = {
        "postgresql": lambda: _Postgres(con, url),
        "postgres": lambda: _Postgres(con, url),
        "sqlite": lambda: _Sqlite(con, _local(rest)),
        "duckdb": lambda: _Attached(con, literal(_local(rest)), "READ_ONLY"),
        "mysql": lambda: _Attached(con, literal(url), "TYPE mysql, READ_ONLY"),
    }
    if scheme not in openers:
        raise WrongUse(f"'{scheme}://' is no source: use a folder, or {', '.join(sorted(openers))}.")
    report = SourceReport()
    with closing(openers[scheme]()) as source:
        names = source.names()
        for table in contract:
            if table.name in names:
                say(f"读取 reading {table.name}")
                path, found = source.fetch(table, scratch)
                view_files(con, table, [path], found)
                report.tables[table.name] = found
                report.hashes[table.name] = sha256(path)
    report.ignored = sorted(name for name in names if name not in contract.tables)
    return report


def _local(rest: str) -> str:
    """The file that sqlite:///abs or duckdb:///abs names."""
    return "/" + unquote(rest).lstrip("/")


def _closed(scheme: str, error: Exception) -> ServiceUnavailable:
    sentence = f"The {scheme} source cannot be opened or read: check the address, the password and the permissions."
    situation = ServiceUnavailable(sentence)
    situation.__cause__ = error
    return situation


class _Attached:
    """A database that DuckDB reads itself."""

    def __init__(self, con: duckdb.DuckDBPyConnection, address: str, options: str) -> None:
        import duckdb

        self._con = con
        try:
            con.execute(f"ATTACH {address} AS source ({options})")
        except duckdb.Error as error:
            raise ServiceUnavailable(
                "The source cannot be opened: check the address, the password, and that DuckDB's extension for it is installed."
            ) from error

    def _places(self) -> dict[str, str]:
        rows = self._con.execute(
            "SELECT table_name, table_schema FROM information_schema.tables "
            "WHERE table_catalog = 'source' ORDER BY table_name, table_schema DESC"
        ).fetchall()
        return {str(name): f"source.{quoted(schema)}.{quoted(name)}" for name, schema in rows}

    def names(self) -> list[str]:
        return sorted(self._places())

    def fetch(self, table: Table, folder: Path) -> tuple[Path, TableSource]:
        import duckdb

        target = folder / f"{table.name}.parquet"
        try:
            self._con.execute(f"COPY (SELECT * FROM {self._places()[table.name]}) TO {literal(str(target))} (FORMAT parquet)")
        except duckdb.Error as error:
            raise ServiceUnavailable(
                f"Table {table.name} of the source cannot be read: see whether its view or file still works."
            ) from error
        return target, TableSource([table.name], encoding="database")

    def close(self) -> None:
        self._con.execute("DETACH source")


def _through_csv(
    con: duckdb.DuckDBPyConnection, table: Table, text: Path, source: TableSource, mapping: dict[str, str]
) -> tuple[Path, TableSource]:
    """What a driver wrote as CSV, as a Parquet file of texts beside it."""
    plain = prepare(text, detect(text), text.with_suffix(".plain"))
    target = text.with_suffix(".parquet")
    load_csv(con, table, plain, mapping, (target, table.name))
    text.unlink()
    plain.path.unlink(missing_ok=True)
    return target, source


class _Postgres:
    """PostgreSQL, read by COPY."""

    def __init__(self, con: duckdb.DuckDBPyConnection, url: str) -> None:
        import psycopg

        self._con = con
        try:
            self._link = psycopg.connect(url, connect_timeout=10, options=_options(url))
            self._link.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._link.read_only = True
        except psycopg.Error as error:
            raise _closed("postgresql", error) from error

    def names(self) -> list[str]:
        found = self._link.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = ANY (current_schemas(false)) AND c.relkind IN ('r', 'v', 'm', 'p', 'f') "
            "AND pg_table_is_visible(c.oid) ORDER BY 1"
        ).fetchall()
        return [str(name) for (name,) in found]

    def _columns(self, name: str) -> dict[str, str]:
        found = self._link.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            [name],
        ).fetchall()
        return {str(column): str(kind) for column, kind in found}

    def fetch(self, table: Table, folder: Path) -> tuple[Path, TableSource]:
        import psycopg
        from psycopg import sql

        source, text = TableSource([table.name], encoding="database"), folder / f"{table.name}.csv"
        try:
            columns = self._columns(table.name)
            mapping = match_columns(table, list(columns), f"Table {table.name}", source)
            cells = [sql.SQL(_as_text(columns[given])).format(sql.Identifier(given)) for given in mapping]
            named = [cell + sql.SQL(" AS ") + sql.Identifier(given) for cell, given in zip(cells, mapping, strict=True)]
            query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, HEADER, ENCODING 'UTF8')").format(
                sql.SQL(", ").join(named), sql.Identifier(table.name)
            )
            with self._link.cursor() as cursor, cursor.copy(query) as stream, text.open("wb") as out:
                for block in stream:
                    out.write(block)
        except psycopg.Error as error:
            raise _closed("postgresql", error) from error
        return _through_csv(self._con, table, text, source, mapping)

    def close(self) -> None:
        self._link.close()


def _options(url: str) -> str:
    """Server settings that fix how values are written; those of the address come after and keep their say."""
    from psycopg.conninfo import conninfo_to_dict

    given = str(conninfo_to_dict(url).get("options", ""))
    return f"-c datestyle=ISO,YMD -c extra_float_digits=1 {given}".strip()


def _as_text(kind: str) -> str:
    """How a column of a PostgreSQL type is asked for: flags as digits, instants as the clock of China."""
    if kind == "boolean":
        return "{}::int"
    if kind == "timestamp with time zone":
        return "{} AT TIME ZONE 'Asia/Shanghai'"
    if kind == "bytea":
        return "convert_from({}, 'UTF8')"
    return "{}"


class _Sqlite:
    """A SQLite file."""

    def __init__(self, con: duckdb.DuckDBPyConnection, path: str) -> None:
        import sqlite3

        self._con = con
        try:
            self._link = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)
            # Bytes that are no UTF-8 damage one value, which the gate finds, and not the source.
            self._link.text_factory = lambda text: text.decode("utf-8", errors="replace")
            self._link.execute("SELECT count(*) FROM sqlite_master").fetchall()
        except sqlite3.Error as error:
            raise _closed("sqlite", error) from error

    def names(self) -> list[str]:
        found = self._link.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY 1")
        return [str(name) for (name,) in found]

    def fetch(self, table: Table, folder: Path) -> tuple[Path, TableSource]:
        import sqlite3

        source, text = TableSource([table.name], encoding="database"), folder / f"{table.name}.csv"
        try:
            rows = self._link.execute(f"SELECT * FROM {quoted(table.name)}")
            header = [str(entry[0]) for entry in rows.description]
            mapping = match_columns(table, header, f"Table {table.name}", source)
            with text.open("w", encoding="utf-8", newline="") as out:
                writer = csv.writer(out, lineterminator="\n")
                writer.writerow(header)
                writer.writerows(map(_plain, rows))
        except sqlite3.Error as error:
            raise _closed("sqlite", error) from error
        return _through_csv(self._con, table, text, source, mapping)

    def close(self) -> None:
        self._link.close()


def _plain(row: Sequence[object]) -> list[object]:
    """A row of SQLite values as text; bytes as the text they hold."""
    return [value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value for value in row]
