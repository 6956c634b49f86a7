"""Files that the storage has refused to delete."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "pending_deletions",
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("try_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_pending_deletions"),
    )
    op.create_index("ix_pending_deletions_try_at", "pending_deletions", ["try_at"])


def downgrade():
    op.drop_table("pending_deletions")
