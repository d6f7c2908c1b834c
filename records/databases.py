"""Sources beyond files: a database that DuckDB can attach, one table or view per contract table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from records.contract import Contract, Table
from records.errors import ServiceUnavailable, WrongUse
from records.readers import SourceReport, TableSource, count_rows, match_columns, quoted

if TYPE_CHECKING:
    import duckdb

# DuckDB's own names of what it can attach, by the scheme of the address.
_KINDS = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "mysql": "mysql",
    "sqlite": "sqlite",
    "duckdb": "duckdb",
}


def _attach(con: duckdb.DuckDBPyConnection, url: str) -> None:
    import duckdb

    scheme, _, rest = url.partition("://")
    kind = _KINDS.get(scheme)
    if kind is None:
        raise WrongUse(f"'{scheme}://' is no source: use a folder, or {', '.join(sorted(_KINDS))}.")
    # sqlite:///abs and duckdb:///abs name files, the others are addresses that DuckDB reads whole.
    address = "/" + rest.lstrip("/") if kind in ("sqlite", "duckdb") else url
    options = "READ_ONLY" if kind == "duckdb" else f"TYPE {kind}, READ_ONLY"
    try:
        con.execute(f"ATTACH '{address.replace(chr(39), chr(39) * 2)}' AS source ({options})")
    except duckdb.Error as error:
        raise ServiceUnavailable(
            f"The {scheme} source cannot be opened: check the address, the password, and that DuckDB's "
            f"extension for it is installed."
        ) from error


def _table_names(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    rows = con.execute(
        "SELECT table_name, table_schema FROM information_schema.tables "
        "WHERE table_catalog = 'source' ORDER BY table_name, table_schema"
    ).fetchall()
    return {str(name): f"source.{quoted(schema)}.{quoted(name)}" for name, schema in rows}


def _read_table(con: duckdb.DuckDBPyConnection, table: Table, place: str) -> TableSource:
    source = TableSource(files=[table.name], encoding="database")
    header = con.sql(f"SELECT * FROM {place} LIMIT 0").columns
    mapping = match_columns(table, header, f"Table {table.name}", source)
    chosen = [f"{quoted(given)}::VARCHAR AS {quoted(standard)}" for given, standard in mapping.items()]
    con.execute(
        f"CREATE TABLE raw.{table.name} AS SELECT row_number() OVER () AS _row, '{table.name}' AS _file, "
        f"{', '.join(chosen)} FROM {place}"
    )
    source.rows = count_rows(con, f"raw.{table.name}")
    return source


def read_database(con: duckdb.DuckDBPyConnection, url: str, contract: Contract) -> SourceReport:
    """Read the contract's tables from a database into schema ``raw``.

    Raises WrongUse for an unknown scheme and ServiceUnavailable when the database does not open.
    """
    _attach(con, url)
    report = SourceReport()
    names = _table_names(con)
    for table in contract:
        if table.name in names:
            report.tables[table.name] = _read_table(con, table, names[table.name])
    report.ignored = sorted(name for name in names if name not in contract.tables)
    con.execute("DETACH source")
    return report
