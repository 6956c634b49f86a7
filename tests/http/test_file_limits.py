"""A process that may open few files: some requests have to wait or try again, nothing breaks."""

import io
import os
import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import guest_tasks
import httpx
import pytest
import servers
from file_limits import file_limit
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from raw import workers
from servers import Server

from api.config import allow_many_files
from api.enginekit.child import Child
from api.errors import OUT_OF_FILES
from api.server.connections import RESERVE, affordable
from api.storage import Storage

Refused = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("number", OUT_OF_FILES)
def test_no_more_files(app: Flask, refused: Refused, number: int) -> None:
    """Wherever a request meets it, it is 503 and not a fault of ours or of the file."""

    def view() -> NoReturn:
        raise OSError(number, os.strerror(number))

    app.add_url_rule("/full", "full", view)
    answer = app.test_client().get("/full")
    refused(answer, 503, "overloaded")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_uploads_that_need_a_file(
    counting: Flask, client: FlaskClient, refused: Refused, picture: bytes
) -> None:
    """A form with a large file, which goes to a temporary one, is no bad form then."""
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    body = head + picture + bytes(700_000) + b"\r\n--b--\r\n"

    def send() -> Any:
        return client.post(
            "/api/v1/count", input_stream=io.BytesIO(body), content_length=len(body),
            content_type="multipart/form-data; boundary=b",
        )  # fmt: skip

    with file_limit(3):
        refused(send(), 503, "overloaded")
    assert send().status_code == 200


def test_the_store(tmp_path: Path) -> None:
    """It is neither full nor away."""
    storage = Storage(str(tmp_path))
    storage.put("a", b"x")
    with file_limit(3):
        for do in (lambda: storage.put("b", b"y"), lambda: storage.read("a")):
            with pytest.raises(OSError, match="Too many open files"):
                do()
    assert storage.read("a") == b"x"


def test_a_task_that_takes_a_while() -> None:
    """A child process that cannot be looked at is waited for, and its task is not lost."""
    child = Child(1500, ())
    try:
        with file_limit(3):
            assert child.do(guest_tasks.add, (2, 3), 5) == 5
            with pytest.raises(OSError, match="Too many open files"):
                Child(1500, ())
        assert child.do(guest_tasks.add, (3, 4), 5) == 7
    finally:
        child.end()


def test_how_many_connections() -> None:
    """As many as leave half of the free files to requests, or the reserve, and never none."""
    open_now = len(list(Path("/dev/fd").iterdir()))
    with file_limit(open_now + 40):
        assert 18 <= affordable(1000) <= 22
    with file_limit(open_now + 1000):
        assert 1000 - RESERVE - 2 <= affordable(1000) <= 1000 - RESERVE + 2
        assert affordable(100) == 100
    with file_limit(open_now + 1):
        assert affordable(1000) == 1


def test_the_limit_is_raised() -> None:
    """What the system allows is used, as far as anybody needs; more than that is left."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with file_limit(256):
        allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(hard, 65_536), hard)


@pytest.fixture
def photograph() -> bytes:
    """More than what is kept in memory of a form."""
    content = io.BytesIO()
    Image.effect_noise((900, 900), 90).convert("RGB").save(content, "PNG")
    assert len(content.getvalue()) > 500_000
    return content.getvalue()


@pytest.mark.slow
def test_a_server_with_few_files(
    serve: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photograph: bytes
) -> None:
    """Of good pictures at once each is classified or to be sent again; the workers live."""
    limited = tmp_path / "percept"
    limited.write_text(f'#!/bin/bash\nulimit -n 48\nexec "{servers.PERCEPT}" "$@"\n')
    limited.chmod(0o700)
    monkeypatch.setattr(servers, "PERCEPT", limited)
    server = serve(PERCEPT_SERVICES="accounts,history,classify")
    bearer, before = server.bearer("ada@example.com"), workers(server)

    def classify(_: int) -> httpx.Response:
        return server.post(
            "/api/v1/classify", files={"image": io.BytesIO(photograph)}, headers=bearer
        )

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(classify, range(40)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 503)
    assert classify(0).status_code == 200
    assert set(workers(server)) == set(before)
