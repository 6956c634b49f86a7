"""API keys for programs."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Identified


class ApiKey(Identified, Base):
    """A key of one user. Only its SHA-256 is kept, and its first characters to tell it by.

    `made_by` is the key that asked for it, if a key did: it ends with that key.
    """

    __tablename__ = "api_keys"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[tuple[str, ...]]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    made_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("api_keys.id", ondelete="CASCADE"), index=True
    )
