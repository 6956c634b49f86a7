"""What was asked of the services, and what they answered."""

from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Identified


class HistoryEntry(Identified, Base):
    """One inference of one user. `input` and `output` name files in the storage."""

    __tablename__ = "history"
    __table_args__ = (
        Index("ix_history_user_id_id", "user_id", "id"),
        Index("ix_history_created_at", "created_at"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    service: Mapped[str] = mapped_column(String(32))
    model: Mapped[str] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(35))
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    duration_ms: Mapped[float]
    # The text of 50 pages with a polygon for each word: only read where it is shown.
    result: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    input: Mapped[str | None] = mapped_column(String(120))
    input_type: Mapped[str | None] = mapped_column(String(100))
    output: Mapped[str | None] = mapped_column(String(120))
    output_type: Mapped[str | None] = mapped_column(String(100))
