"""What the tests of text to speech share: one server's inside, a request, an ear, a count."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import av
import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from api.config import Settings
from api.enginekit import guests
from api.extensions import db

Say = Callable[..., Any]
PERSON = {"email": "ada@example.com", "password": "ten thousand small lamps"}


class Heard:
    """A sound file as PyAV opens it: what it claims to last, and what comes out, in seconds."""

    def __init__(self, data: bytes):
        with av.open(io.BytesIO(data)) as container:
            stream = container.streams.audio[0]
            self.format = container.format.name
            self.claimed = (container.duration or 0) / 1_000_000
            self.rate = stream.codec_context.sample_rate
            frames = [frame.to_ndarray() for frame in container.decode(stream)]
        self.samples = np.concatenate([frame.reshape(-1) for frame in frames])
        self.seconds = len(self.samples) / self.rate


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a server that offers speech alone."""
    folder = tmp_path_factory.mktemp("tts")
    offered = ("accounts", "history", "tts")
    return Settings(_env_file=None, data_dir=folder, services=offered, log_level="error")


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    """One application for all these tests, none of which changes it."""
    application = create_app(settings)
    with application.app_context():
        db.create_all()
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def client(app: Flask) -> FlaskClient:
    """Sends requests to it."""
    return app.test_client()


@pytest.fixture(scope="session")
def ada(client: FlaskClient) -> dict[str, Any]:
    """Somebody who is signed in."""
    assert client.post("/api/v1/auth/register", json=PERSON).status_code == 201
    token = client.post("/api/v1/auth/login", json=PERSON).get_json()["access_token"]
    return {"headers": {"Authorization": f"Bearer {token}"}}


@pytest.fixture(scope="session")
def listen() -> Callable[[bytes], Heard]:
    """Opens a sound file."""
    return Heard


@pytest.fixture(scope="session")
def say(client: FlaskClient, ada: dict[str, Any]) -> Say:
    """Asks for speech: a text and options, or `path` for another route."""

    def post(text: str | None = None, path: str = "/api/v1/tts", **more: Any) -> Any:
        body = more if text is None else {"text": text, **more}
        return client.post(path, json=body, headers=ada["headers"], buffered=True)

    return post


@pytest.fixture
def guest_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the tasks that guests were given, growing."""
    names: list[str] = []
    real = guests.call

    def counted(task: Callable[..., Any], *args: object, **how: Any) -> Any:
        names.append(task.__name__)
        return real(task, *args, **how)

    monkeypatch.setattr(guests, "call", counted)
    return names
