"""Records asked for, meetings, appeals, attachments, absences, officers of leads, sealed reporters; more in the log."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
_ADDED = {
    "account": ("ended", "identity"),
    "assignment": ("locked_until",),
    "expert": ("withdrawn",),
    "lead": ("origin", "incl_prob", "officers", "opened_on", "due_date", "extended", "addressee"),
    "outcome": ("lead_id",),
    "quarter": ("rules",),
    "session": ("begun",),
    "review_case": ("needed", "kind", "copy_of"),
    "verdict": ("severity", "reason", "loss_reason", "seconds"),
}


def upgrade() -> None:
    _around_cases()
    _appeals_and_attachments()
    _leads()
    _columns()
    _adopt()


def _around_cases() -> None:
    op.create_table(
        "workday",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("workday", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "absence",
        sa.Column("expert_id", sa.String(length=60), nullable=False),
        sa.Column("begndate", sa.String(length=10), nullable=False),
        sa.Column("enddate", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["expert_id"],
            ["expert.expert_id"],
        ),
        sa.PrimaryKeyConstraint("expert_id", "begndate"),
    )
    op.create_table(
        "meeting",
        sa.Column("meeting_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("held_at", sa.String(length=32), nullable=False),
        sa.Column("chair", sa.String(length=60), nullable=False),
        sa.Column("present", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["review_case.case_id"],
        ),
        sa.PrimaryKeyConstraint("meeting_id"),
    )
    op.create_table(
        "notice",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("notified_at", sa.String(length=32), nullable=False),
        sa.Column("objection_until", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["review_case.case_id"],
        ),
        sa.PrimaryKeyConstraint("case_id"),
    )
    op.create_table(
        "record_request",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.String(length=32), nullable=False),
        sa.Column("due_date", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["review_case.case_id"],
        ),
        sa.PrimaryKeyConstraint("request_id"),
    )
    op.create_index("record_request_case", "record_request", ["case_id"], unique=False)


def _appeals_and_attachments() -> None:
    op.create_table(
        "appeal",
        sa.Column("appeal_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("received", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("late_reason", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["review_case.case_id"],
        ),
        sa.PrimaryKeyConstraint("appeal_id"),
    )
    op.create_table(
        "attachment",
        sa.Column("attachment_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("expert_id", sa.String(length=60), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("blinded", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["review_case.case_id"],
        ),
        sa.PrimaryKeyConstraint("attachment_id"),
    )
    op.create_index("attachment_case", "attachment", ["case_id"], unique=False)
    op.create_table(
        "attachment_content",
        sa.Column("attachment_id", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachment.attachment_id"],
        ),
        sa.PrimaryKeyConstraint("attachment_id"),
    )


def _leads() -> None:
    op.create_table(
        "clue_in",
        sa.Column("clue_id", sa.String(length=64), nullable=False),
        sa.Column("received", sa.String(length=32), nullable=False),
        sa.Column("subject_type", sa.String(length=12), nullable=False),
        sa.Column("subject_code", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("clue_id"),
    )
    op.create_table(
        "clue_reporter",
        sa.Column("clue_id", sa.String(length=64), nullable=False),
        sa.Column("reporter", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("clue_id"),
    )
    op.create_table(
        "lead_note",
        sa.Column("note_id", sa.String(length=64), nullable=False),
        sa.Column("lead_id", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("note_id"),
    )


def _columns() -> None:
    op.add_column("account", sa.Column("ended", sa.Boolean(), nullable=True))
    op.add_column("account", sa.Column("identity", sa.String(length=400), nullable=True))
    op.add_column("assignment", sa.Column("locked_until", sa.String(length=32), nullable=True))
    op.add_column("expert", sa.Column("withdrawn", sa.Boolean(), nullable=True))
    op.add_column("lead", sa.Column("origin", sa.String(length=40), nullable=True))
    op.add_column("lead", sa.Column("incl_prob", sa.Float(precision=53), nullable=True))
    op.add_column("lead", sa.Column("officers", sa.String(length=200), nullable=True))
    op.add_column("lead", sa.Column("opened_on", sa.String(length=10), nullable=True))
    op.add_column("lead", sa.Column("due_date", sa.String(length=10), nullable=True))
    op.add_column("lead", sa.Column("extended", sa.Integer(), nullable=True))
    op.add_column("lead", sa.Column("addressee", sa.String(length=20), nullable=True))
    op.add_column("outcome", sa.Column("lead_id", sa.String(length=80), nullable=True))
    op.add_column("quarter", sa.Column("rules", sa.Text(), nullable=True))
    op.add_column("review_case", sa.Column("needed", sa.Integer(), nullable=True))
    op.add_column("review_case", sa.Column("kind", sa.String(length=10), nullable=True))
    op.add_column("review_case", sa.Column("copy_of", sa.String(length=40), nullable=True))
    op.add_column("session", sa.Column("begun", sa.String(length=32), nullable=True))
    op.add_column("verdict", sa.Column("severity", sa.String(length=10), nullable=True))
    op.add_column("verdict", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("verdict", sa.Column("loss_reason", sa.Text(), nullable=True))
    op.add_column("verdict", sa.Column("seconds", sa.Integer(), nullable=True))


def _adopt() -> None:
    """From now on the log names accounts and settings too: it begins with those that are there. Sessions end."""
    from panel import audit

    connection = op.get_bind()
    account = sa.table(
        "account",
        *[sa.column(name, sa.String()) for name in ("account", "name", "password", "roles", "expert_id", "locked_until")],
        sa.column("must_change", sa.Boolean()),
        sa.column("failures", sa.Integer()),
    )
    setting = sa.table("setting", sa.column("name", sa.String()), sa.column("value", sa.Text()))
    connection.execute(sa.text("DELETE FROM session"))
    marks = [
        audit.row_mark(name, dict(row._mapping))
        for name, table in (("account", account), ("setting", setting))
        for row in connection.execute(sa.select(table))
    ]
    if marks:
        audit.record(connection, "system", "store migrated", "0002", {"rows": marks})


def downgrade() -> None:
    for table in (
        "attachment_content",
        "record_request",
        "notice",
        "meeting",
        "attachment",
        "appeal",
        "absence",
        "workday",
        "lead_note",
        "clue_reporter",
        "clue_in",
    ):
        op.drop_table(table)
    for table, columns in _ADDED.items():
        for column in columns:
            op.drop_column(table, column)
