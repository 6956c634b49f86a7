"""Signed-in devices: one row from login to logout."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Identified, now


class Session(Identified, Base):
    """A login and all tokens that descend from it; deleting the row ends them all.

    `generation` counts the refreshes. A refresh token carries the generation it was made in,
    so only the newest is good, and the one before it for a few seconds after `rotated_at`.
    """

    __tablename__ = "sessions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    generation: Mapped[int] = mapped_column(default=0, server_default="0")
    rotated_at: Mapped[datetime] = mapped_column(default=now)
    last_used_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    user_agent: Mapped[str] = mapped_column(String(255), default="", server_default="")
    address: Mapped[str] = mapped_column(String(45), default="", server_default="")
