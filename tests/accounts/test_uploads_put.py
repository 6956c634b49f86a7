"""Putting a file: whose signature counts, what is taken, and that nothing is left of the rest."""

import hashlib
import hmac
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete
from uploading import CHUNKED, LIMIT, Uploader, change, stored

from api.accounts.uploads import service
from api.config import Settings
from api.errors import NotFound
from api.extensions import db
from api.models import Upload, User


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", log_level="error", upload_max_mb=1)


@pytest.fixture
def her(client: FlaskClient, ada: Any) -> Uploader:
    """Ada, who uploads files."""
    return Uploader(client, ada["headers"])


def altered(url: str, **changes: str | None) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query)), **changes}
    kept = urlencode({k: v for k, v in query.items() if v is not None})
    return f"http://localhost{parts.path}?{kept}"


ODD_QUERIES: list[dict[str, str | None]] = [
    {"signature": None}, {"signature": ""}, {"signature": "0" * 64}, {"signature": "é"},
    {"signature": "%ff"}, {"expires": None}, {"expires": "9999999999"}, {"expires": "x"},
    {"expires": "-1"}, {"expires": "1" * 3000},
]  # fmt: skip


def test_other_signatures(app: Flask, her: Uploader, refused: Any) -> None:
    """An address that we did not sign takes nothing."""
    place = her.ask()
    for changes in ODD_QUERIES:
        answer = her.put({**place, "url": altered(place["url"], **changes)})
        refused(answer, 403, "signature_invalid")
    assert stored(app) == {}


def test_a_signature_is_for_one_upload_only(app: Flask, her: Uploader, refused: Any) -> None:
    """That of another upload will not do; in capitals it is another one."""
    one, other = her.ask(), her.ask()
    for url in (
        one["url"].replace(one["id"], other["id"]),
        one["url"].replace("signature=", "Signature="),
    ):
        refused(her.put({**one, "url": url}), 403, "signature_invalid")
    query = dict(parse_qsl(urlsplit(one["url"]).query))
    url = altered(one["url"], signature=query["signature"].upper())
    refused(her.put({**one, "url": url}), 403, "signature_invalid")
    assert stored(app) == {}


def test_only_the_put_is_signed(client: FlaskClient, her: Uploader, refused: Any) -> None:
    """The address cannot be read from."""
    for method in ("get", "post", "delete"):
        refused(getattr(client, method)(her.ask()["url"]), 405, "method_not_allowed")


SIZES: list[tuple[dict[str, int], int, int]] = [
    ({}, 0, 204), ({}, 1, 204), ({}, LIMIT, 204), ({}, LIMIT + 1, 413), ({}, 3 * LIMIT, 413),
    ({"size": 3}, 3, 204), ({"size": 3}, 2, 422), ({"size": 3}, 4, 422), ({"size": 3}, 0, 422),
    ({"size": LIMIT}, LIMIT, 204),
]  # fmt: skip


@pytest.mark.parametrize("chunked", [False, True])
def test_sizes(app: Flask, her: Uploader, refused: Any, chunked: bool) -> None:
    """Over the limit, or other than announced, whether or not the body tells: nothing is kept."""
    more = {"environ_overrides": CHUNKED} if chunked else {}
    for wish, size, status in SIZES:
        answer = her.put(her.ask(**wish), b"x" * size, **more)
        if status == 204:
            assert answer.status_code == 204, answer.text
            assert [len(content) for content in stored(app).values()] == [size]
        else:
            refused(answer, status, "", "size" if status == 422 else "")
        app.extensions["storage"].remove(*stored(app))


def test_larger_than_other_bodies(app: Flask, her: Uploader, refused: Any) -> None:
    """PERCEPT_UPLOAD_MAX_MB is the only limit here."""
    app.config["MAX_CONTENT_LENGTH"] = 1000
    assert her.put(her.ask(), b"x" * 5000).status_code == 204
    assert her.put(her.ask(), b"x" * 5000, environ_overrides=CHUNKED).status_code == 204


class Endless(io.RawIOBase):
    """A body that never ends; counts what is taken of it."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.taken += len(buffer)
        return len(buffer)


def test_it_is_cut_off_early(app: Flask, client: FlaskClient, her: Uploader, refused: Any) -> None:
    """Of a body without end no more than a little over the limit is read."""
    body = Endless()
    answer = client.put(her.ask()["url"], environ_overrides={**CHUNKED, "wsgi.input": body})
    refused(answer, 413, "too_large")
    assert body.taken < 2 * LIMIT
    assert stored(app) == {}


@pytest.mark.parametrize("before", [None, b"before"])
def test_half_a_file(
    app: Flask, client: FlaskClient, her: Uploader, refused: Any, before: bytes | None
) -> None:
    """Nothing is left of it, and what was put before stays."""
    place = her.ask()
    if before:
        her.put(place, before)
    half = {"wsgi.input": io.BytesIO(b"x" * 1000), "CONTENT_LENGTH": "5000"}
    answer = client.put(place["url"], environ_overrides=half)
    refused(answer, 400, "malformed")
    assert list(stored(app).values()) == ([before] if before else [])


TYPES = [
    ({"Content-Type": "image/png"}, 204),
    ({"Content-Type": "IMAGE/PNG; q=1"}, 204),
    ({"Content-Type": "image/jpeg"}, 415),
    ({"Content-Type": ""}, 415),
    ({"Content-Encoding": "gzip"}, 415),
]


def test_types(app: Flask, her: Uploader) -> None:
    """Another one than was announced is refused; compressed ones always are."""
    for headers, status in TYPES:
        answer = her.put(her.ask(media_type="image/png"), headers=headers)
        assert answer.status_code == status
        assert len(stored(app)) == (status == 204)
        app.extensions["storage"].remove(*stored(app))


def test_the_body_is_the_file(app: Flask, her: Uploader) -> None:
    """Whatever it is said to be, where nothing was announced: it is never taken for a form."""
    place = her.ask()
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data", "application/json"):
        content = f"a={kind}&c".encode()
        assert her.put(place, content, headers={"Content-Type": kind}).status_code == 204
        assert list(stored(app).values()) == [content]


def test_deleted_while_it_comes(app: Flask, ada: Any, her: Uploader) -> None:
    """Whether by its owner or with its owner: no file is left."""
    for gone in (Upload, User):
        place = her.ask()

        def pieces(gone: Any = gone) -> Iterator[bytes]:
            yield b"x"
            change(app, delete(gone))
            yield b"y"

        with app.app_context():
            row = db.session.get(Upload, UUID(place["id"]))
            assert row is not None
            with pytest.raises(NotFound):
                service.store(row, pieces())
        assert stored(app) == {}


def test_nothing_tells_the_secret(app: Flask, her: Uploader) -> None:
    """The key of the signatures is not that of the tokens."""
    place = her.ask()
    query = dict(parse_qsl(urlsplit(place["url"]).query))
    secret = app.config["JWT_SECRET_KEY"].encode()
    plain = hmac.new(secret, f"{place['id']} {query['expires']}".encode(), hashlib.sha256)
    assert query["signature"] != plain.hexdigest()
    assert len(query["signature"]) == 64
    assert json.dumps(place).find(app.config["JWT_SECRET_KEY"]) == -1
