"""Counters behind the rate limits, shared by all workers."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base


class RateCounter(Base):
    """How often something happened in the window that ends at `expires` (seconds since 1970)."""

    __tablename__ = "rate_counters"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    hits: Mapped[int]
    expires: Mapped[float] = mapped_column(index=True)
