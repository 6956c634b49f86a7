"""How workers hear of jobs. The rows are the truth; a queue only carries the news of them."""

import importlib
from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from flask import Flask, current_app

from api.config import Settings

News = tuple[UUID, str]  # of a job: its id and its service
# Only the one that is used is imported.
QUEUES = {"local": "api.jobs.local_queue:LocalQueue", "rq": "api.jobs.redis_queue:RedisQueue"}


class Queue(Protocol):
    """What both queues can do."""

    def check(self) -> None:
        """Raises NotReady while it cannot take jobs."""

    def announce(self, *jobs: News) -> None:
        """Tell workers of queued jobs; those that were announced before do no harm.

        Raises:
            NotReady: it cannot be told.
        """

    def missing(self, jobs: Collection[News], /) -> list[News]:
        """Those of the jobs that no worker would hear of. Raises NotReady."""


def init_app(app: Flask, settings: Settings) -> None:
    """Makes the queue that the settings want."""
    module, _, kind = QUEUES["rq" if settings.uses_rq else "local"].partition(":")
    app.extensions["queue"] = getattr(importlib.import_module(module), kind)(settings)


def queue(app: Flask | None = None) -> Queue:
    """The queue."""
    return (app or current_app).extensions["queue"]  # type: ignore[no-any-return]
