"""Claims of Idempotency-Keys that end soon after the process that made them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("idempotent_answers") as answers:
        answers.add_column(sa.Column("claim", sa.Uuid()))
        answers.add_column(sa.Column("renewed_at", sa.DateTime(timezone=True)))


def downgrade():
    with op.batch_alter_table("idempotent_answers") as answers:
        answers.drop_column("renewed_at")
        answers.drop_column("claim")
