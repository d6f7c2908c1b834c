"""A store of the first layout opens, keeps its log, and is guarded like a new one from then on."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from panel import audit
from panel import store as store_module
from panel.outcomes import investigations
from panel.schema import metadata
from panel.store import Store, open_store
from records.errors import ServiceUnavailable


def first_layout(url: str) -> None:
    """A store as the first version left it: an expert named by the log, an account that the log did not name yet."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    config = Config()
    config.set_main_option("script_location", str(Path(store_module.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        row = {"expert_id": "E1", "name": "甲", "profession": "pharmacy", "specialty": None, "title": None, "institution": None,
               "former_institutions": "", "conflicts": "", "capacity": None, "external": False}  # fmt: skip
        mark = {"table": "expert", "key": "E1", "hash": audit.fingerprint([row])[:32]}
        names = ", ".join(row)
        values = ", ".join("NULL" if v is None else "false" if v is False else f"'{v}'" for v in row.values())
        connection.exec_driver_sql(f"INSERT INTO expert ({names}) VALUES ({values})")
        columns = "account, name, password, roles, must_change, failures"
        connection.exec_driver_sql(f"INSERT INTO account ({columns}) VALUES ('ann', 'a', 'x', 'expert', true, 0)")
        connection.exec_driver_sql("INSERT INTO session (token_hash, account, expires) VALUES ('t', 'ann', '2099-01-01')")
        audit.record(connection, "test", "experts imported", "1 experts", {"rows": [mark]})
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'old.db'}"
    url = str(request.getfixturevalue("postgres"))
    with open_store(url) as old, old.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return url


def test_an_old_store_is_migrated_and_verifies(empty: str) -> None:
    first_layout(empty)
    with open_store(empty) as opened:
        assert audit.verify(opened).faults == []
        with opened.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE account SET roles = 'administrator'")
        assert audit.verify(opened).faults == ["account ann was changed outside the program."]


def test_outcomes_of_an_older_store_get_the_day_on_which_the_log_names_them(empty: str) -> None:
    """The log's times are UTC; the day is China's, which is the next one from 16:00 on."""
    first_layout(empty)
    engine = create_engine(empty.replace("postgresql://", "postgresql+psycopg://"))
    row = {"finding_id": "F1", "subject_type": "person", "subject_code": "P1", "begndate": "2026-01-01",
           "enddate": "2026-03-31", "fraud_flag": 1, "fund_codes": None, "loss_amt": None}  # fmt: skip
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO outcome (finding_id, subject_type, subject_code, begndate, enddate, fraud_flag) "
            "VALUES ('F1', 'person', 'P1', '2026-01-01', '2026-03-31', 1)"
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(audit, "now", lambda: "2026-05-31T16:30:00.000000Z")
            mark = {"table": "outcome", "key": "F1", "hash": audit.fingerprint([row])[:32]}
            audit.record(connection, "test", "outcomes imported", "1 outcomes", {"rows": [mark]})
    engine.dispose()
    with open_store(empty) as opened:
        assert investigations(opened)["recorded_on"].tolist() == ["2026-06-01"]
        assert audit.verify(opened).faults == []


def test_the_migrations_lead_to_the_schema(store: Store) -> None:
    with store.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_a_database_that_does_not_answer_is_said_in_one_sentence() -> None:
    with pytest.raises(ServiceUnavailable, match="does not answer"):
        open_store("postgresql://nobody@127.0.0.1:1/none")
