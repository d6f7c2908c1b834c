"""The store of cases and verdicts: SQLite by default, PostgreSQL by URL, migrated when it is opened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.exc import OperationalError

from panel import history
from records.errors import ServiceUnavailable, StoreLocked, WrongUse

if TYPE_CHECKING:
    from typing import Any

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_SECONDS = 30


class Store:
    """An open store. Use ``change()`` for anything that writes, ``read()`` for the rest."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.engine.dispose()

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """One writing transaction; change and log entry stand or fall together. Raises StoreLocked."""
        try:
            with self.engine.execution_options(writes=True).begin() as connection:
                if self.engine.dialect.name == "postgresql":
                    # One writer at a time keeps the log's chain in one line.
                    connection.execute(text("SELECT pg_advisory_xact_lock(726370)"))
                history.watch(connection)
                yield connection
        except OperationalError as error:
            if "locked" in str(error).lower() or "lock timeout" in str(error).lower():
                raise StoreLocked(
                    "数据库正忙，请稍后再试 The store is busy with another change: try again in a moment."
                ) from error
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read from: it sees one moment of the store, whatever others write meanwhile."""
        steady = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        with self.engine.execution_options(**steady).connect() as connection:
            yield connection


def _engine(url: str) -> Engine:
    if url.startswith(("postgresql://", "postgres://")):
        url = "postgresql+psycopg://" + url.partition("://")[2]
    if not url.startswith("sqlite"):
        # Thirty experts ask at once: beyond the pool each request would pay for a connection of its own.
        engine = create_engine(url, pool_pre_ping=True, pool_size=20, max_overflow=20)
        _watch_texts(engine)
        return engine
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    _watch_texts(engine)

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # Writers queue at the beginning, not half-way, so none fails after it has read.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def refuse_unkept(context: Any, kept: Mapping[str, Any]) -> None:
    """Raise WrongUse for a text that no database can keep, or that is longer than its column: one sentence, not a crash.

    PostgreSQL refuses both in words of its own, SQLite takes both; here they are refused alike. ``kept`` = values by the
    name of their place in the statement of ``context``.
    """
    writes = context.isinsert or context.isupdate
    for name, value in kept.items():
        place = context.compiled.binds.get(name) if writes else None
        for entry in value if isinstance(value, list | tuple) else [value]:
            _refuse_text(entry, None if place is None else place.type, "" if place is None else place.key)


def _refuse_text(text: object, kind: Any, name: str) -> None:
    if not isinstance(text, str):
        return
    if "\0" in text:
        raise WrongUse("文字含无法保存的字符 The text has a character that cannot be kept.")
    most = getattr(kind, "length", None)
    if most and len(text) > most:
        raise WrongUse(f"文字过长，最多{most}字 The text is too long: at most {most} characters ({name}).")


def refuse_unfit(table: Table, row: Mapping[str, Any]) -> None:
    """Raise WrongUse for a row with a text that the table cannot keep, before it is written beside others."""
    for name, value in row.items():
        _refuse_text(value, table.columns[name].type, name)


def _watch_texts(engine: Engine) -> None:
    @event.listens_for(engine, "before_cursor_execute")
    def _look(_connection: Connection, _cursor: Any, _sql: str, _values: Any, context: Any, _many: bool) -> None:
        if context.compiled is None or getattr(context, "looked_at", False):
            return
        # A long insert comes in batches, each with the values of all.
        context.looked_at = True
        for kept in context.compiled_parameters:
            refuse_unkept(context, kept)


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _is_current(engine: Engine) -> bool:
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with engine.connect() as connection:
        now = MigrationContext.configure(connection).get_current_revision()
    return now == ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.making")
    draft.unlink(missing_ok=True)
    # Cases, names and files of the record: the log files that SQLite puts beside it take its mode over.
    draft.touch(mode=0o600)
    making = _engine(f"sqlite:///{draft}")
    _migrate(making)
    # Closing the last connection folds the write-ahead log into the file.
    making.dispose()
    draft.replace(path)


def _close_to_others(path: Path) -> None:
    """Take a store's files away from everybody but their owner, where that is who opens them."""
    for part in (path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm", "journal"))):
        # Another process may fold a log file into the store meanwhile.
        with suppress(FileNotFoundError):
            found = part.stat()
            if found.st_uid == os.geteuid() and found.st_mode & 0o077:
                part.chmod(0o600)


def open_store(url: str) -> Store:
    """Open a store, creating or migrating it. Raises ServiceUnavailable when the database does not answer.

    A new SQLite file is made beside and renamed, so that a kill leaves none or a whole one. Its owner alone reads it,
    an older one that others could read too from the moment its owner opens it.
    """
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        if path.exists():
            _close_to_others(path)
        else:
            _make(path)
    engine = _engine(url)
    try:
        if not _is_current(engine):
            _migrate(engine)
    except OperationalError as error:
        raise ServiceUnavailable(
            "数据库没有响应 The store's database does not answer: check RXPANEL_DATABASE_URL and that the server runs."
        ) from error
    return Store(engine)
