"""/users/me: reading, changing and deleting one's own account."""

import json
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from api.accounts.users import service
from api.extensions import db
from api.models import User

ME = "/api/v1/users/me"
PASSWORD = "ten thousand small lamps"


def patch(client: FlaskClient, who: Any, body: Any) -> Any:
    data = json.dumps(body)
    return client.patch(ME, data=data, content_type="application/json", headers=who["headers"])


def test_reading(house: Any) -> None:
    """Exactly the members of the contract; the secret ones are not among them."""
    me = house.client.get(ME, headers=house.ada["headers"]).get_json()
    assert set(me) == {
        "id", "email", "email_verified", "name", "locale", "roles", "active", "created_at",
        "last_login_at",
    }  # fmt: skip
    assert (me["id"], me["email"]) == (house.ada["id"], house.ada["email"])


@pytest.mark.parametrize(
    "name",
    [
        "Zoë-Mae d'Arc", "李明", "Å", "🦊 Reineke", "x" * 100, "Seán (Ops)", "Мария", "नेहा", None,
        "👩\u200d👩\u200d👧 Haus", "\u0645\u06cc\u200c\u0646\u0627", "ക\u0d4d\u200d",
        "葛\U000e0100城", "❤\ufe0f", "\U00032000",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Ewan",
    ],
)  # fmt: skip
def test_names(client: FlaskClient, ada: Any, name: str | None) -> None:
    """Names of people in any script are kept as they are; null takes the name away."""
    answer = patch(client, ada, {"name": name})
    assert answer.status_code == 200
    assert client.get(ME, headers=ada["headers"]).get_json()["name"] == name


def test_a_name_is_composed(client: FlaskClient, ada: Any) -> None:
    """The same name is the same characters, however it was typed."""
    assert patch(client, ada, {"name": "Jose\u0301"}).get_json()["name"] == "Jos\u00e9"
    longest = patch(client, ada, {"name": "e\u0301" * 100})
    assert longest.get_json()["name"] == "\u00e9" * 100


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a\u202eb", "Must not contain the character U+202E."),
        ("<b>", "Must not contain the character <."),
        (" Ada", "Must not begin or end with white space."),
        ("\u200d\u200c", "Must have at least one visible character."),
    ],
)
def test_what_is_wrong_with_a_name(house: Any, refused: Any, name: str, words: str) -> None:
    """The answer says which character, or what is missing."""
    body = refused(patch(house.client, house.ada, {"name": name}), 422, "validation_failed", "name")
    assert [error["message"] for error in body["errors"]] == [words]


