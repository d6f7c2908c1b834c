"""Names in a query: which table a column is of, and of which type it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from records.lite.casts import Said
from records.lite.types import Type, Unsaid

#: Columns of a table in order.
Columns = dict[str, Type]


def named(name: str) -> str:
    """A name as SQLite has it: quoted, so that none of its words stands in the way."""
    return '"' + name.replace('"', '""') + '"'


@dataclass
class Scope:
    """Tables of a FROM by alias, columns merged by USING, parameters of a macro, and the query around it.

    ``names`` are the stored tables that aliases stand for; what is read of them is noted in ``seen``.
    """

    outer: Scope | None = None
    tables: dict[str, Columns] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    hidden: set[tuple[str, str]] = field(default_factory=set)
    places: dict[str, Said] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, alias: str, columns: Columns, name: str = "") -> None:
        """A table joins in, a stored one with its name. Raises Unsaid for an alias that stands twice."""
        if alias in self.tables:
            raise Unsaid(f"the alias {alias} stands twice")
        self.tables[alias] = columns
        if name:
            self.names[alias] = name

    def note(self, alias: str, column: str) -> None:
        """A column of a table is read."""
        if alias in self.names:
            self.seen.add((self.names[alias], column))

    def column(self, table: str, name: str) -> Said:
        """What a name means. Raises Unsaid where it means nothing, or two things."""
        if not table and name in self.places:
            return self.places[name]
        owner = self._owner(table, name)
        if owner is not None:
            self.note(owner, name)
            return Said(f"{named(owner)}.{named(name)}", self.tables[owner][name])
        if self.outer is None:
            raise Unsaid(f"no column {table}.{name}" if table else f"no column {name}")
        return self.outer.column(table, name)

    def _owner(self, table: str, name: str) -> str | None:
        if table:
            return table if name in self.tables.get(table, {}) else None
        if name in self.merged:
            return self.merged[name]
        owners = [alias for alias, columns in self.tables.items() if name in columns]
        if len(owners) > 1:
            raise Unsaid(f"the column {name} is of several tables: {', '.join(owners)}")
        return owners[0] if owners else None

    def all_columns(self, table: str = "") -> list[tuple[str, str]]:
        """Every column of a star with the alias of its table, in order; those that USING merged once."""
        chosen = [table] if table else list(self.tables)
        return [(alias, name) for alias in chosen for name in self.tables[alias] if table or (alias, name) not in self.hidden]
