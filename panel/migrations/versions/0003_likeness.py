"""What a case is like, so that decided cases like it are found at once."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("review_case", sa.Column("likeness", sa.String(length=12), nullable=True))
    op.create_index("case_likeness", "review_case", ["likeness", "state"])
    _adopt()


def _adopt() -> None:
    """Cases that are there get theirs, and the log says so."""
    from panel import audit
    from panel.likeness import likeness_of

    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT case_id, payload FROM review_case ORDER BY case_id")).all()
    told = [{"which": row.case_id, "like": likeness_of(json.loads(row.payload))} for row in found]
    told = [row for row in told if row["like"]]
    if told:
        connection.execute(sa.text("UPDATE review_case SET likeness = :like WHERE case_id = :which"), told)
        # Named here, not taken from the schema, which may have gone on since.
        names = ("case_id", "quarter", "rxno", "number", "state", "due_date", "payload", "after_blind", "needed", "kind",
                 "copy_of", "likeness")  # fmt: skip
        stands = connection.execute(sa.text(f"SELECT {', '.join(names)} FROM review_case WHERE likeness IS NOT NULL"))
        marks = [audit.row_mark("case", dict(row._mapping)) for row in stands]
        audit.record(connection, "system", "store migrated", "0003", {"rows": marks})


def downgrade() -> None:
    op.drop_index("case_likeness", "review_case")
    op.drop_column("review_case", "likeness")
