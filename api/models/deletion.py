"""Files that the storage has not deleted yet."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, now


class PendingDeletion(Base):
    """A file that nothing needs and that could not be deleted; a name that ends in / is a folder.

    The next try is due at `try_at`.
    """

    __tablename__ = "pending_deletions"

    name: Mapped[str] = mapped_column(String(120), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    try_at: Mapped[datetime] = mapped_column(default=now, index=True)
