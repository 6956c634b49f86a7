"""What has to be done now and then: let go of idle models, prune the history, remove strays."""

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial

from flask import Flask

from api import working
from api.accounts.history import service as history
from api.accounts.jobs import service as jobs
from api.accounts.uploads import service as uploads
from api.config import Settings
from api.db import database
from api.http import callbacks, deletions, idempotency

ROUND, MINUTE, HOUR, DAY = 2.0, 60.0, 3600.0, 86_400.0
log = logging.getLogger(__name__)


class Housekeeper:
    """Looks after one process.

    The `first` worker of a server also removes the files that were left without a row.
    """

    def __init__(self, app: Flask, first: bool):
        self._app = app
        self._settings: Settings = app.config["SETTINGS"]
        # Twice, since what was written just before a crash is too young at first; then daily.
        started, settled = time.monotonic(), app.extensions["storage"].settled_after
        self._repairs = [started, started + settled.total_seconds() + ROUND] if first else []
        # Not all workers at the same moment.
        self._next_minute = self._next_prune = time.monotonic() + random.uniform(0, MINUTE)  # noqa: S311  # no secret

    def round(self) -> None:
        """Do what is due."""
        if self._repairs and time.monotonic() >= self._repairs[0]:
            self._repairs = self._repairs[1:] or [time.monotonic() + DAY]
            self._try("files without a history entry removed", history.repair)
        self._try("jobs taken from dead workers, or announced anew", working.tidy_up)
        self._try(None, database.reuse_space)
        if minutes := self._settings.unload_after_minutes:
            for pool in self._app.extensions["pools"].values():
                pool.unload_idle(minutes * MINUTE)
        if time.monotonic() >= self._next_minute:
            self._next_minute = time.monotonic() + MINUTE
            self._try("expired uploads deleted", uploads.prune)
            self._try("files deleted that could not be before", deletions.retry)
        if time.monotonic() >= self._next_prune:
            self._next_prune = time.monotonic() + HOUR
            self._prune()

    def _prune(self) -> None:
        if days := self._settings.history_days:
            self._try("old history entries deleted", partial(history.prune, days))
        self._try("old jobs forgotten", partial(jobs.forget, self._settings.job_days))

    def renew_keys(self) -> None:
        """Say which requests with an Idempotency-Key are still running."""
        self._try(None, idempotency.renew)

    def call_back(self) -> None:
        """Tell clients of jobs that have ended."""
        self._try("callbacks delivered", callbacks.send_due)

    def _try(self, done: str | None, work: Callable[[], int | None]) -> None:
        """Do it; log how many were `done`, if there is anything to say of that."""
        try:
            with self._app.app_context():
                if (count := work()) and done:
                    log.info("%d %s", count, done)
        # The database may be away; this thread must live to try again.
        except Exception as error:  # noqa: BLE001
            log.warning("housekeeping: %s", type(error).__name__)


def start(app: Flask, first: bool) -> None:
    """Look after this process from a thread of its own until it ends."""
    keeper = Housekeeper(app, first)
    # In a thread of its own: it must not wait for what takes its time.
    rounds = {"housekeeping": keeper.round, "idempotency": keeper.renew_keys}
    if app.config["SETTINGS"].webhook_hosts:
        rounds["callbacks"] = keeper.call_back  # in a thread of its own: the others take their time
    for name, go in rounds.items():
        threading.Thread(target=_repeat, args=[go], name=name, daemon=True).start()


def _repeat(go: Callable[[], None]) -> None:
    while True:
        go()
        time.sleep(ROUND)
