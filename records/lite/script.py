"""DuckDB statements that make tables of tables, and queries over them, as SQLite has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from records import transpile
from records.lite.known import require_known
from records.lite.queries import Queries
from records.lite.scope import Columns, named
from records.lite.types import Unsaid


@dataclass(frozen=True)
class Made:
    """A table that a statement makes: ``fill`` puts its rows in, out of ``read``: tables with columns of theirs."""

    name: str
    query: str
    columns: Columns
    read: dict[str, set[str]]

    @property
    def fill(self) -> str:
        """The statement that puts the rows in."""
        return f"INSERT INTO {named(self.name)} {self.query}"


@dataclass(frozen=True)
class Query:
    """A query, its columns in order, and what it reads: tables with columns of theirs."""

    text: str
    columns: Columns
    read: dict[str, set[str]]


class Script:
    """Says DuckDB's statements in SQLite's words. ``tables`` are the columns of the tables that are there already.

    Raises Unsaid for anything that it does not know to say with the same meaning.
    """

    def __init__(self, tables: dict[str, Columns]) -> None:
        self._queries = Queries()
        self._queries.tables.update(tables)
        self._trees: dict[str, Any] = {}

    @property
    def tables(self) -> dict[str, Columns]:
        """Columns of every table by now."""
        return self._queries.tables

    def run(self, sql: str) -> None:
        """Take CREATE statements: a table or view becomes a table, a macro stands in its place wherever it is called."""
        for tree in _parsed(sql):
            if tree.key == "drop":
                continue
            require_known(tree)
            if tree.key != "create":
                raise Unsaid(tree.sql()[:200])
            kind = tree.args["kind"].upper()
            if kind in ("MACRO", "FUNCTION"):
                names = [part.name.lower() for part in tree.this.expressions]
                self._queries.macros[tree.this.this.name.lower()] = (names, tree.expression)
            elif kind in ("TABLE", "VIEW"):
                self._make(tree.this.name.lower(), tree.expression)
            else:
                raise Unsaid(tree.sql()[:200])

    def query(self, sql: str, parameters: transpile.Parameters = None) -> Query:
        """A query, with its parameters in place."""
        (tree,) = _parsed(sql)
        tree = transpile.bound(tree, parameters)
        require_known(tree)
        return Query(*self._said(tree))

    def made_for(self, queries: Iterable[Query]) -> tuple[list[Made], dict[str, set[str]]]:
        """The tables that queries rest on, in order and with the columns of use; and what is read of all tables."""
        wanted: dict[str, set[str]] = {}
        for query in queries:
            _join(wanted, query.read)
        kept: list[Made] = []
        for name, tree in reversed(self._trees.items()):
            if name in wanted:
                kept.append(Made(name, *self._said(tree, wanted[name] or None)))
                _join(wanted, kept[-1].read)
        return kept[::-1], wanted

    def _make(self, name: str, tree: Any) -> None:
        table = _copied(tree)
        if table is not None:
            self._queries.same[name] = self._queries.full_name(table)
            return
        _, self._queries.tables[name], _ = self._said(tree)
        self._trees[name] = tree

    def _said(self, tree: Any, keep: set[str] | None = None) -> tuple[str, Columns, dict[str, set[str]]]:
        self._queries.used.clear()
        self._queries.seen.clear()
        text, columns = self._queries.say_query(tree, None, keep=keep)
        read: dict[str, set[str]] = {name: set() for name in self._queries.used}
        for name, column in self._queries.seen:
            read[name].add(column)
        return text, columns, read


def _join(wanted: dict[str, set[str]], read: dict[str, set[str]]) -> None:
    for name, columns in read.items():
        wanted.setdefault(name, set()).update(columns)


@lru_cache(maxsize=512)
def _parsed(sql: str) -> list[Any]:
    """Syntax trees; nothing here changes them, so that the same SQL is parsed once."""
    return transpile.statements(sql)


def _copied(tree: Any) -> Any:
    """The table of ``SELECT * FROM table``, which needs no copy; None for any other query."""
    if {key for key, value in tree.args.items() if value} != {"expressions", "from_"} or len(tree.expressions) != 1:
        return None
    (item,), source = tree.expressions, tree.args["from_"].this
    plain = item.key == "star" and not any(item.args.values())
    return source if plain and source.key == "table" and not source.args.get("joins") else None
