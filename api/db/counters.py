"""Where the rate limits count: in the database, so that all workers share them."""

import hashlib
import time

from limits.storage import Storage
from sqlalchemy import case, delete, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from api.extensions import db
from api.models import RateCounter


class DatabaseCounters(Storage):
    """Fixed windows for the `limits` library, one row a counter."""

    STORAGE_SCHEME = None

    @property
    def base_exceptions(self) -> type[Exception]:
        """What this storage raises when it fails."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to the counter; one statement, so that two workers never count from one number."""
        table, now = RateCounter, time.time()
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        over, ends = table.expires <= now, now + expiry
        fresh = dialect.insert(table).values(key_hash=hashed(key), hits=amount, expires=ends)
        statement = fresh.on_conflict_do_update(
            index_elements=[table.key_hash],
            set_={
                "hits": case((over, amount), else_=table.hits + amount),
                "expires": case((over, ends), else_=table.expires),
            },
        ).returning(table.hits)
        with db.engine.begin() as connection:
            hits = connection.execute(statement).scalar_one()
            connection.execute(delete(table).where(table.expires < now - 3600))
        return int(hits)

    def get(self, key: str) -> int:
        """The counter, 0 when its window is over."""
        return int(self._read(key)[0])

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return self._read(key)[1] or time.time()

    def check(self) -> bool:
        """Whether the database answers."""
        with db.engine.connect() as connection:
            return bool(connection.execute(text("SELECT 1")).scalar_one())

    def reset(self) -> int | None:
        """Forget all counters."""
        with db.engine.begin() as connection:
            return connection.execute(delete(RateCounter)).rowcount

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with db.engine.begin() as connection:
            connection.execute(delete(RateCounter).where(RateCounter.key_hash == hashed(key)))

    def _read(self, key: str) -> tuple[int, float]:
        query = select(RateCounter.hits, RateCounter.expires)
        query = query.where(RateCounter.key_hash == hashed(key), RateCounter.expires > time.time())
        with db.engine.connect() as connection:
            row = connection.execute(query).first()
        return (row.hits, row.expires) if row else (0, 0.0)


def hashed(key: str) -> str:
    """The key as it is stored: what is kept must not tell who tried to sign in from where."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
