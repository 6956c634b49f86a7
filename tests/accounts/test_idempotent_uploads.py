"""Idempotency-Key where files come in and other things than JSON go out."""

import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask, Response, stream_with_context
from flask.testing import FlaskClient
from flask_restx import Namespace, Resource
from PIL import Image

from api.enginekit.image import MEDIA_TYPES
from api.http.auth import signed_in
from api.http.idempotency import idempotent
from api.http.negotiation import negotiates
from api.http.options import Option, takes_options
from api.http.uploads import takes_file, takes_files
from api.storage import File

BYTES = bytes(range(256)) * 300
URL = "/api/v1/sing"


@pytest.fixture
def done() -> list[str]:
    """What the routes below have really done."""
    return []


@pytest.fixture
def singing(app: Flask, done: list[str]) -> Flask:
    """The application with routes that answer with bytes, whole or streamed, and take files."""
    namespace = Namespace("sing")

    @namespace.route("")
    class Sing(Resource):
        @signed_in(namespace, "tts")
        @takes_file(namespace, "image", MEDIA_TYPES)
        @takes_options(namespace, Option("way", "How.", default="whole"))
        @negotiates(namespace, "audio/wav", "text/plain")
        @idempotent(namespace)
        def post(self, image: File, options: dict[str, Any], media_type: str) -> Response:
            done.append(options["way"])
            headers = {"Content-Location": "/x", "X-Of-This-Request": "1"}
            body = parts() if options["way"] == "streamed" else BYTES
            answer = Response(body, content_type=media_type, headers=headers)
            answer.call_on_close(lambda: done.append("closed"))
            return answer

        @signed_in(namespace, "tts")
        @takes_files(namespace, "image", 3)
        @idempotent(namespace)
        def put(self, images: list[File]) -> list[int]:
            done.append("many")
            return [len(image.content) for image in images]

    @stream_with_context
    def parts() -> Iterator[bytes]:
        yield BYTES[:1000]
        done.append("half")
        yield BYTES[1000:]

    app.extensions["api"].add_namespace(namespace)
    return app


def form(data: bytes, name: str = "a.png", **fields: str) -> dict[str, Any]:
    return {"image": (io.BytesIO(data), name), **fields}


@pytest.fixture
def post(singing: Flask, ada: Any) -> Callable[..., Any]:
    """Posts with a key."""

    def send(key: str = "k", query: str = "", **more: Any) -> Any:
        headers = {**ada["headers"], "Idempotency-Key": key, **more.pop("headers", {})}
        return singing.test_client().post(URL + query, headers=headers, **more)

    return send


@pytest.mark.parametrize(
    ("way", "expected"),
    [("whole", ["whole", "closed"]), ("streamed", ["streamed", "half", "closed"])],
)
def test_bytes_again(post: Any, done: list[str], way: str, expected: list[str]) -> None:
    """The same sound with the same type comes again, and nothing is computed a second time."""
    answers = [post(data=form(b"x", way=way)) for _ in range(3)]
    assert [answer.data == BYTES for answer in answers] == [True] * 3
    assert {answer.headers["Content-Type"] for answer in answers} == {"audio/wav"}
    assert {answer.headers["Content-Location"] for answer in answers} == {"/x"}
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 3
    assert done == expected


def test_however_it_is_sent(post: Any, done: list[str]) -> None:
    """As a form, under another name, or as the raw body: it is the same picture."""
    raw = {"data": b"x", "headers": {"Content-Type": "image/png"}}
    for more in ({"data": form(b"x")}, {"data": form(b"x", "b.jpg")}, raw, {"data": form(b"x")}):
        assert post(**more).data == BYTES
    assert done == ["whole", "closed"]


@pytest.mark.parametrize(
    "more",
    [
        {"data": form(b"y")},
        {"data": form(b"x", way="streamed")},
        {"data": form(b"x"), "query": "?way=streamed"},
        {"data": form(b"x"), "headers": {"Accept": "text/plain"}},
        {"data": b"y", "headers": {"Content-Type": "image/png"}},
    ],
    ids=["file", "field", "query", "accept", "raw"],
)
def test_something_else(post: Any, done: list[str], refused: Any, more: Any) -> None:
    """Another file, option or wish under the same key is a mistake."""
    assert post(data=form(b"x")).status_code == 200
    refused(post(**more), 422, "idempotency_key_reused")
    assert done == ["whole", "closed"]


def test_many_files(singing: Flask, ada: Any, done: list[str], refused: Any) -> None:
    """Their number, order and bytes count."""

    def put(*parts: bytes) -> Any:
        data = {"image": [(io.BytesIO(part), "x") for part in parts]}
        headers = {**ada["headers"], "Idempotency-Key": "k"}
        return singing.test_client().put(URL, data=data, headers=headers)

    assert put(b"a", b"bc").get_json() == put(b"a", b"bc").get_json() == [1, 2]
    for others in ((b"bc", b"a"), (b"a",), (b"a", b"bd"), (b"a", b"bc", b"")):
        refused(put(*others), 422, "idempotency_key_reused")
    assert done == ["many"]


def test_the_same_picture_twice_at_once(
    app: Flask, client: FlaskClient, ada: Any, rows: Any
) -> None:
    """One is done, the others wait for it to be; one entry in the history."""
    out = io.BytesIO()
    Image.new("RGB", (900, 700), "navy").save(out, "PNG")
    start = threading.Barrier(6)

    def send(_: int) -> tuple[int, bytes]:
        start.wait()
        headers = {**ada["headers"], "Idempotency-Key": "k"}
        data = form(out.getvalue())
        answer = app.test_client().post("/api/v1/classify", data=data, headers=headers)
        return answer.status_code, answer.data

    with ThreadPoolExecutor(6) as crowd:
        answers = list(crowd.map(send, range(6)))
    assert {status for status, _ in answers} <= {200, 409}
    assert len({body for status, body in answers if status == 200}) == 1
    assert len(rows(app)["history"]) == 1
    assert len(rows(app)["idempotent_answers"]) == 1
