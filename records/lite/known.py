"""What of a syntax tree is understood here. A word that a parser's later version keeps in a new place must not be lost."""

from __future__ import annotations

from typing import Any

from records.lite.types import Unsaid

_PLAIN = (
    "abs add and anonymous boolean ceil coalesce contains datatype datatypeparam distinct div eq exists filter floor "
    "from gt gte having hour identifier intdiv is length logicaland logicalor lower lt lte max min minute mul neg neq not "
    "null nullif nullsafeeq or order paren properties propertyeq regexplike rownumber second startswith struct sub sum "
    "temporaryproperty trim tuple where with year"
)
_MORE = {
    "alias": "alias", "between": "low high", "case": "ifs default", "cast": "to", "column": "table", "count": "big_int",
    "create": "kind properties replace", "cte": "alias", "dpipe": "safe", "drop": "tables kind", "greatest": "ignore_nulls",
    "group": "all", "groupconcat": "separator", "if": "true", "in": "query", "join": "on kind side using", "lag": "offset",
    "least": "ignore_nulls", "like": "negate", "literal": "is_string", "ordered": "desc nulls_first",
    "replace": "replacement", "round": "decimals", "select": "from_ where with_ group having joins windows distinct",
    "star": "replace", "strposition": "substr", "subquery": "alias", "substring": "start length", "table": "alias db",
    "tablealias": "columns", "translate": "from_ to", "trycast": "to safe", "union": "distinct with_",
    "userdefinedfunction": "wrapped", "values": "alias", "window": "partition_by alias over order spec",
    "windowspec": "kind start start_side end end_side",
}  # fmt: skip
_USUAL = {"this", "expression", "expressions"}
KNOWN = dict.fromkeys(_PLAIN.split(), _USUAL) | {key: _USUAL | set(names.split()) for key, names in _MORE.items()}


def require_known(tree: Any) -> None:
    """Raise Unsaid for a kind of node, or a part of one, that nothing here takes care of."""
    for node in tree.walk():
        if node.key not in KNOWN:
            raise Unsaid(f"{type(node).__name__}: {node.sql(dialect='duckdb')[:200]}")
        beyond = {name for name, value in node.args.items() if value} - KNOWN[node.key]
        if beyond:
            raise Unsaid(f"{sorted(beyond)} of {type(node).__name__}: {node.sql(dialect='duckdb')[:200]}")
        if node.key in ("greatest", "least") and not node.args.get("ignore_nulls"):
            raise Unsaid(node.sql(dialect="duckdb"))
