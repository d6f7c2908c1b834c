"""How a panel meeting voted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("meeting", sa.Column("in_favour", sa.Integer(), nullable=True))
    op.add_column("meeting", sa.Column("casting", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("meeting", "casting")
    op.drop_column("meeting", "in_favour")
