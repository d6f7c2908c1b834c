"""A rule asked once of a city in which nothing happened: what could not run there would stop every run."""

from __future__ import annotations

import string
from pathlib import Path
from typing import TYPE_CHECKING

from basis.definition import Rule
from basis.find import prepare, query_of, span_of
from basis.rulebook import Rulebook
from basis.variants import variants_of
from records.asof import connect, open_asof
from records.contract import load_contract
from records.errors import DataFault
from records.periods import Quarter
from records.readers import SourceReport, TableSource
from records.snapshot import Snapshot, write_snapshot

if TYPE_CHECKING:
    import duckdb

_QUARTER = Quarter.parse("2026Q3")


def prove(book: Rulebook, rule_ids: tuple[str, ...], folder: Path) -> None:
    """Run the checks of some rules on no rows, in an empty ``folder``.

    Raises DataFault, one sentence, for a check that does not run, or whose facts are no struct or lack what the
    rule's words name.
    """
    con = open_asof(_empty(folder), _QUARTER)
    try:
        prepare(con, book)
        for rule in book.rules:
            if rule.rule_id in rule_ids:
                _refuse_dumb(con, book, rule)
    finally:
        con.close()


def _empty(folder: Path) -> Snapshot:
    """A snapshot that has every table and column of the contract, and no rows."""
    con, report, contract = connect(1, "1GB"), SourceReport(), load_contract()
    con.execute("CREATE SCHEMA accepted")
    for table in contract:
        con.execute(f"CREATE TABLE accepted.{table.name} ({', '.join(f'{c.name} {c.duckdb_type}' for c in table.columns)})")
        report.tables[table.name] = TableSource([], columns_present=[column.name for column in table.columns])
    snapshot = write_snapshot(con, contract, folder, report)
    con.close()
    return snapshot


def _refuse_dumb(con: duckdb.DuckDBPyConnection, book: Rulebook, rule: Rule) -> None:
    import duckdb

    begin, end = con.execute("SELECT begin, as_of FROM period").fetchall()[0]
    try:
        for variant in variants_of(book, rule.rule_id):
            con.execute(query_of(variant), span_of(variant, begin, end)).fetchall()
    except duckdb.Error as error:
        raise DataFault(f"{rule.check}.sql does not run: {str(error).splitlines()[0]}") from error
    facts, moment = con.sql(f"SELECT facts, fee_ocur_time FROM ({rule.sql}) AS found").types
    if facts.id != "struct":
        raise DataFault(f"{rule.check}.sql: facts is no struct: write {{'name': value, ...}} AS facts.")
    if moment.id not in ("timestamp", "date"):
        raise DataFault(f"{rule.check}.sql: fee_ocur_time is of the type {moment}: give the moment of the finding.")
    given = {name for name, _ in facts.children}
    for words in ("evidence_zh", "evidence_en"):
        lacking = sorted(set(_named(rule, words)) - given)
        if lacking:
            raise DataFault(f"{rule.rule_id}: {words} names {{{lacking[0]}}}, which {rule.check}.sql does not give.")


def _named(rule: Rule, words: str) -> list[str]:
    try:
        parts = list(string.Formatter().parse(getattr(rule, words)))
    except ValueError as error:
        raise DataFault(f"{rule.rule_id}: {words} cannot be read: {error}.") from error
    return [name for _, name, _, _ in parts if name is not None]
