"""Which institution a row belongs to: its own column, or that of its settlement or prescription."""

from __future__ import annotations

from records.contract import Contract, Table
from records.source import quoted

_OWNERS = ("settlement", "prescription")


def institution_of(contract: Contract, table: Table) -> str | None:
    """SQL: the institution of row "t" of ``sorted.<table>``; None where a table has none."""
    if any(column.name == "fixmedins_code" for column in table.columns):
        return "t.fixmedins_code"
    for column in table.columns:
        if column.references in _OWNERS:
            key = quoted(contract[column.references].key[0])
            return f"(SELECT min(p.fixmedins_code) FROM sorted.{column.references} p WHERE p.{key} = t.{quoted(column.name)})"
    return None


def institution_join(contract: Contract, table: Table) -> tuple[str, str] | None:
    """The same for all rows of a table: the SQL of the code and the join it needs."""
    own = institution_of(contract, table)
    if own is None or own.startswith("t."):
        return (own, "") if own else None
    column = next(column for column in table.columns if column.references in _OWNERS)
    key = quoted(contract[str(column.references)].key[0])
    parents = f"(SELECT {key} AS k, min(fixmedins_code) AS fixmedins_code FROM sorted.{column.references} GROUP BY 1)"
    return "p.fixmedins_code", f"LEFT JOIN {parents} p ON p.k = t.{quoted(column.name)}"
