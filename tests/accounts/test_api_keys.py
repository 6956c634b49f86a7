"""API keys: shown once, kept as a hash, good for their scopes and no longer than they should be."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from api.extensions import db
from api.http.tokens import SCOPES
from api.models import ApiKey, User, now

URL = "/api/v1/auth/api-keys"
ME = "/api/v1/users/me"
SHOWN = {"id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at"}


@pytest.fixture
def make(client: FlaskClient) -> Callable[..., dict[str, Any]]:
    """Makes a key."""

    def create(who: dict[str, Any], **body: Any) -> dict[str, Any]:
        answer = client.post(URL, json={"name": "import", **body}, headers=who["headers"])
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.get_json()
        return {**created, "headers": {"X-API-Key": created["key"]}}

    return create


def change(app: Flask, statement: Any) -> None:
    with app.app_context():
        db.session.execute(statement)
        db.session.commit()


def test_shown_once(app: Flask, client: FlaskClient, ada: Any, make: Any) -> None:
    """The key is in the answer that makes it and nowhere else, not even in the database."""
    answer = client.post(URL, json={"name": "nightly"}, headers=ada["headers"])
    assert answer.headers["Cache-Control"] == "no-store"
    made = answer.get_json()
    assert set(made) == SHOWN | {"key"}
    assert made["key"].startswith("pct_")
    assert made["key"].startswith(made["prefix"])
    assert len(made["key"]) - len(made["prefix"]) > 32
    listed = client.get(URL, headers=ada["headers"]).get_json()["items"]
    assert listed == [{k: v for k, v in made.items() if k != "key"}]
    with app.app_context():
        stored = db.session.scalars(select(ApiKey.key_hash)).one()
    assert stored == hashlib.sha256(made["key"].encode()).hexdigest()
    files = [f for f in app.config["SETTINGS"].data_dir.rglob("*") if f.is_file()]
    assert not [f for f in files if made["key"].encode() in f.read_bytes()]
    assert make(ada)["key"] != made["key"]


def test_both_headers(client: FlaskClient, ada: Any, make: Any) -> None:
    """A key is sent as bearer or as X-API-Key; its use is noted."""
    key = make(ada)["key"]
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        assert client.get(ME, headers=headers).get_json()["id"] == ada["id"]
    used = client.get(URL, headers=ada["headers"]).get_json()["items"][0]["last_used_at"]
    assert used.endswith("Z")


@pytest.mark.parametrize("key", ["", "pct_", "pct_x", "x", "pct_" + "A" * 43, "é", "' OR 1=1"])
def test_keys_that_are_none(house: Any, refused: Any, key: str) -> None:
    """Whatever is no key is refused with the challenge, in either header."""
    code = "api_key_invalid" if key else "not_signed_in"
    refused(house.client.get(ME, headers={"X-API-Key": key}), 401, code)
    if key.startswith("pct_"):
        bearer = {"Authorization": f"Bearer {key}"}
        refused(house.client.get(ME, headers=bearer), 401, "api_key_invalid")


def test_a_prefix_is_not_enough(client: FlaskClient, ada: Any, make: Any, refused: Any) -> None:
    """What the list shows of a key, its id and its hash open nothing."""
    made = make(ada)
    hashed = hashlib.sha256(made["key"].encode()).hexdigest()
    for key in (made["prefix"], made["key"][:-1], made["key"].swapcase(), made["id"], hashed):
        refused(client.get(ME, headers={"X-API-Key": key}), 401, "api_key_invalid")


ROUTES = [
    ("get", ME, "account"), ("patch", ME, "account"), ("delete", ME, "account"),
    ("get", URL, "account"), ("post", URL, "account"), ("get", "/api/v1/auth/sessions", "account"),
    ("delete", "/api/v1/auth/sessions", "account"), ("get", "/api/v1/users", "account"),
    ("post", "/api/v1/users", "account"), ("post", "/api/v1/classify", "classify"),
    ("post", "/api/v1/classify/batch", "classify"),
]  # fmt: skip


def test_scopes(
    app: Flask, client: FlaskClient, ada: Any, make: Any, refused: Any, unchanged: Any
) -> None:
    """A key without the route's scope gets 403 and does nothing."""
    for scope in SCOPES:
        key = make(ada, scopes=[scope])
        assert key["scopes"] == [scope]
        client.get("/api/v1/models", headers=key["headers"])  # notes the first use
        with unchanged(app):
            for method, path, needed in ROUTES:
                if needed != scope:
                    answer = getattr(client, method)(path, headers=key["headers"])
                    refused(answer, 403, "scope_missing")
    assert client.get("/api/v1/models", headers=key["headers"]).status_code == 200


def test_only_with_a_session(client: FlaskClient, ada: Any, make: Any, refused: Any) -> None:
    """Keys neither refresh, sign out nor change the password, and mend nothing by a bearer."""
    key = make(ada)
    for path in ("refresh", "logout", "password"):
        answer = client.post(f"/api/v1/auth/{path}", headers=key["headers"])
        refused(answer, 403, "session_needed")


