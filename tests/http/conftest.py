"""What these tests share: the shape of a refusal, and pictures without a model."""

import http.client
import io
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask_restx import Namespace, Resource
from PIL import Image
from raw import Say, workers
from servers import Server

from api.enginekit.image import MEDIA_TYPES
from api.http.options import Option, takes_options
from api.http.uploads import takes_file, takes_files
from api.storage import File

Refused = Callable[..., dict[str, Any]]
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}
INSIDE = re.compile(r"Traceback|File \"|\.py\b|site-packages|SELECT |sqlalchemy|werkzeug|flask")


@pytest.fixture
def refused() -> Refused:
    """Checks that an answer is a problem of this status and code, whole and telling nothing."""

    def check(response: Any, status: int, code: str | None = None) -> dict[str, Any]:
        assert response.status_code == status, response.text
        assert response.headers["Content-Type"] == "application/problem+json"
        problem: dict[str, Any] = json.loads(response.text)
        assert set(problem) >= MEMBERS
        assert problem["status"] == status
        assert problem["request_id"] == response.headers["X-Request-Id"]
        assert all(isinstance(problem[name], str) for name in MEMBERS - {"status"})
        assert code in (None, problem["code"])
        assert not INSIDE.search(response.text)
        return problem

    return check


@pytest.fixture
def picture() -> bytes:
    """A small PNG."""
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "orange").save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def counting(app: Flask) -> Flask:
    """The application with /api/v1/count and /api/v1/count/many, which tell the size of files."""
    namespace = Namespace("count")
    option = Option("top_k", "A number.", int, 5, 1, 20)

    @namespace.route("")
    class Count(Resource):
        @takes_file(namespace, "image", MEDIA_TYPES)
        @takes_options(namespace, option)
        def post(self, image: File, options: dict[str, Any]) -> dict[str, int]:
            return {"size": len(image.content), **options}

    @namespace.route("/many")
    class CountMany(Resource):
        @takes_files(namespace, "image", 3)
        def post(self, images: list[File]) -> list[int]:
            return [len(image.content) for image in images]

    app.extensions["api"].add_namespace(namespace)
    return app


@pytest.fixture
def stays_well(server: Server) -> Iterator[None]:
    """The same workers live afterwards, and the server answers at once."""
    before = workers(server)
    assert len(before) == 2
    yield
    waits = []
    for _ in range(3):
        started = time.monotonic()
        assert server.get("/health/live").status_code == 200
        waits.append(time.monotonic() - started)
    assert min(waits) < 0.5
    assert set(workers(server)) == set(before)


@pytest.fixture
def say(server: Server) -> Iterator[Say]:
    """Sends bytes on a connection of their own and reads the answer's head."""
    opened: list[socket.socket] = []

    def send(*parts: bytes, method: str = "POST", seconds: float = 5) -> http.client.HTTPResponse:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=seconds)
        opened.append(connection)
        for part in parts:
            connection.sendall(part)
        answer = http.client.HTTPResponse(connection, method=method)
        answer.begin()
        return answer

    yield send
    for connection in opened:
        connection.close()
