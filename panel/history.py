"""What rows were before a transaction changed them, so that the log says from what to what and no step has to think of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Delete, Table, Update, event, select

#: Values that no log shows, not even as a hash.
_SECRET = frozenset({"password", "token_hash"})
_NOT_SHOWN = "＊＊＊"
#: A text longer than this is named by its hash.
_LONGEST = 200

_Rows = dict[tuple[str, str], dict[str, Any]]
_before: WeakKeyDictionary[Connection, _Rows] = WeakKeyDictionary()


def watch(connection: Connection) -> None:
    """Keep what every row was that is updated or deleted on a connection, until ``difference`` asks for it."""
    _before[connection] = {}
    event.listen(connection, "before_execute", _keep)


def _keep(connection: Connection, statement: Any, many: Any, one: Any, _options: Any) -> None:
    if not isinstance(statement, Update | Delete) or not isinstance(statement.table, Table):
        return
    table, kept = statement.table, _before[connection]
    asked = select(table) if statement.whereclause is None else select(table).where(statement.whereclause)
    for given in many or [one or {}]:
        for row in connection.execute(asked, given).all():
            content = dict(row._mapping)
            kept.setdefault((table.name, _key(table, content)), {name: _shown(value) for name, value in content.items()})


def _key(table: Table, row: Mapping[str, Any]) -> str:
    return "|".join(str(row[column.name]) for column in table.primary_key)


def difference(connection: Connection, table: Table, row: Mapping[str, Any]) -> dict[str, dict[str, Any]] | None:
    """``from`` and ``to`` of what changed in a row, as it now stands, since it was last asked for; None where nothing did."""
    earlier = _before.get(connection, {}).pop((table.name, _key(table, row)), None)
    if earlier is None:
        return None
    now = {name: _shown(value) for name, value in row.items()}
    names = [name for name in now if now[name] != earlier[name]]
    if not names:
        return None
    return {
        word: {name: _NOT_SHOWN if name in _SECRET else values[name] for name in names}
        for word, values in (("from", earlier), ("to", now))
    }


def _shown(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"
    return value
