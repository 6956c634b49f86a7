"""Over capacity: told to come back, at once, instead of queueing without end."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.app import create_app
from api.config import Settings
from api.errors import Overloaded
from api.http.capacity import admitted

Refused = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("path", ["/api/v1/classify", "/api/v1/classify/batch"])
def test_full(app: Flask, refused: Refused, ada: dict[str, Any], picture: bytes, path: str) -> None:
    """503 with Retry-After within 100 ms; everything else goes on; then it works again."""
    client, gate = app.test_client(), app.extensions["capacity"]
    places = app.config["SETTINGS"].capacity
    for _ in range(places):
        assert gate.acquire(blocking=False)

    def classify() -> Any:
        image = {"image": (io.BytesIO(picture), "a.png")}
        return client.post(path, data=image, headers=ada["headers"])

    waits = []
    for _ in range(5):
        started = time.monotonic()
        answer = classify()
        waits.append(time.monotonic() - started)
        refused(answer, 503, "overloaded")
    assert min(waits) < 0.1  # the machine may have been busy at the others
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert client.get("/api/v1/users/me", headers=ada["headers"]).status_code == 200
    gate.release(places)
    assert classify().status_code == 200


def test_places_are_given_back(tmp_path: Path) -> None:
    """Also by work that fails."""
    app = create_app(Settings(data_dir=tmp_path, capacity=1, log_level="error"))
    with app.app_context():
        for _ in range(3):
            with pytest.raises(ZeroDivisionError), admitted():
                raise ZeroDivisionError
        with admitted(), pytest.raises(Overloaded), admitted():
            pass
