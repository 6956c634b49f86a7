"""A forgotten password: an administrator gives a temporary one, which serves to choose another."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from api.accounts import new_passwords
from api.extensions import db
from api.models import User, now

AUTH, ME = "/api/v1/auth", "/api/v1/users/me"
PASSWORD = "ten thousand small lamps"
ANOTHER = "another one of my lamps"


@pytest.fixture
def give(client: FlaskClient, admin: Any) -> Any:
    """Has the administrator give somebody a temporary password; the answer's body."""

    def send(who: Any, **body: Any) -> Any:
        more = {"json": body} if body else {}
        url = f"/api/v1/users/{who['id']}/password"
        answer = client.post(url, headers=admin["headers"], **more)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.get_json()

    return send


@pytest.fixture
def login(client: FlaskClient) -> Any:
    """Tries to sign in."""

    def send(who: Any, password: str) -> Any:
        return client.post(f"{AUTH}/login", json={"email": who["email"], "password": password})

    return send


@pytest.fixture
def choose(client: FlaskClient) -> Any:
    """Tries to choose a new password with a token."""

    def send(token: str, password: str = ANOTHER) -> Any:
        body = {"token": token, "new_password": password}
        return client.post(f"{AUTH}/password/reset", json=body)

    return send


def token_of(answer: Any) -> str:
    assert (answer.status_code, answer.get_json()["code"]) == (403, "password_change_required")
    assert answer.mimetype == "application/problem+json"
    token: str = answer.get_json()["reset_token"]
    return token


def test_the_way_back(
    client: FlaskClient, ada: Any, bob: Any, give: Any, login: Any, choose: Any, refused: Any
) -> None:
    """The old password and the sessions end at once; a new one is chosen, and that signs in."""
    given = give(ada)
    assert given["ended_sessions"] == 1
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", given["temporary_password"])
    refused(client.get(ME, headers=ada["headers"]), 401, "token_revoked")
    refused(login(ada, PASSWORD), 401, "invalid_credentials")
    token = token_of(login(ada, given["temporary_password"]))
    answer = choose(token)
    assert (answer.status_code, answer.data) == (204, b"")
    refused(login(ada, given["temporary_password"]), 401, "invalid_credentials")
    assert login(ada, ANOTHER).status_code == 200
    assert client.get(ME, headers=bob["headers"]).status_code == 200


def test_the_token_serves_once(ada: Any, give: Any, login: Any, choose: Any, refused: Any) -> None:
    """One that is used, one of before another reset, and one that is none: 403."""
    earlier = token_of(login(ada, give(ada)["temporary_password"]))
    token = token_of(login(ada, give(ada)["temporary_password"]))
    refused(choose(earlier), 403, "reset_token_invalid")
    assert choose(token).status_code == 204
    for spent in (token, earlier, "", "x", token[:-1], ada["access_token"]):
        refused(choose(spent, "a third one of my lamps"), 403, "reset_token_invalid")
    assert login(ada, ANOTHER).status_code == 200


def test_the_token_is_no_other_token(
    client: FlaskClient, ada: Any, give: Any, login: Any, refused: Any
) -> None:
    """It opens nothing as a bearer."""
    token = token_of(login(ada, give(ada)["temporary_password"]))
    bearer = {"Authorization": f"Bearer {token}"}
    refused(client.get(ME, headers=bearer), 401, "token_invalid")
    refused(client.post(f"{AUTH}/refresh", headers=bearer), 401, "token_invalid")


def test_the_temporary_password_does_nothing_else(
    client: FlaskClient, ada: Any, give: Any, refused: Any
) -> None:
    """Not even with an API key, which may delete the account by password otherwise."""
    made = client.post(f"{AUTH}/api-keys", json={"name": "x"}, headers=ada["headers"])
    key = {"X-API-Key": made.get_json()["key"]}
    given = give(ada)
    assert given["api_keys"] == 1
    answer = client.delete(ME, json={"password": given["temporary_password"]}, headers=key)
    token_of(answer)
    assert client.get(ME, headers=key).status_code == 200


def test_ending_the_keys_too(client: FlaskClient, ada: Any, give: Any, refused: Any) -> None:
    """Where the account may be in other hands."""
    made = client.post(f"{AUTH}/api-keys", json={"name": "x"}, headers=ada["headers"])
    key = {"X-API-Key": made.get_json()["key"]}
    assert give(ada, end_api_keys=True)["api_keys"] == 0
    refused(client.get(ME, headers=key), 401, "api_key_invalid")


