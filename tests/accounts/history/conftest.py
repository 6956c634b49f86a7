"""What tests of the history need: entries, and somebody who asks for them."""

import io
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.http import history
from api.models import new_id

HISTORY, CLASSIFY = "/api/v1/history", "/api/v1/classify"
Remember = Callable[..., str]


@pytest.fixture
def get(client: FlaskClient, ada: Any) -> Callable[..., Any]:
    """Asks as ada for a path under /history."""

    def ask(path: str = "", method: str = "get", **headers: str) -> Any:
        return getattr(client, method)(HISTORY + path, headers={**ada["headers"], **headers})

    return ask


@pytest.fixture
def send(client: FlaskClient, ada: Any) -> Callable[..., Any]:
    """Sends a picture as ada."""

    def post(data: bytes, query: str = "", **headers: str) -> Any:
        form = {"image": (io.BytesIO(data), "../../my garden.jpg")}
        headers = {**ada["headers"], **headers}
        return client.post(CLASSIFY + query, data=form, headers=headers)

    return post


@pytest.fixture
def remember(app: Flask, ada: Any) -> Remember:
    """Writes an entry of ada's and gives its id."""

    def write(owner: str = ada["id"], **more: Any) -> str:
        files = {kind: more.pop(kind, None) for kind in ("input", "output")}
        entry_id, nothing = new_id(), {"options": {}, "result": {}}
        columns = {"service": "ocr", "model": "m", "duration_ms": 1.5, **nothing, **more}
        with app.app_context():
            history.write(entry_id, UUID(owner), files, **columns)
        return str(entry_id)

    return write
