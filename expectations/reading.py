"""A supplied table as it is read: SQL from the columns as they came to the contract's values.

Only what a table needs is asked for: a column that came in the contract's own type is taken as it is, and one of
whose texts the survey found none to mend is not mended. Most tables of most agencies cost one look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from expectations.spelling import cleaned, mended, typed
from records.contract import Column, Table
from records.native import text_of, value_of
from records.source import TableSource, quoted


@dataclass(frozen=True)
class Reading:
    """A table, the type each supplied column came in, and the text columns that need no mending."""

    table: Table
    kinds: dict[str, str]
    clean: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, table: Table, source: TableSource) -> Reading:
        """How a table that was supplied is read before anything is known of its texts."""
        return cls(table, source.kinds)

    def knowing(self, clean: frozenset[str]) -> Reading:
        """The same reading when it is known which text columns need no mending."""
        return replace(self, clean=clean)

    def direct(self, column: Column) -> str | None:
        """SQL: the value of a column that came as one and not as text; None for text or an absent column."""
        kind = self.kinds.get(column.name)
        return value_of(column, quoted(column.name), kind) if kind else None

    def is_text(self, column: Column) -> bool:
        """Whether a column was supplied and has to be read from its text."""
        return column.name in self.kinds and self.direct(column) is None

    def sql(self, columns: Sequence[Column] | None = None, *, texts: bool = False, rows: str = "", place: str = "") -> str:
        """A query of ``_row`` and the contract's values of the columns (all unless told), by name.

        With ``texts`` also as they came (r_), cleaned (c_) and mended (m_); of a column that came as a value
        all three are that value. ``rows`` asks only for those whose ``_row`` a query gives; ``place`` reads from
        elsewhere than ``native.<table>``.
        """
        chosen = self.table.columns if columns is None else columns
        steps: list[list[str]] = [["_row"], ["_row"], ["_row"], ["_row"]]
        for column in chosen:
            for step, cells in zip(steps, self._cells(column, texts), strict=True):
                step += cells
        where = f" SEMI JOIN ({rows}) wanted USING (_row)" if rows else ""
        query = f"SELECT {', '.join(steps[0])} FROM {place or 'native.' + self.table.name}{where}"
        for step in steps[1:]:
            query = f"SELECT {', '.join(step)} FROM ({query})"
        return query

    def _cells(self, column: Column, texts: bool) -> tuple[list[str], list[str], list[str], list[str]]:
        """What each step hands on of one column: as it came, cleaned, mended, typed."""
        name, kind = quoted(column.name), self.kinds.get(column.name)
        r, c, m = (quoted(prefix + column.name) for prefix in ("r_", "c_", "m_"))
        if kind is None:
            empty = [f"NULL::VARCHAR AS {r}", f"NULL::VARCHAR AS {c}", f"NULL::VARCHAR AS {m}"] if texts else []
            return [], [], [], [*empty, f"NULL::{column.duckdb_type} AS {name}"]
        value = self.direct(column)
        if value is not None:
            same = [f"{name} AS {r}", f"{name} AS {c}", f"{name} AS {m}"] if texts else []
            return [name], [name], [name], [*same, f"{value} AS {name}"]
        first = f"{text_of(name, kind)} AS {r}"
        if column.name in self.clean:
            steps = [first], [r, f"nullif({r}, '') AS {m}"], [r, m]
            kept = [r, f"{r} AS {c}", m] if texts else []
        else:
            steps = [first], [r, f"{cleaned(column, r)} AS {c}"], [r, c, f"{mended(column, c)} AS {m}"]
            kept = [r, c, m] if texts else []
        return *steps, [*kept, f"{typed(column, m)} AS {name}"]
