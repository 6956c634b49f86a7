"""Who may sign in."""

from datetime import datetime

from sqlalchemy import String, text
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Identified

ROLES = ("user", "admin")


class User(Identified, Base):
    """One account. `email_key`, the address after NFKC and case folding, decides who is who.

    `temporary_until` is set while the password is one that an administrator gave: it then only
    serves to choose another, and until that time.
    """

    __tablename__ = "users"

    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(320), unique=True)
    email_verified: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    name: Mapped[str | None] = mapped_column(String(100))
    locale: Mapped[str] = mapped_column(String(8), default="en", server_default="en")
    roles: Mapped[tuple[str, ...]] = mapped_column(default=("user",), server_default="user")
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    password_hash: Mapped[str] = mapped_column(String(255))
    last_login_at: Mapped[datetime | None]
    temporary_until: Mapped[datetime | None]
