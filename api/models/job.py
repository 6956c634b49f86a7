"""Work that is done later: requests that nobody waits for."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Identified, now

UNFINISHED = ("queued", "running")
STATUSES = (*UNFINISHED, "succeeded", "failed", "cancelled")


class Job(Identified, Base):
    """One request of one user and what has become of it; this row is the truth about it.

    The history entry that a succeeded job has written has the job's id. `attempt` counts the
    starts; only the attempt of that number may write to the row, so that a worker that was
    thought dead can neither finish a job nor store its result a second time.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_user_id_id", "user_id", "id"),
        Index("ix_jobs_status_run_at", "status", "run_at"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    service: Mapped[str] = mapped_column(String(32))
    view: Mapped[str] = mapped_column(String(120))
    request: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    status: Mapped[str] = mapped_column(String(12), default="queued")
    progress: Mapped[float] = mapped_column(default=0.0)
    attempt: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[datetime] = mapped_column(default=now)
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    callback_url: Mapped[str | None] = mapped_column(String(2000))
    notify_at: Mapped[datetime | None] = mapped_column(index=True)
    notified: Mapped[int] = mapped_column(default=0)
