"""How much work is let in: what is over the limit is told to come back, not queued without end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app

from api.config import Settings
from api.http.refusals import busy


def init_app(app: Flask, settings: Settings) -> None:
    """Makes the gate of this worker."""
    app.extensions["capacity"] = threading.BoundedSemaphore(settings.capacity)


@contextmanager
def admitted() -> Iterator[None]:
    """A place among the requests that may compute.

    Raises:
        Overloaded: all places are taken.
    """
    gate: threading.BoundedSemaphore = current_app.extensions["capacity"]
    if not gate.acquire(blocking=False):
        raise busy()
    try:
        yield
    finally:
        gate.release()
