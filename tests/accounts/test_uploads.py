"""Uploads: where to put a file, who may, and how long it is there."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_schema_validator import OAS30Validator
from sqlalchemy import delete, update
from uploading import LIMIT, UPLOADS, Uploader, change, stored

from api.accounts.uploads import service
from api.config import Settings
from api.models import Upload, User, now


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", log_level="error", upload_max_mb=1)


@pytest.fixture
def her(client: FlaskClient, ada: Any) -> Uploader:
    """Ada, who uploads files."""
    return Uploader(client, ada["headers"])


def test_from_first_to_last(app: Flask, client: FlaskClient, ada: Any, her: Uploader) -> None:
    """Asked for, put, put again, read and deleted; each answer is as published."""
    published = client.get("/openapi.json").get_json()

    def fits(path: str, method: str, answer: Any) -> None:
        described = published["paths"][path][method]["responses"][str(answer.status_code)]
        schema = described["content"]["application/json"]["schema"]
        whole = {**schema, "components": published["components"]}
        assert [e.message for e in OAS30Validator(whole).iter_errors(answer.get_json())] == []

    answer = client.post(UPLOADS, json={"media_type": "image/png"}, headers=ada["headers"])
    fits("/uploads", "post", answer)
    place = answer.get_json()
    assert answer.headers["Location"] == f"{UPLOADS}/{place['id']}"
    assert (place["method"], place["headers"]) == ("PUT", {"Content-Type": "image/png"})
    assert place["max_bytes"] == LIMIT
    for content in (None, b"abc", b"other"):
        if content is not None:
            done = her.put(place, content)
            assert (done.status_code, done.data) == (204, b"")
        fits("/uploads/{upload_id}", "get", her.state(place))
        assert her.state(place).get_json() == {
            "id": place["id"],
            "media_type": "image/png",
            "size": None,
            "received": None if content is None else len(content),
            "expires_at": place["expires_at"],
        }
    assert stored(app) == {f"{ada['id']}/{place['id']}-upload": b"other"}
    url = f"{UPLOADS}/{place['id']}"
    assert client.delete(url, headers=ada["headers"]).status_code == 204
    assert stored(app) == {}


@pytest.mark.parametrize(
    "sent", [{}, {"json": {}}, {"data": b"{}", "content_type": "application/json"}], ids=str
)
def test_the_body_may_be_left_out(client: FlaskClient, ada: Any, sent: Any) -> None:
    """Then nothing is announced."""
    published = client.get("/openapi.json").get_json()["paths"]["/uploads"]["post"]
    assert published["requestBody"]["required"] is False
    place = client.post(UPLOADS, headers=ada["headers"], **sent).get_json()
    assert place["headers"] == {}


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"json": {"colour": "red"}}, 422, "colour"),
        ({"json": {"media_type": "png"}}, 422, "media_type"),
        ({"json": {"media_type": "image/png\r\nX: y"}}, 422, "media_type"),
        ({"json": {"media_type": "image/png\n"}}, 422, "media_type"),
        ({"json": {"media_type": "a/" + "b" * 100}}, 422, "media_type"),
        ({"json": {"media_type": None}}, 422, "media_type"),
        ({"json": {"size": 0}}, 422, "size"),
        ({"json": {"size": -1}}, 422, "size"),
        ({"json": {"size": "3"}}, 422, "size"),
        ({"json": {"size": 1.5}}, 422, "size"),
        ({"json": {"size": LIMIT + 1}}, 413, ""),
        ({"json": {"size": 10**30}}, 413, ""),
        ({"json": [1]}, 422, "body"),
        ({"data": b"x", "content_type": "application/json"}, 400, ""),
        ({"data": b"x", "content_type": "text/plain"}, 415, ""),
        ({"data": {"size": "3"}}, 415, ""),
    ],
    ids=str,
)
def test_wishes_that_are_refused(
    house: Any, refused: Any, unchanged: Any, sent: Any, status: int, field: str
) -> None:
    """What cannot be announced, or is too large, leaves no row."""
    house.app.config["SETTINGS"] = house.app.config["SETTINGS"].model_copy(
        update={"upload_max_mb": 1}
    )
    with unchanged(house.app):
        answer = house.client.post(UPLOADS, headers=house.ada["headers"], **sent)
        refused(answer, status, "", field)


def test_any_key_will_do(client: FlaskClient, ada: Any, her: Uploader, refused: Any) -> None:
    """Of whatever scope; nobody without one."""
    wish = {"name": "x", "scopes": ["ocr"]}
    made = client.post("/api/v1/auth/api-keys", json=wish, headers=ada["headers"]).get_json()
    assert client.post(UPLOADS, headers={"X-API-Key": made["key"]}).status_code == 201
    refused(client.post(UPLOADS), 401)
    for method in ("get", "delete"):
        refused(getattr(client, method)(f"{UPLOADS}/{her.ask()['id']}"), 401)


def test_once_by_its_key(
    app: Flask, client: FlaskClient, ada: Any, rows: Any, refused: Any
) -> None:
    """The same Idempotency-Key answers the same place; with another wish it is a mistake."""
    headers = {**ada["headers"], "Idempotency-Key": "k"}
    answers = [client.post(UPLOADS, json={"size": 3}, headers=headers) for _ in range(2)]
    assert answers[0].get_json() == answers[1].get_json()
    assert len(rows(app)["uploads"]) == 1
    answer = client.post(UPLOADS, json={"size": 4}, headers=headers)
    refused(answer, 422, "idempotency_key_reused")


def test_so_many_and_no_more(
    app: Flask,
    client: FlaskClient,
    ada: Any,
    bob: Any,
    her: Uploader,
    refused: Any,
    monkeypatch: Any,
) -> None:
    """Those that have expired do not count, nor do other people's."""
    monkeypatch.setattr(service, "MOST", 2)
    old = her.ask()
    change(app, update(Upload).values(expires_at=now()))
    places = [her.ask() for _ in range(2)]
    refused(client.post(UPLOADS, headers=ada["headers"]), 409, "too_many_uploads")
    assert client.post(UPLOADS, headers=bob["headers"]).status_code == 201
    client.delete(f"{UPLOADS}/{places[0]['id']}", headers=ada["headers"])
    assert her.ask()["id"] != old["id"]


