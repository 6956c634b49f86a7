"""Temporary passwords; which API key made which."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("temporary_until", sa.DateTime(timezone=True)))
    with op.batch_alter_table("api_keys") as keys:
        keys.add_column(sa.Column("made_by", sa.Uuid()))
        keys.create_foreign_key(
            "fk_api_keys_made_by", "api_keys", ["made_by"], ["id"], ondelete="CASCADE"
        )
        keys.create_index("ix_api_keys_made_by", ["made_by"])


def downgrade():
    with op.batch_alter_table("api_keys") as keys:
        keys.drop_index("ix_api_keys_made_by")
        keys.drop_constraint("fk_api_keys_made_by", type_="foreignkey")
        keys.drop_column("made_by")
    with op.batch_alter_table("users") as users:
        users.drop_column("temporary_until")
