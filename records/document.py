"""Writes ``docs/data_dictionary.md`` from the contract's data: ``python -m records.document``."""

from __future__ import annotations

from pathlib import Path

from records.contract import Column, Table, load_contract
from records.output import write_text

PAGE = Path(__file__).parent.parent / "docs" / "data_dictionary.md"
_HEAD = """# 数据字典 Data dictionary

Generated from `records/tables/*.toml` by `python -m records.document`; do not edit.
Needed tables are marked with ●; the others are optional, and so is every column that may be null.
A closed list of codes is complete: any other value is quarantined.
"""


def _codes(column: Column) -> str:
    if column.codes:
        listed = "; ".join(f"`{code}` {zh} {en}" for code, (zh, en) in column.codes.items())
        return listed + (" (closed)" if column.closed else " (open)")
    limits = [text for text in (column.minimum, column.maximum) if text is not None]
    return column.format or (f"from {' to '.join(limits)}" if limits else "")


def _row(column: Column) -> str:
    role = "key" if column.primary_key else ""
    if column.references:
        role += f" → {column.references}"
    cells = (
        f"`{column.name}`",
        column.zh,
        column.type,
        "may be null" if column.nullable else "required",
        role.strip(),
        column.unit,
        _codes(column),
        " ".join(f"`{alias}`" for alias in column.aliases),
        column.meaning,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _section(table: Table) -> str:
    mark = " ●" if table.needed else ""
    lines = [
        f"## {table.name}{mark} {table.zh}",
        "",
        "| column | 名称 | type | null | key | unit | codes or range | other names | meaning |",
        "|---|---|---|---|---|---|---|---|---|",
        *[_row(column) for column in table.columns],
    ]
    return "\n".join(lines)


def dictionary() -> str:
    """The data dictionary as Markdown."""
    return _HEAD + "\n" + "\n\n".join(_section(table) for table in load_contract()) + "\n"


if __name__ == "__main__":
    write_text(PAGE, dictionary())