def test_under_its_public_address(app: Flask, client: FlaskClient, ada: Any, her: Uploader) -> None:
    """PERCEPT_PUBLIC_URL, also one with a path; else the address that the request came to."""
    here = client.post(UPLOADS, headers={**ada["headers"], "Host": "here.example:81"}).get_json()
    assert here["url"].startswith(f"http://here.example:81{UPLOADS}/{here['id']}/content?")
    changes = {"public_url": "https://percept.example/deep/"}
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update=changes)
    there = client.post(UPLOADS, headers=ada["headers"]).get_json()
    assert there["url"].startswith(f"https://percept.example/deep{UPLOADS}/{there['id']}/content?")
    place = {
        **there,
        "url": there["url"].replace("https://percept.example/deep", "http://localhost"),
    }
    assert her.put(place).status_code == 204


def test_after_its_time(
    app: Flask, client: FlaskClient, ada: Any, her: Uploader, refused: Any
) -> None:
    """Nothing is taken any more; what was put goes with the next pruning, and so does the row."""
    place, stays = her.ask(), her.ask()
    for one in (place, stays):
        her.put(one)
    mine = Upload.id == UUID(place["id"])
    change(app, update(Upload).where(mine).values(expires_at=now() - timedelta(seconds=1)))
    refused(her.put(place, b"new"), 403, "upload_expired")
    assert her.state(place).get_json()["received"] == 3
    with app.app_context():
        assert (service.prune(), service.prune()) == (1, 0)
    assert list(stored(app)) == [f"{ada['id']}/{stays['id']}-upload"]
    refused(her.state(place), 404, "not_found")
    refused(her.put(place), 404, "not_found")


def test_many_are_pruned(app: Flask, her: Uploader, monkeypatch: Any, rows: Any) -> None:
    """However many there are."""
    monkeypatch.setattr(service, "AT_ONCE", 2)
    for _ in range(5):
        her.ask()
    change(app, update(Upload).values(expires_at=now()))
    with app.app_context():
        assert service.prune() == 5
    assert rows(app)["uploads"] == []


def test_a_user_goes_with_uploads(
    app: Flask, client: FlaskClient, ada: Any, her: Uploader, rows: Any, refused: Any
) -> None:
    """No row and no file is left, and the address takes nothing more."""
    place = her.ask()
    her.put(place)
    body = {"password": "ten thousand small lamps"}
    assert client.delete("/api/v1/users/me", json=body, headers=ada["headers"]).status_code == 204
    assert (stored(app), rows(app)["uploads"]) == ({}, [])
    refused(her.put(place), 404, "not_found")


def test_a_user_who_is_gone(
    app: Flask, client: FlaskClient, ada: Any, meanwhile: Any, refused: Any
) -> None:
    """Whoever is deleted while they ask gets no upload."""
    with meanwhile(app, "FROM users JOIN sessions", delete(User).where(User.id == UUID(ada["id"]))):
        refused(client.post(UPLOADS, headers=ada["headers"]), 401, "token_revoked")
