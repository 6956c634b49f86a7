"""First answers, kept for a day so that a repeated request gets them again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, now


class IdempotentAnswer(Base):
    """The answer to one Idempotency-Key; `status` is null while the first request runs.

    Meanwhile its process, which `claim` stands for, renews `renewed_at`.
    """

    __tablename__ = "idempotent_answers"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    sealed_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    claim: Mapped[UUID | None]
    renewed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
