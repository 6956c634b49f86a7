"""Idempotency-Key: the same request twice is done once, and only for who sent it."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from api.extensions import db
from api.http import idempotency
from api.http.idempotency import GIVEN_UP, KEPT, LEASE, Claim
from api.http.replay import Answer
from api.models import IdempotentAnswer, now

REGISTER, KEYS, USERS = "/api/v1/auth/register", "/api/v1/auth/api-keys", "/api/v1/users"
PASSWORD = "ten thousand small lamps"
NEW = {"email": "new@example.com", "password": PASSWORD}


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., Any]:
    """Posts with an Idempotency-Key."""

    def send(url: str, body: Any, key: str = "k-1", who: Any = None) -> Any:
        headers = {"Idempotency-Key": key, **(who["headers"] if who else {})}
        return client.post(url, json=body, headers=headers)

    return send


def age(app: Flask, **values: Any) -> None:
    with app.app_context():
        db.session.execute(update(IdempotentAnswer).values(**values))
        db.session.commit()


def test_the_same_again(app: Flask, post: Any, rows: Any) -> None:
    """Ten times the same gives one account and ten times the first answer."""
    answers = [post(REGISTER, NEW) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len(rows(app)["users"]) == 1


def test_without_a_key(app: Flask, ada: Any, post: Any, rows: Any) -> None:
    """Without a key, or with an empty one, each request counts."""
    for key in ("", '""', " "):
        assert post(KEYS, {"name": "x"}, key, ada).status_code == 201
    assert len(rows(app)["api_keys"]) == 3
    assert rows(app)["idempotent_answers"] == []


def test_a_secret_that_is_shown_once(app: Flask, ada: Any, post: Any, rows: Any) -> None:
    """A repeated request gets the same API key again, which the database cannot tell."""
    first, again = (post(KEYS, {"name": "x"}, who=ada).get_json() for _ in range(2))
    assert first == again
    assert len(rows(app)["api_keys"]) == 1
    key = first["key"].encode()
    files = [f for f in app.config["SETTINGS"].data_dir.rglob("*") if f.is_file()]
    assert not [f for f in files if key in f.read_bytes()]


def test_another_body(app: Flask, ada: Any, post: Any, refused: Any, unchanged: Any) -> None:
    """The same key with another body is a mistake, and nothing is done."""
    assert post(KEYS, {"name": "x"}, who=ada).status_code == 201
    with unchanged(app):
        for body in ({"name": "y"}, {"name": "x", "scopes": ["ocr"]}):
            refused(post(KEYS, body, who=ada), 422, "idempotency_key_reused")


def test_keys_of_others(app: Flask, ada: Any, bob: Any, admin: Any, post: Any, rows: Any) -> None:
    """The same key of somebody else, or at another address, is another key."""
    answers = [post(KEYS, {"name": "x"}, who=person).get_json() for person in (ada, bob, admin)]
    assert len({answer["key"] for answer in answers}) == 3
    assert post(USERS, NEW, who=admin).status_code == 201
    assert post(REGISTER, NEW).status_code == 409
    assert len(rows(app)["api_keys"]) == 3


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**NEW, "email": "ada@example.com"}, 409),
        ({**NEW, "email": "no address"}, 422),
        ({**NEW, "password": "password1234"}, 422),
        ({**NEW, "role": "admin"}, 422),
        ([], 422),
    ],
    ids=str,
)
def test_a_refusal_does_not_use_up_the_key(
    app: Flask, ada: Any, post: Any, unchanged: Any, body: Any, status: int
) -> None:
    """Nothing was stored, not even the key: mended, the request goes through with it."""
    with unchanged(app):
        assert post(REGISTER, body).status_code == status
    assert post(REGISTER, NEW).status_code == 201


def test_while_the_first_is_running(app: Flask, ada: Any, post: Any, refused: Any) -> None:
    """A key in progress gets 409 that says when to come back; it is free once the lease ends."""
    assert post(KEYS, {"name": "x"}, who=ada).status_code == 201
    age(app, status=None, sealed_answer=None, created_at=now() - GIVEN_UP)
    answer = post(KEYS, {"name": "x"}, who=ada)
    refused(answer, 409, "in_progress")
    assert 1 <= int(answer.headers["Retry-After"]) <= LEASE.total_seconds()
    age(app, renewed_at=now() - LEASE - timedelta(seconds=1))
    assert post(KEYS, {"name": "x"}, who=ada).status_code == 201


def test_a_claim_of_an_older_version(app: Flask, ada: Any, post: Any, refused: Any) -> None:
    """Who does not renew its claims has ten minutes, so that both versions can run together."""
    assert post(KEYS, {"name": "x"}, who=ada).status_code == 201
    age(app, status=None, sealed_answer=None, claim=None, renewed_at=None)
    refused(post(KEYS, {"name": "x"}, who=ada), 409, "in_progress")
    age(app, created_at=now() - GIVEN_UP - timedelta(seconds=1))
    assert post(KEYS, {"name": "x"}, who=ada).status_code == 201


def test_a_long_request_keeps_its_key(
    app: Flask, ada: Any, post: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim that its process renews lasts, whatever its age; one of another process ends."""
    mine = Claim("mine")
    assert post(KEYS, {"name": "x"}, who=ada).status_code == 201
    old = now() - 2 * LEASE
    age(app, status=None, sealed_answer=None, claim=mine.id, created_at=old, renewed_at=old)
    monkeypatch.setattr(idempotency, "_held", {mine.id})
    with app.app_context():
        idempotency.renew()
    refused(post(KEYS, {"name": "x"}, who=ada), 409, "in_progress")
    age(app, renewed_at=old)
    monkeypatch.setattr(idempotency, "_held", {Claim("another").id})
    with app.app_context():
        idempotency.renew()
    assert post(KEYS, {"name": "x"}, who=ada).status_code == 201


