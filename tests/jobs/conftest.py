"""Jobs in tests: sent like any request, and done when the test says so."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from stored import picture

from api import working
from api.http.inference import pools
from api.jobs import states

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def send(client: FlaskClient, ada: dict[str, Any]) -> Callable[..., Any]:
    """Sends a picture to be classified later, and gives the whole answer."""

    def post(data: bytes | None = None, path: str = "", **headers: str) -> Any:
        return client.post(
            f"/api/v1/classify{path}",
            data=picture() if data is None else data,
            headers={**ada["headers"], **ASYNC, "Content-Type": "image/png", **headers},
        )

    return post


@pytest.fixture
def do_all(app: Flask) -> Callable[[], int]:
    """Does all jobs that are due, in this thread; how many attempts that were."""

    def do() -> int:
        attempts = 0
        while True:
            with app.app_context():
                claim = states.claim(list(pools(app)))
            if claim is None:
                return attempts
            working.work(app, claim)
            attempts += 1

    return do


@pytest.fixture
def job_of(client: FlaskClient, ada: dict[str, Any]) -> Callable[[Any], dict[str, Any]]:
    """The job as it is now, of the answer that announced it."""

    def read(answer: Any) -> dict[str, Any]:
        found = client.get(answer.headers["Location"], headers=ada["headers"])
        assert found.status_code == 200, found.text
        job: dict[str, Any] = found.get_json()
        return job

    return read
