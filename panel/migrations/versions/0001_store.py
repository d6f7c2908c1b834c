"""The store as first laid out."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "expert",
        sa.Column("expert_id", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("profession", sa.String(length=20), nullable=False),
        sa.Column("specialty", sa.String(length=80), nullable=True),
        sa.Column("title", sa.String(length=40), nullable=True),
        sa.Column("institution", sa.String(length=12), nullable=True),
        sa.Column("former_institutions", sa.Text(), nullable=False),
        sa.Column("conflicts", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("expert_id"),
    )
    op.create_table(
        "lead",
        sa.Column("lead_id", sa.String(length=80), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("subject_type", sa.String(length=12), nullable=False),
        sa.Column("subject_code", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("lead_id"),
        sa.UniqueConstraint("quarter", "subject_type", "subject_code"),
    )
    op.create_table(
        "outcome",
        sa.Column("finding_id", sa.String(length=80), nullable=False),
        sa.Column("subject_type", sa.String(length=12), nullable=False),
        sa.Column("subject_code", sa.String(length=40), nullable=False),
        sa.Column("begndate", sa.String(length=10), nullable=False),
        sa.Column("enddate", sa.String(length=10), nullable=False),
        sa.Column("fraud_flag", sa.Integer(), nullable=False),
        sa.Column("fund_codes", sa.String(length=200), nullable=True),
        sa.Column("loss_amt", sa.String(length=20), nullable=True),
        sa.PrimaryKeyConstraint("finding_id"),
    )
    op.create_table(
        "quarter",
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("design", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("quarter"),
    )
    op.create_table(
        "sample",
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("rxno", sa.String(length=40), nullable=False),
        sa.Column("fixmedins_code", sa.String(length=12), nullable=False),
        sa.Column("stratum", sa.String(length=60), nullable=False),
        sa.Column("arm", sa.String(length=10), nullable=False),
        sa.Column("incl_prob", sa.Float(precision=53), nullable=False),
        sa.Column("incl_prob_any", sa.Float(precision=53), nullable=False),
        sa.Column("weight", sa.Float(precision=53), nullable=False),
        sa.Column("design_id", sa.String(length=80), nullable=False),
        sa.Column("seed", sa.String(length=80), nullable=False),
        sa.Column("draw_order", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("quarter", "rxno"),
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "account",
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("password", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.String(length=200), nullable=False),
        sa.Column("expert_id", sa.String(length=60), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["expert_id"],
            ["expert.expert_id"],
        ),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "review_case",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("quarter", sa.String(length=6), nullable=False),
        sa.Column("rxno", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("due_date", sa.String(length=10), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("after_blind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["quarter"],
            ["quarter.quarter"],
        ),
        sa.PrimaryKeyConstraint("case_id"),
        sa.UniqueConstraint("quarter", "rxno"),
    )
    op.create_index("case_state", "review_case", ["quarter", "state"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("expert_id", sa.String(length=60), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["review_case.case_id"],
        ),
        sa.ForeignKeyConstraint(
            ["expert_id"],
            ["expert.expert_id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "expert_id"),
    )
    op.create_index("assignment_expert", "assignment", ["expert_id", "state"], unique=False)
    op.create_table(
        "draft",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("expert_id", sa.String(length=60), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["review_case.case_id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "expert_id"),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=60), nullable=False),
        sa.Column("expires", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.account"],
        ),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_table(
        "verdict",
        sa.Column("verdict_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("rxno", sa.String(length=40), nullable=False),
        sa.Column("expert_id", sa.String(length=60), nullable=False),
        sa.Column("feedetl_sn", sa.String(length=30), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("verdict_class", sa.String(length=1), nullable=False),
        sa.Column("item_codes", sa.String(length=200), nullable=False),
        sa.Column("fund_codes", sa.String(length=200), nullable=False),
        sa.Column("loss_amt", sa.String(length=20), nullable=True),
        sa.Column("record_seen", sa.String(length=5), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("given_time", sa.String(length=32), nullable=False),
        sa.Column("submission_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["review_case.case_id"],
        ),
        sa.PrimaryKeyConstraint("verdict_id"),
        sa.UniqueConstraint("submission_id"),
    )
    op.create_index("verdict_case", "verdict", ["case_id"], unique=False)


def downgrade() -> None:
    for table in (
        "outcome",
        "lead",
        "draft",
        "verdict",
        "assignment",
        "review_case",
        "sample",
        "quarter",
        "session",
        "account",
        "expert",
        "audit",
        "setting",
    ):
        op.drop_table(table)
