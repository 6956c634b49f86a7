"""History."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.String(32), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("language", sa.String(35)),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("duration_ms", sa.Double(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("input", sa.String(120)),
        sa.Column("input_type", sa.String(100)),
        sa.Column("output", sa.String(120)),
        sa.Column("output_type", sa.String(100)),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_history_user_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index("ix_history_user_id_id", "history", ["user_id", "id"])
    op.create_index("ix_history_created_at", "history", ["created_at"])


def downgrade():
    op.drop_table("history")
