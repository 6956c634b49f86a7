"""Where the rate limits count when there is Redis: there, and in the database while it is away."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from limits.storage import RedisStorage, Storage

from api.db.counters import DatabaseCounters, hashed

Result = TypeVar("Result")
TIMEOUT_SECONDS = 0.5
PAUSE_SECONDS = 5.0
log = logging.getLogger(__name__)


class SharedCounters(Storage):
    """Fixed windows for the `limits` library, in Redis or in the database.

    Once Redis does not answer, nobody asks it for PAUSE_SECONDS, so that not every request waits.
    """

    STORAGE_SCHEME = None

    def __init__(self, url: str) -> None:
        super().__init__()
        # Made from an address, redis-py's client does not repeat what fails.
        self._redis = RedisStorage(
            url,
            key_prefix="percept:rate",
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        )
        self._database = DatabaseCounters()
        self._away_until = 0.0

    @property
    def base_exceptions(self) -> type[Exception]:
        """What this storage raises when it fails: only the database can."""
        return self._database.base_exceptions

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to the counter."""
        return self._do(
            lambda: self._redis.incr(hashed(key), expiry, amount),
            lambda: self._database.incr(key, expiry, amount),
        )

    def get(self, key: str) -> int:
        """The counter, 0 when its window is over."""
        return self._do(lambda: self._redis.get(hashed(key)), lambda: self._database.get(key))

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return self._do(
            lambda: self._redis.get_expiry(hashed(key)), lambda: self._database.get_expiry(key)
        )

    def check(self) -> bool:
        """Whether either answers."""
        return self._redis.check() or self._database.check()

    def reset(self) -> int | None:
        """Forget all counters."""
        return self._do(self._redis.reset, self._database.reset)

    def clear(self, key: str) -> None:
        """Forget one counter."""
        self._do(lambda: self._redis.clear(hashed(key)), lambda: self._database.clear(key))

    def _do(self, in_redis: Callable[[], Result], otherwise: Callable[[], Result]) -> Result:
        if time.monotonic() >= self._away_until:
            try:
                return in_redis()
            except self._redis.base_exceptions as error:
                log.warning("rate limits count in the database: %s", type(error).__name__)
                self._away_until = time.monotonic() + PAUSE_SECONDS
        return otherwise()
