"""Calls of the two guests that tests share."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import guest_tasks

from api.enginekit import guests
from api.errors import Unusable

GONE = Unusable("It takes too much time or memory.", "too_much")
HANG_LIMIT_S = 10.0


def call(task: Callable[..., Any], *args: object, seconds: float = HANG_LIMIT_S) -> Any:
    return guests.call(task, *args, seconds=seconds, lost=GONE)


def pids() -> set[int]:
    """Both guests, by making both work at once."""
    with ThreadPoolExecutor(2) as threads:
        return set(threads.map(lambda _: call(guest_tasks.nap, 0.1), range(2)))
