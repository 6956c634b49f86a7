"""Cancelling at the very moment of the end: what the owner is told is what has happened.

How many there are can be set: PERCEPT_TEST_CANCELLATIONS=850.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from stored import files

from api import working
from api.extensions import db
from api.http.inference import pools
from api.jobs import states
from api.models import HistoryEntry, Job

MANY = int(os.environ.get("PERCEPT_TEST_CANCELLATIONS", "60"))


@pytest.mark.slow
def test_at_the_moment_of_the_end(
    app: Flask, client: FlaskClient, ada: Any, send: Callable[..., Any]
) -> None:
    """Of 204 nothing is stored, of 409 the result is; no job is both."""
    chance, took, told = random.Random(35), 0.02, {}
    for _ in range(MANY):
        place = send().headers["Location"]
        worker = threading.Thread(target=do_one, args=[app])
        began = time.monotonic()
        worker.start()
        time.sleep(chance.uniform(0, 1.1 * took))
        told[place[-36:]] = client.delete(place, headers=ada["headers"]).status_code
        worker.join()
        took = (3 * took + time.monotonic() - began) / 4
    with app.app_context():
        ended = {str(row.id): row.status for row in db.session.scalars(select(Job))}
        stored = {str(entry) for entry in db.session.scalars(select(HistoryEntry.id))}
    wanted = {204: "cancelled", 409: "succeeded"}
    assert {job: wanted[status] for job, status in told.items()} == ended
    assert stored == {job for job, status in told.items() if status == 409}
    assert {name[:36] for name in files(app)} == stored
    assert len(Counter(told.values())) == 2, "the moments were not well chosen"


def do_one(app: Flask) -> None:
    with app.app_context():
        claim = states.claim(list(pools(app)))
    if claim:
        working.work(app, claim)


def test_cancelled_before_its_files_are_read(
    app: Flask, client: FlaskClient, ada: Any, send: Callable[..., Any], caplog: Any
) -> None:
    """A worker that finds no files any more has nothing to do, and nothing to complain of."""
    place = send().headers["Location"]
    with app.app_context():
        claim = states.claim(list(pools(app)))
    assert client.delete(place, headers=ada["headers"]).status_code == 204
    assert claim is not None
    working.work(app, claim)
    assert client.get(place, headers=ada["headers"]).get_json()["status"] == "cancelled"
    assert caplog.records == []