def test_a_key_makes_no_stronger_key(
    client: FlaskClient, ada: Any, make: Any, refused: Any
) -> None:
    """A key hands on what it has, by default all of it, and nothing else."""
    key = make(ada, scopes=["account", "ocr"])
    body = {"name": "more", "scopes": ["account", "tts"]}
    refused(client.post(URL, json=body, headers=key["headers"]), 403, "scope_missing")
    assert make(key)["scopes"] == ["account", "ocr"]
    assert make(key, scopes=["ocr"])["scopes"] == ["ocr"]
    assert make(ada)["scopes"] == sorted(SCOPES)


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"name": None}, "name"), ({"name": ""}, "name"), ({"name": "x" * 101}, "name"),
        ({"name": " x"}, "name"), ({"name": "a\u202eb"}, "name"), ({"name": "<script>"}, "name"),
        ({"name": 1}, "name"), ({"name": "\u0958" * 100}, "name"), ({"scopes": []}, "scopes"),
        ({"scopes": ["admin"]}, "scopes.0"), ({"scopes": ["*"]}, "scopes.0"),
        ({"scopes": ["ocr", "ocr"]}, "scopes"), ({"scopes": "ocr"}, "scopes"),
        ({"scopes": [1]}, "scopes.0"), ({"scopes": None}, "scopes"), ({"key": "pct_x"}, "key"),
        ({"user_id": "x"}, "user_id"), ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"), ({"expires_at": ""}, "expires_at"),
        ({"expires_at": 4102444800}, "expires_at"), ({"expires_at": "2099-13-01"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-23:59"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+23:59"}, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00Z" * 9}, "expires_at"),
    ],
    ids=str,
)  # fmt: skip
def test_odd_wishes(house: Any, refused: Any, unchanged: Any, extra: Any, field: str) -> None:
    """422 that names the field; no key is made."""
    with unchanged(house.app):
        answer = house.client.post(URL, json={"name": "x", **extra}, headers=house.ada["headers"])
        refused(answer, 422, "validation_failed", field)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (None, None),
        ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00.000Z"),
        ("2099-01-01T00:00:00+02:00", "2098-12-31T22:00:00.000Z"),
        ("2099-01-01T00:00:00.123456Z", "2099-01-01T00:00:00.123Z"),
    ],
)
def test_the_end_of_a_key(ada: Any, make: Any, sent: str | None, kept: str | None) -> None:
    """Times in any zone are kept in UTC; without one a key has no end."""
    assert make(ada, expires_at=sent)["expires_at"] == kept


def test_an_expired_key(app: Flask, client: FlaskClient, ada: Any, make: Any, refused: Any) -> None:
    """After its end a key is refused with a code of its own."""
    key = make(ada, expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    assert client.get(ME, headers=key["headers"]).status_code == 200
    change(app, update(ApiKey).values(expires_at=now()))
    refused(client.get(ME, headers=key["headers"]), 401, "api_key_expired")


def test_ending_a_key(client: FlaskClient, ada: Any, make: Any, refused: Any) -> None:
    """It stops working at once; its sister does not; a second time there is none."""
    key, sister = make(ada), make(ada)
    one = f"{URL}/{key['id']}"
    assert client.delete(one, headers=ada["headers"]).status_code == 204
    refused(client.get(ME, headers=key["headers"]), 401, "api_key_invalid")
    refused(client.delete(one, headers=ada["headers"]), 404, "not_found")
    assert client.get(ME, headers=sister["headers"]).status_code == 200


def test_keys_outlive_sessions(client: FlaskClient, ada: Any, make: Any) -> None:
    """Signing out ends the session, not the programs."""
    key = make(ada)
    assert client.delete("/api/v1/auth/sessions", headers=ada["headers"]).status_code == 204
    assert client.get(ME, headers=key["headers"]).status_code == 200


@pytest.mark.parametrize(
    "over", [update(User).values(active=False), delete(User)], ids=["disabled", "deleted"]
)
def test_keys_of_nobody(
    app: Flask, client: FlaskClient, ada: Any, make: Any, refused: Any, over: Any
) -> None:
    """Who is disabled or deleted has no keys that work."""
    key = make(ada)
    change(app, over)
    refused(client.get(ME, headers=key["headers"]), 401, "api_key_invalid")


def test_deleted_while_asking(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, rows: Any, meanwhile: Any
) -> None:
    """A user who is deleted while the request arrives gets no key, and no crash."""
    with meanwhile(app, "FROM users JOIN sessions", delete(User)):
        answer = client.post(URL, json={"name": "late"}, headers=ada["headers"])
    refused(answer, 401, "token_revoked")
    assert rows(app)["api_keys"] == []


def test_use_is_not_written_each_time(
    app: Flask, client: FlaskClient, ada: Any, make: Any, unchanged: Any
) -> None:
    """The last use is exact to the minute; a write on every request would cost too much."""
    key = make(ada)
    client.get(ME, headers=key["headers"])
    with unchanged(app):
        client.get(ME, headers=key["headers"])
    change(app, update(ApiKey).values(last_used_at=now() - timedelta(minutes=2)))
    client.get(ME, headers=key["headers"])
    with app.app_context():
        assert db.session.scalars(select(ApiKey.last_used_at)).one() > now() - timedelta(minutes=1)


def test_pages(client: FlaskClient, ada: Any, bob: Any, make: Any) -> None:
    """The newest first, mine only, a page at a time."""
    made = [make(ada, name=f"n{number}")["id"] for number in range(3)]
    make(bob)
    first = client.get(f"{URL}?limit=2", headers=ada["headers"]).get_json()
    rest = f"{URL}?limit=2&cursor={first['next_cursor']}"
    second = client.get(rest, headers=ada["headers"]).get_json()
    listed = [item["id"] for item in first["items"] + second["items"]]
    assert listed == made[::-1]
    assert second["next_cursor"] is None
