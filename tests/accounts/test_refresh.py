"""Refreshing: each refresh token is good once, and one that is used again ends its session."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from api.extensions import db
from api.models import Session, User, now

URL = "/api/v1/auth/refresh"
ME = "/api/v1/users/me"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def renew(client: FlaskClient) -> Callable[[str], Any]:
    """Sends a refresh token."""
    return lambda token: client.post(URL, headers=bearer(token))


@pytest.fixture
def age(app: Flask) -> Callable[..., None]:
    """Moves times of all sessions into the past, instead of waiting."""

    def move(**columns: timedelta) -> None:
        with app.app_context():
            past = {name: now() - by for name, by in columns.items()}
            db.session.execute(update(Session).values(**past))
            db.session.commit()

    return move


def test_a_new_pair(ada: Any, renew: Any, client: FlaskClient, claims_of: Any) -> None:
    """Both tokens are new, in the same session, and work; the older access token still does."""
    answer = renew(ada["refresh_token"])
    assert answer.status_code == 200
    pair = answer.get_json()
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
    for kind in ("access_token", "refresh_token"):
        old, new = claims_of(ada[kind]), claims_of(pair[kind])
        assert (old["sid"], old["sub"]) == (new["sid"], new["sub"])
        assert old["jti"] != new["jti"]
    for token in (ada["access_token"], pair["access_token"]):
        assert client.get(ME, headers=bearer(token)).status_code == 200


def test_a_long_chain(ada: Any, renew: Any) -> None:
    """Each newest refresh token is good, time after time."""
    token = ada["refresh_token"]
    for _ in range(5):
        answer = renew(token)
        assert answer.status_code == 200
        token = answer.get_json()["refresh_token"]


def test_a_lost_answer(ada: Any, renew: Any, claims_of: Any) -> None:
    """Asked again within the grace, the same token gives the very same pair."""
    first, again = renew(ada["refresh_token"]), renew(ada["refresh_token"])
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.get_json() == again.get_json()
    assert renew(again.get_json()["refresh_token"]).status_code == 200


def test_a_spent_token_ends_the_family(
    ada: Any, renew: Any, age: Any, client: FlaskClient, refused: Any, rows: Any, app: Flask
) -> None:
    """After the grace the spent token is a theft: its children die, other sessions do not."""
    body = {"email": ada["email"], "password": "ten thousand small lamps"}
    elsewhere = client.post("/api/v1/auth/login", json=body).get_json()
    child = renew(ada["refresh_token"]).get_json()
    age(rotated_at=timedelta(seconds=11))
    refused(renew(ada["refresh_token"]), 401, "token_revoked")
    refused(renew(child["refresh_token"]), 401, "token_revoked")
    for token in (child["access_token"], ada["access_token"]):
        refused(client.get(ME, headers=bearer(token)), 401, "token_revoked")
    assert client.get(ME, headers=bearer(elsewhere["access_token"])).status_code == 200
    assert len(rows(app)["sessions"]) == 1


def test_the_grace_is_for_the_last_token_only(ada: Any, renew: Any, refused: Any) -> None:
    """A grandparent's token ends the session even within the grace."""
    child = renew(ada["refresh_token"]).get_json()
    grandchild = renew(child["refresh_token"]).get_json()
    refused(renew(ada["refresh_token"]), 401, "token_revoked")
    refused(renew(grandchild["refresh_token"]), 401, "token_revoked")


def test_a_child_may_be_used_while_the_parent_is_forgiven(ada: Any, renew: Any, age: Any) -> None:
    """The newest token is good after the grace as well: there is no need to hurry."""
    child = renew(ada["refresh_token"]).get_json()
    age(rotated_at=timedelta(days=29))
    assert renew(child["refresh_token"]).status_code == 200


def test_the_session_is_prolonged(ada: Any, renew: Any, client: FlaskClient, age: Any) -> None:
    """Its end and its last use move on, and it stays one session."""
    age(last_used_at=timedelta(days=3), expires_at=timedelta(days=-1))
    before = client.get("/api/v1/auth/sessions", headers=ada["headers"]).get_json()["items"]
    assert renew(ada["refresh_token"]).status_code == 200
    after = client.get("/api/v1/auth/sessions", headers=ada["headers"]).get_json()["items"]
    assert [s["id"] for s in before] == [s["id"] for s in after]
    assert after[0]["last_used_at"] > before[0]["last_used_at"]
    assert after[0]["expires_at"] > before[0]["expires_at"]


@pytest.mark.parametrize(
    "change",
    [
        update(Session).values(expires_at=now()),
        update(User).values(active=False),
        delete(Session),
        delete(User),
    ],
    ids=["expired", "disabled", "ended", "deleted"],
)
def test_sessions_that_are_over(
    app: Flask, ada: Any, renew: Any, refused: Any, change: Any, unchanged: Any
) -> None:
    """Nothing brings a session back, neither its refresh token nor a retry of it."""
    with app.app_context():
        db.session.execute(change)
        db.session.commit()
    with unchanged(app):
        for _ in range(2):
            refused(renew(ada["refresh_token"]), 401, "token_revoked")


def test_roles_are_those_of_now(app: Flask, ada: Any, renew: Any, claims_of: Any) -> None:
    """The new access token says what the user may do now."""
    with app.app_context():
        db.session.execute(update(User).values(roles=("user", "admin")))
        db.session.commit()
    assert claims_of(renew(ada["refresh_token"]).get_json()["access_token"])["roles"] == [
        "user",
        "admin",
    ]


def test_only_refresh_tokens(house: Any, refused: Any, unchanged: Any) -> None:
    """Neither an access token nor nothing."""
    with unchanged(house.app):
        answer = house.client.post(URL, headers=house.ada["headers"])
        refused(answer, 401, "token_wrong_type")
        refused(house.client.post(URL), 401, "not_signed_in")


def test_in_the_body(ada: Any, client: FlaskClient) -> None:
    """The token may be in the body; then the one in the header does not count."""
    token = ada["refresh_token"]
    for headers in ({}, ada["headers"], bearer("rubbish")):
        answer = client.post(URL, json={"refresh_token": token}, headers=headers)
        assert answer.status_code == 200, answer.text
        token = answer.get_json()["refresh_token"]
    assert client.post(URL, json={}, headers=bearer(token)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"refresh_token": "rubbish"}, 401, "token_invalid"),
        ({"refresh_token": ""}, 401, "token_invalid"),
        ({"refresh_token": None}, 422, "validation_failed"),
        ({"refresh_token": 7}, 422, "validation_failed"),
        ({"token": "x"}, 422, "validation_failed"),
        ({}, 401, "not_signed_in"),
        ([], 422, "validation_failed"),
    ],
)
def test_not_in_the_body(
    client: FlaskClient, refused: Any, body: object, status: int, code: str
) -> None:
    """What is no refresh token is refused like one in the header, what is no string as a body."""
    refused(client.post(URL, json=body), status, code)


def test_an_access_token_in_the_body(ada: Any, client: FlaskClient, refused: Any) -> None:
    """Only refresh tokens are taken there, as in the header."""
    answer = client.post(URL, json={"refresh_token": ada["access_token"]}, headers=ada["headers"])
    refused(answer, 401, "token_wrong_type")
