"""The same story on PostgreSQL: nothing in it depends on SQLite's ways."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, update

from api.extensions import db
from api.models import ApiKey, Session, User

pytestmark = pytest.mark.slow
AUTH, USERS, ME = "/api/v1/auth", "/api/v1/users", "/api/v1/users/me"
PASSWORD = "ten thousand small lamps"
CREDENTIALS = {"email": "new@example.com", "password": PASSWORD}


@pytest.fixture
def app(app_on_postgres: Flask) -> Flask:
    """The application of these tests."""
    return app_on_postgres


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def at_once(app: Flask, *requests: Callable[[FlaskClient], Any]) -> list[Any]:
    """The answers to requests that all start together."""
    start = threading.Barrier(len(requests))

    def run(request: Callable[[FlaskClient], Any]) -> Any:
        start.wait()
        return request(app.test_client())

    with ThreadPoolExecutor(len(requests)) as crowd:
        return list(crowd.map(run, requests))


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def count(app: Flask, *conditions: Any) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).where(*conditions)) or 0


def test_from_registration_to_signing_out(app: Flask, client: FlaskClient, refused: Any) -> None:
    """Register, sign in, refresh, change this and that, sign out."""
    assert client.post(f"{AUTH}/register", json=CREDENTIALS).status_code == 201
    taken = {**CREDENTIALS, "email": "NEW@example.com"}
    refused(client.post(f"{AUTH}/register", json=taken), 409, "email_taken")
    login = client.post(f"{AUTH}/login", json=CREDENTIALS)
    assert '"login";r=9;' in login.headers["RateLimit"]
    spent = bearer(login.get_json()["refresh_token"])
    renewed = [client.post(f"{AUTH}/refresh", headers=spent).get_json() for _ in "ab"]
    assert renewed[0] == renewed[1]
    headers = bearer(renewed[0]["access_token"])
    patched = client.patch(ME, json={"name": "Ada", "locale": "es"}, headers=headers).get_json()
    assert (patched["name"], patched["locale"]) == ("Ada", "es")
    change = {"current_password": PASSWORD, "new_password": "another one of mine"}
    assert client.post(f"{AUTH}/password", json=change, headers=headers).status_code == 204
    sessions = client.get(f"{AUTH}/sessions?limit=1", headers=headers).get_json()
    assert [session["current"] for session in sessions["items"]] == [True]
    assert client.post(f"{AUTH}/logout", headers=headers).status_code == 204
    refused(client.get(ME, headers=headers), 401, "token_revoked")


def test_from_a_key_to_the_end(app: Flask, client: FlaskClient, ada: Any, refused: Any) -> None:
    """Make a key, once although asked twice, and delete the account with it."""
    once = {**ada["headers"], "Idempotency-Key": "one"}
    wish = {"name": "x", "scopes": ["account"], "expires_at": "2099-01-01T00:00:00+02:00"}
    keys = [client.post(f"{AUTH}/api-keys", json=wish, headers=once).get_json() for _ in "ab"]
    assert keys[0] == keys[1]
    assert keys[0]["expires_at"] == "2098-12-31T22:00:00.000Z"
    by_key = {"X-API-Key": keys[0]["key"]}
    assert client.get(ME, headers=by_key).get_json()["id"] == ada["id"]
    assert client.delete(ME, json={"password": PASSWORD}, headers=by_key).status_code == 204
    refused(client.get(ME, headers=by_key), 401, "api_key_invalid")
    assert [count(app, t.id.is_not(None)) for t in (User, Session, ApiKey)] == [0, 0, 0]


def test_administration(client: FlaskClient, admin: Any, ada: Any, refused: Any) -> None:
    """Lists, roles that count at once, disabling, and the last one who stays."""
    his, hers = admin["headers"], ada["headers"]
    listed = client.get(f"{USERS}?limit=1", headers=his).get_json()
    rest = client.get(f"{USERS}?cursor={listed['next_cursor']}", headers=his).get_json()
    assert [u["email"] for u in listed["items"] + rest["items"]] == [ada["email"], admin["email"]]
    one = f"{USERS}/{ada['id']}"
    assert client.patch(one, json={"roles": ["admin"]}, headers=his).status_code == 200
    assert client.get(USERS, headers=hers).status_code == 200
    assert client.patch(one, json={"active": False}, headers=his).status_code == 200
    refused(client.get(ME, headers=hers), 401, "token_revoked")
    refused(client.delete(f"{USERS}/{admin['id']}", headers=his), 409, "last_admin")
    assert client.delete(one, headers=his).status_code == 204
    refused(client.get(one, headers=his), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("register", "email", "\ufdfa" * 60 + "@x.io"),
        ("register", "name", "\u0958" * 100),
        ("api-keys", "name", "\u0958" * 100),
    ],
    ids=["address", "name", "name of a key"],
)
def test_what_grows_when_it_is_folded(
    client: FlaskClient, ada: Any, refused: Any, path: str, field: str, value: str
) -> None:
    """Text that gets longer than its column is refused: PostgreSQL would not cut it."""
    body = {**CREDENTIALS} if path == "register" else {"name": "x"}
    answer = client.post(f"{AUTH}/{path}", json={**body, field: value}, headers=ada["headers"])
    refused(answer, 422, "validation_failed", field)


def test_the_longest_texts(client: FlaskClient, ada: Any) -> None:
    """Whatever is let in fits."""
    local = "x" * (254 - len("@" + "y" * 60 + "." + "z" * 60 + ".example"))
    email = f"{local}@{'y' * 60}.{'z' * 60}.example"
    body = {"email": email, "password": "🦊" * 128, "name": "🦊" * 100}
    headers = {"User-Agent": "x" * 5000}
    assert client.post(f"{AUTH}/register", json=body).status_code == 201
    del body["name"]
    assert client.post(f"{AUTH}/login", json=body, headers=headers).status_code == 200
    wish = {"name": "🦊" * 100}
    assert client.post(f"{AUTH}/api-keys", json=wish, headers=ada["headers"]).status_code == 201


def test_registrations_at_once(app: Flask) -> None:
    """One address, twenty clients, two spellings: one account."""
    bodies = [CREDENTIALS, {**CREDENTIALS, "email": "New@Example.com"}] * 10
    answers = at_once(
        app, *(partial(FlaskClient.post, path=f"{AUTH}/register", json=body) for body in bodies)
    )
    assert statuses(answers) == {201: 1, 409: 19}
    assert count(app, User.email_key == "new@example.com") == 1


def test_guesses_at_once(app: Flask, ada: Any) -> None:
    """Of twenty guesses at once ten are tried."""
    body = {"email": ada["email"], "password": "ten thousand small lambs"}
    guess = partial(FlaskClient.post, path=f"{AUTH}/login", json=body)
    assert statuses(at_once(app, *[guess] * 20)) == {401: 10, 429: 10}


def test_one_idempotency_key_at_once(app: Flask, ada: Any) -> None:
    """One key is made, whoever was first."""
    headers = {**ada["headers"], "Idempotency-Key": "one"}
    make = partial(FlaskClient.post, path=f"{AUTH}/api-keys", json={"name": "x"}, headers=headers)
    answers = at_once(app, *[make] * 10)
    assert set(statuses(answers)) <= {201, 409}
    assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
    assert count(app, ApiKey.id.is_not(None)) == 1


def test_refreshes_at_once(app: Flask, ada: Any) -> None:
    """The very same child for all, and one family."""
    token = ada["refresh_token"]
    for _ in range(10):
        renew = partial(FlaskClient.post, path=f"{AUTH}/refresh", headers=bearer(token))
        answers = at_once(app, *[renew] * 5)
        assert statuses(answers) == {200: 5}
        assert len({answer.text for answer in answers}) == 1
        token = answers[0].get_json()["refresh_token"]
    assert count(app, Session.id.is_not(None)) == 1


@pytest.mark.parametrize("body", [{"roles": ["user"]}, {"active": False}, None], ids=str)
def test_two_admins_against_each_other(app: Flask, register: Any, body: Any) -> None:
    """Demoting, disabling or deleting each other at one instant: one of them stays."""
    method = "PATCH" if body else "DELETE"
    for number in range(20):
        with app.app_context():
            db.session.execute(delete(User))
            db.session.commit()
        pair = [register(f"{name}{number}@x.io", ("user", "admin")) for name in ("one", "two")]
        answers = at_once(
            app,
            *(
                partial(
                    FlaskClient.open,
                    path=f"{USERS}/{other['id']}",
                    method=method,
                    json=body,
                    headers=me["headers"],
                )
                for me, other in (pair, pair[::-1])
            ),
        )
        done = 200 if body else 204
        assert sorted(statuses(answers)) in ([done, 401], [done, 403], [done, 409])
        assert count(app, User.active, User.roles == ("user", "admin")) == 1


def test_changed_and_deleted_at_once(app: Flask, register: Any, admin: Any) -> None:
    """Changing an account while it is deleted is a 200 or a 404, and never a crash."""
    for number in range(15):
        ada = register(f"ada{number}@x.io")
        one, his, hers = f"{USERS}/{ada['id']}", admin["headers"], ada["headers"]
        key = partial(FlaskClient.post, path=f"{AUTH}/api-keys", json={"name": "x"}, headers=hers)
        answers = at_once(
            app,
            partial(FlaskClient.patch, path=ME, json={"name": "x"}, headers=hers),
            partial(FlaskClient.patch, path=one, json={"active": False}, headers=his),
            partial(FlaskClient.delete, path=one, headers=his),
            key,
            key,
        )
        assert set(statuses(answers)) <= {200, 201, 204, 401, 404}, [a.text for a in answers]


@pytest.mark.parametrize(
    "change",
    [delete(User), update(User).values(active=False), update(User).values(password_hash="x")],
    ids=["deleted", "disabled", "another password"],
)
def test_changes_while_the_password_is_checked(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, meanwhile: Any, change: Any
) -> None:
    """Who is deleted, disabled or changed meanwhile gets no session out of an old password."""
    body = {"email": ada["email"], "password": PASSWORD}
    with meanwhile(app, "SELECT users.id, users.password_hash", change):
        refused(client.post(f"{AUTH}/login", json=body), 401, "invalid_credentials")
