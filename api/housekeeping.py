"""What has to be done now and then: let go of idle models, prune the history, remove strays."""

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial

from flask import Flask

from api.accounts.history import service as history
from api.config import Settings

ROUND, MINUTE, HOUR = 10.0, 60.0, 3600.0
log = logging.getLogger(__name__)


class Housekeeper:
    """Looks after one process.

    The `first` worker of a server also removes the files that a crash has left without a row.
    """

    def __init__(self, app: Flask, first: bool):
        self._app = app
        self._settings: Settings = app.config["SETTINGS"]
        # Twice: what was written just before the crash is too young for the first round.
        self._repairs = 2 if first else 0
        # Not all workers at the same moment.
        self._next_prune = time.monotonic() + random.uniform(0, MINUTE)  # noqa: S311  # no secret

    def round(self) -> None:
        """Do what is due."""
        if self._repairs:
            self._repairs -= 1
            self._try("files without a history entry removed", history.repair)
        if minutes := self._settings.unload_after_minutes:
            for pool in self._app.extensions["pools"].values():
                pool.unload_idle(minutes * MINUTE)
        if (days := self._settings.history_days) and time.monotonic() >= self._next_prune:
            self._next_prune = time.monotonic() + HOUR
            self._try("old history entries deleted", partial(history.prune, days))

    def _try(self, done: str, work: Callable[[], int]) -> None:
        try:
            with self._app.app_context():
                if count := work():
                    log.info("%d %s", count, done)
        # The database may be away; this thread must live to try again.
        except Exception as error:  # noqa: BLE001
            log.warning("housekeeping: %s", type(error).__name__)


def start(app: Flask, first: bool) -> None:
    """Look after this process from a thread of its own until it ends."""
    keeper = Housekeeper(app, first)
    threading.Thread(target=_go_round, args=[keeper], name="housekeeping", daemon=True).start()


def _go_round(keeper: Housekeeper) -> None:
    while True:
        keeper.round()
        time.sleep(ROUND)
