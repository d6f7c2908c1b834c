"""When an outcome was recorded, so that a label is never older than what was known."""

import json
from datetime import datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_CHINA = timedelta(hours=8)
_COLUMNS = ("finding_id", "subject_type", "subject_code", "begndate", "enddate", "fraud_flag", "fund_codes", "loss_amt",
            "lead_id", "recorded_on")  # fmt: skip


def upgrade() -> None:
    op.add_column("outcome", sa.Column("recorded_on", sa.String(length=10), nullable=True))
    _adopt()


def _adopt() -> None:
    """Outcomes that are there get the day on which the log first names them, and the log says so."""
    from panel import audit

    connection = op.get_bind()
    days: dict[str, str] = {}
    for row in connection.execute(sa.text("SELECT at, change FROM audit ORDER BY seq")):
        change = json.loads(row.change)
        for mark in change.get("rows", []) if isinstance(change, dict) else []:
            if mark["table"] == "outcome":
                days.setdefault(mark["key"], (datetime.fromisoformat(row.at) + _CHINA).strftime("%Y-%m-%d"))
    there = {row.finding_id for row in connection.execute(sa.text("SELECT finding_id FROM outcome"))}
    told = [{"which": key, "day": day} for key, day in days.items() if key in there]
    if told:
        connection.execute(sa.text("UPDATE outcome SET recorded_on = :day WHERE finding_id = :which"), told)
        stands = connection.execute(sa.text(f"SELECT {', '.join(_COLUMNS)} FROM outcome WHERE recorded_on IS NOT NULL"))
        marks = [audit.row_mark("outcome", dict(row._mapping)) for row in stands]
        audit.record(connection, "system", "store migrated", "0004", {"rows": marks})


def downgrade() -> None:
    op.drop_column("outcome", "recorded_on")