def test_only_what_is_named_changes(client: FlaskClient, ada: Any) -> None:
    """PATCH leaves alone what it does not name; nothing named, nothing changed."""
    assert patch(client, ada, {"name": "Ada", "locale": "es"}).status_code == 200
    before = patch(client, ada, {"name": "Countess"}).get_json()
    assert (before["name"], before["locale"]) == ("Countess", "es")
    assert patch(client, ada, {}).get_json() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "admin"}, "role"), ({"roles": ["admin"]}, "roles"), ({"active": True}, "active"),
        ({"is_admin": True}, "is_admin"), ({"email_verified": True}, "email_verified"),
        ({"email": "x@example.com"}, "email"), ({"id": "x"}, "id"), ({"quota": 1}, "quota"),
        ({"password": "another one of mine"}, "password"), ({"password_hash": 1}, "password_hash"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"), ({"user": {}}, "user"),
        ({"name": "Ada", "roles": ["admin"]}, "roles"), ({"name": "x" * 101}, "name"),
        ({"name": ""}, "name"), ({"name": "a\u200bb"}, "name"), ({"name": "a\u202eb"}, "name"),
        ({"name": "a\0"}, "name"), ({"name": "a\ud800"}, "name"), ({"name": "../x"}, "name"),
        ({"name": "<script>"}, "name"), ({"name": "\u0958" * 100}, "name"), ({"name": 1}, "name"),
        ({"locale": "fr"}, "locale"), ({"locale": None}, "locale"), ([], "body"), ("x", "body"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_changed(
    house: Any, refused: Any, unchanged: Any, body: Any, field: str
) -> None:
    """Unknown and forbidden fields are named; nothing of the request is done."""
    with unchanged(house.app):
        refused(patch(house.client, house.ada, body), 422, "validation_failed", field)


def test_the_same_field_twice(house: Any, refused: Any, unchanged: Any) -> None:
    """Which of the two was meant is not guessed."""
    data = '{"name": "a", "name": "b"}'
    with unchanged(house.app):
        answer = house.client.patch(
            ME, data=data, content_type="application/json", headers=house.ada["headers"]
        )
        refused(answer, 400, "malformed")


def remove(client: FlaskClient, who: Any, **body: Any) -> Any:
    return client.delete(ME, json=body, headers=who["headers"])


def test_deleting(
    app: Flask, client: FlaskClient, ada: Any, bob: Any, refused: Any, rows: Any, register: Any
) -> None:
    """Everything of hers goes, nothing of his; who registers anew gets nothing of it."""
    key = client.post("/api/v1/auth/api-keys", json={"name": "x"}, headers=ada["headers"])
    client.post("/api/v1/auth/api-keys", json={"name": "x"}, headers=bob["headers"])
    answer = remove(client, ada, password=PASSWORD)
    assert (answer.status_code, answer.data) == (204, b"")
    left = rows(app)
    assert [len(left[t]) for t in ("users", "sessions", "api_keys")] == [1, 1, 1]
    assert ada["email"] not in repr(left)
    refused(client.get(ME, headers=ada["headers"]), 401, "token_revoked")
    by_key = {"X-API-Key": key.get_json()["key"]}
    refused(client.get(ME, headers=by_key), 401, "api_key_invalid")
    login = client.post("/api/v1/auth/login", json={"email": ada["email"], "password": PASSWORD})
    refused(login, 401, "invalid_credentials")
    again = register(ada["email"])
    assert again["id"] != ada["id"]
    assert client.get("/api/v1/auth/api-keys", headers=again["headers"]).get_json()["items"] == []
    refused(client.get(ME, headers=ada["headers"]), 401, "token_revoked")
    assert client.get(ME, headers=bob["headers"]).status_code == 200


@pytest.mark.parametrize("password", ["", "wrong lamps all over", PASSWORD + " "])
def test_not_without_the_password(house: Any, refused: Any, unchanged: Any, password: str) -> None:
    """A stolen access token alone deletes nothing."""
    with unchanged(house.app):
        refused(remove(house.client, house.ada, password=password), 403, "invalid_credentials")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "password"), ({"password": None}, "password"), ({"password": "x" * 129}, "password"),
     ({"password": PASSWORD, "force": True}, "force")],
    ids=str,
)  # fmt: skip
def test_odd_goodbyes(house: Any, refused: Any, unchanged: Any, body: Any, field: str) -> None:
    """What is missing or unknown is named."""
    with unchanged(house.app):
        refused(remove(house.client, house.ada, **body), 422, "validation_failed", field)


def test_the_last_admin_stays(house: Any, refused: Any, unchanged: Any) -> None:
    """Who administers alone cannot leave."""
    with unchanged(house.app):
        refused(remove(house.client, house.root, password=PASSWORD), 409, "last_admin")


def test_an_admin_among_others_may_leave(
    app: Flask, client: FlaskClient, admin: Any, ada: Any
) -> None:
    """While another active administrator stays."""
    with app.app_context():
        service.change(UUID(ada["id"]), {"roles": ["admin"]})
    assert remove(client, admin, password=PASSWORD).status_code == 204


@pytest.mark.parametrize("do", ["get", "patch"])
def test_deleted_while_asking(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, meanwhile: Any, do: str
) -> None:
    """A user who is deleted while the request arrives finds nothing, and no crash."""
    with meanwhile(app, "FROM users JOIN sessions", delete(User)):
        more = {"json": {"name": "x"}} if do == "patch" else {}
        answer = getattr(client, do)(ME, headers=ada["headers"], **more)
    refused(answer, 404, "not_found")
    with app.app_context():
        assert db.session.query(User).count() == 0