def test_a_claim_that_was_lost_changes_nothing(app: Flask, ada: Any, post: Any) -> None:
    """A process that was thought dead and comes back neither overwrites nor frees the key."""
    first = post(KEYS, {"name": "x"}, who=ada).text
    with app.app_context():
        lost = Claim(db.session.scalars(select(IdempotentAnswer.key_hash)).one())
        lost.settle(Answer(500, {}, ""), "scope")
        lost.release()
    assert post(KEYS, {"name": "x"}, who=ada).text == first


def test_a_day_later(app: Flask, ada: Any, post: Any, rows: Any) -> None:
    """The answer is kept for 24 hours, and gone then."""
    first = post(KEYS, {"name": "x"}, who=ada).text
    age(app, created_at=now() - KEPT + timedelta(minutes=1))
    assert post(KEYS, {"name": "x"}, who=ada).text == first
    age(app, created_at=now() - KEPT - timedelta(seconds=1))
    assert post(KEYS, {"name": "x"}, who=ada).text != first
    assert len(rows(app)["idempotent_answers"]) == 1


def test_quotes_do_not_count(ada: Any, post: Any) -> None:
    """The draft writes keys in quotes, most clients do not."""
    first, again = (post(KEYS, {"name": "x"}, key, ada).text for key in ("k", '"k"'))
    assert first == again


@pytest.mark.parametrize("key", ["x" * 255, "é", "' OR 1=1", "\t", "../x"])
def test_odd_keys(ada: Any, post: Any, key: str) -> None:
    """Any text up to 255 characters will do."""
    assert post(KEYS, {"name": "x"}, key, ada).status_code == 201


def test_too_long_a_key(app: Flask, ada: Any, post: Any, refused: Any, unchanged: Any) -> None:
    """More than that is refused."""
    with unchanged(app):
        answer = post(KEYS, {"name": "x"}, "x" * 256, ada)
        refused(answer, 422, "validation_failed", "Idempotency-Key")


def test_not_without_signing_in(house: Any, refused: Any, unchanged: Any) -> None:
    """Who may not ask gets no stored answer either."""
    headers = {"Idempotency-Key": "k-1"}
    with unchanged(house.app):
        answer = house.client.post(KEYS, json={"name": "x"}, headers=headers)
        refused(answer, 401, "not_signed_in")
        answer = house.client.post(USERS, json=NEW, headers={**headers, **house.ada["headers"]})
        refused(answer, 403, "role_missing")


def test_a_body_without_length(house: Any, refused: Any, unchanged: Any) -> None:
    """With a key too, a body that comes in pieces may be no larger than another."""
    data = json.dumps({**NEW, "name": "x" * 200_000}).encode()
    with unchanged(house.app):
        answer = house.client.post(
            REGISTER,
            input_stream=io.BytesIO(data),
            content_type="application/json",
            headers={"Idempotency-Key": "k-1", "Transfer-Encoding": "chunked"},
            environ_overrides={"wsgi.input_terminated": True},
        )
        refused(answer, 413, "too_large")