@pytest.mark.parametrize("password", ["", "short", "password1234", "x" * 129, None, 7])
def test_what_will_not_do(
    ada: Any, give: Any, login: Any, choose: Any, refused: Any, password: Any
) -> None:
    """The new password is held to the rules of every other, and the token is not spent by it."""
    token = token_of(login(ada, give(ada)["temporary_password"]))
    refused(choose(token, password), 422, "validation_failed", "new_password")
    assert choose(token).status_code == 204


def test_it_must_be_another(ada: Any, give: Any, login: Any, choose: Any, refused: Any) -> None:
    """The administrator knows the temporary one."""
    temporary = give(ada)["temporary_password"]
    token = token_of(login(ada, temporary))
    refused(choose(token, temporary), 422, "validation_failed", "new_password")


def test_it_expires(
    app: Flask, client: FlaskClient, ada: Any, give: Any, login: Any, refused: Any
) -> None:
    """After three days only another reset helps, and whoever has the password is told so."""
    given = give(ada)
    with app.app_context():
        until = db.session.scalars(select(User.temporary_until).where(User.id == ada_id(ada))).one()
        assert until is not None
        assert timedelta(days=2, hours=23) < until - now() < timedelta(days=3, hours=1)
        db.session.execute(update(User).where(User.id == ada_id(ada)).values(temporary_until=now()))
        db.session.commit()
    refused(login(ada, given["temporary_password"]), 403, "temporary_password_expired")
    refused(login(ada, PASSWORD), 401, "invalid_credentials")
    token_of(login(ada, give(ada)["temporary_password"]))


def ada_id(who: Any) -> Any:
    return new_passwords.UUID(who["id"])


def test_a_token_expires(
    ada: Any, give: Any, login: Any, choose: Any, refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is for whoever is signing in just now."""
    token = token_of(login(ada, give(ada)["temporary_password"]))
    monkeypatch.setattr(new_passwords, "TOKEN_SECONDS", -1)
    refused(choose(token), 403, "reset_token_invalid")


def test_disabled_meanwhile(
    client: FlaskClient, admin: Any, ada: Any, give: Any, login: Any, choose: Any, refused: Any
) -> None:
    """Who is disabled chooses nothing, and signs in with nothing."""
    temporary = give(ada)["temporary_password"]
    token = token_of(login(ada, temporary))
    url = f"/api/v1/users/{ada['id']}"
    client.patch(url, json={"active": False}, headers=admin["headers"])
    refused(choose(token), 403, "reset_token_invalid")
    refused(login(ada, temporary), 401, "invalid_credentials")


def test_changed_while_the_new_one_is_hashed(
    app: Flask, ada: Any, give: Any, login: Any, choose: Any, refused: Any, meanwhile: Any
) -> None:
    """Of two changes at once only one counts."""
    token = token_of(login(ada, give(ada)["temporary_password"]))
    other = update(User).values(password_hash="x")
    with meanwhile(app, "temporary_until", other):
        refused(choose(token), 403, "reset_token_invalid")


def test_guessing(ada: Any, give: Any, login: Any, refused: Any) -> None:
    """Guesses at a temporary password count as any others; the right one starts anew."""
    temporary = give(ada)["temporary_password"]
    for _ in range(2):
        for _ in range(9):
            refused(login(ada, "aaaa-aaaa-aaaa-aaaa"), 401, "invalid_credentials")
        token_of(login(ada, temporary))


def test_who_may(
    client: FlaskClient, ada: Any, bob: Any, admin: Any, refused: Any, unchanged: Any
) -> None:
    """Administrators who are signed in: no user, no API key of an administrator, nobody."""
    made = client.post(f"{AUTH}/api-keys", json={"name": "x"}, headers=admin["headers"])
    key = {"X-API-Key": made.get_json()["key"]}
    client.get(ME, headers=key)
    url = f"/api/v1/users/{ada['id']}/password"
    with unchanged(client.application):
        refused(client.post(url, headers=bob["headers"]), 403, "role_missing")
        refused(client.post(url, headers=key), 403, "session_needed")
        refused(client.post(url), 401, "not_signed_in")
        nobody = url.replace(ada["id"], "01890000-0000-7000-8000-000000000000")
        refused(client.post(nobody, headers=admin["headers"]), 404, "not_found")
        answer = client.post(url, json={"password": ANOTHER}, headers=admin["headers"])
        refused(answer, 422, "validation_failed", "password")


def test_a_lost_answer(client: FlaskClient, ada: Any, admin: Any, login: Any) -> None:
    """With an Idempotency-Key the same temporary password is shown again."""
    headers = {**admin["headers"], "Idempotency-Key": "once"}
    url = f"/api/v1/users/{ada['id']}/password"
    first, again = (client.post(url, headers=headers).get_json() for _ in range(2))
    assert first == again
    token_of(login(ada, first["temporary_password"]))
