"""What a local check may be: one SELECT over the tables of the connection, that ends and says the same each time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from basis.definition import Rule
from records.errors import DataFault

#: What another run would answer differently.
_FICKLE = frozenset(
    {
        "random", "setseed", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "now", "today", "current_date", "current_time",
        "current_timestamp", "localtime", "localtimestamp", "get_current_timestamp", "get_current_time",
        "transaction_timestamp", "getenv", "current_setting", "nextval", "currval",
    }
)  # fmt: skip


def read_check(path: Path) -> str:
    """The text of a local check. Raises DataFault, one sentence, for one that is not a single, plain SELECT.

    It may name tables of the connection and its own; files, other schemas, table functions, endless recursion and
    what changes from run to run (time, chance) are refused. A last semicolon or comment does no harm.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError) as error:
        raise DataFault(f"{path.name} cannot be read: save it as UTF-8.") from error
    sql = text.strip().rstrip(";") + "\n"
    fault = fault_of(sql)
    if fault is not None:
        raise DataFault(f"{path.name} {fault}")
    return sql


def fault_of(sql: str) -> str | None:
    """Why a text is no check, as the end of a sentence; None for one that is."""
    import duckdb

    with duckdb.connect() as con:
        (written,) = con.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchall()[0]
    read = json.loads(written)
    if read["error"]:
        said = str(read["error_message"]).splitlines()[0]
        return f"is not one SELECT that can be read: {said}"
    if len(read["statements"]) != 1:
        return f"holds {len(read['statements'])} statements: a check is one SELECT."
    return next(filter(None, map(_fault, _nodes(read["statements"]))), None)


def refuse_numbers_unasked(rule: Rule, path: Path) -> None:
    """Raise DataFault where a check asks for a number that its rule lacks, or the rule's numbers go by another id."""
    asked = re.findall(r"limit_of\s*\(\s*'([^']*)'\s*,\s*(?:'([^']*)')?", rule.sql)
    known = {p.name for p in rule.parameters}
    unknown = sorted({name for of, name in asked if of == rule.rule_id and name} - known)
    if unknown:
        raise DataFault(f"{path.name} has no parameter {unknown[0]}, for which its check asks.")
    if known and rule.rule_id not in {of for of, _ in asked}:
        raise DataFault(f"{path.name}: its check asks for no number of {rule.rule_id}: name that rule in limit_of.")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for part in tree.values():
            yield from _nodes(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)


def _fault(node: dict[str, Any]) -> str | None:
    kind = node.get("type")
    if kind == "BASE_TABLE":
        name = str(node["table_name"])
        plain = re.fullmatch(r"\w+", name) and not node["schema_name"] and not node["catalog_name"]
        return None if plain else f"reads {name}: a check reads the run's own tables only."
    if kind in ("TABLE_FUNCTION", "SHOW_REF"):
        return "reads by a table function: a check reads the run's own tables only."
    if kind == "RECURSIVE_CTE_NODE":
        return "is recursive: it might never end."
    if kind == "FUNCTION" and str(node["function_name"]).lower() in _FICKLE:
        return f"asks for {node['function_name']}(): the same data must give the same findings."
    return None
