"""Signing in: one answer for everything that is wrong, whichever spelling the address has."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from api.extensions import db
from api.models import User

URL = "/api/v1/auth/login"
ME = "/api/v1/users/me"
PASSWORD = "ten thousand small lamps"
PER_ANSWER = {"X-Request-Id", "RateLimit", "Content-Length"}


def set_active(app: Flask, email: str, active: bool) -> None:
    """Enables or disables a user."""
    with app.app_context():
        db.session.execute(update(User).where(User.email == email).values(active=active))
        db.session.commit()


def test_the_answer(client: FlaskClient, ada: dict[str, Any]) -> None:
    """The contract's four members, and the time of the sign-in is kept."""
    answer = client.post(URL, json={"email": ada["email"], "password": PASSWORD})
    assert answer.status_code == 200
    tokens = answer.get_json()
    assert set(tokens) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    me = client.get(ME, headers={"Authorization": f"Bearer {tokens['access_token']}"}).get_json()
    assert me["last_login_at"].endswith("Z")


@pytest.mark.parametrize(
    ("registered", "typed"),
    [
        ("ada@x.example", "ADA@X.EXAMPLE"),
        ("Ada@X.example", "ada@x.example"),
        ("ada@x.example", "\uff41da@\uff58.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@B\u00fccher.example"),
        ("ada@x\u3002example", "ada@x\u3002example"),
        ("jos\u00e9@x.example", "jose\u0301@x.example"),
        ("\u017fam@x.example", "\u017fam@x.example"),
    ],
)
def test_spellings_of_an_address(register: Any, sign_in: Any, registered: str, typed: str) -> None:
    """Whoever registered signs in with what they typed then, or with what means the same."""
    assert register(registered)
    assert sign_in(typed)["access_token"]


def test_wrong_is_wrong(house: Any, refused: Callable[..., Any], unchanged: Any) -> None:
    """No user, wrong password, no address, disabled: one status, one body, the same headers."""
    set_active(house.app, "bob@example.com", False)
    tries = [
        ("ada.lovelace@example.com", "ten thousand small lampS"),
        ("ada.lovelace@example.com", PASSWORD + " "),
        ("ada.lovelace@example.com", ""),
        ("ada.lovelace@example.com", "x" * 1000),
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
        ("", ""),
        ("bob@example.com", PASSWORD),
    ]
    seen = set()
    with unchanged(house.app):
        for email, password in tries:
            answer = house.client.post(URL, json={"email": email, "password": password})
            body = refused(answer, 401, "invalid_credentials")
            headers = sorted((k, v) for k, v in answer.headers if k not in PER_ANSWER)
            seen.add(repr((body | {"request_id": ""}, headers)))
    set_active(house.app, "bob@example.com", True)
    assert len(seen) == 1


def test_long_words_cost_nothing(house: Any, refused: Any) -> None:
    """Sixty thousand bytes of accents in any order would take a second to put in order."""
    accents = "a" + "\u0301\u0316" * 15_000
    for body in ({"email": accents, "password": "x"}, {"email": "a@x.io", "password": accents}):
        data = json.dumps(body, ensure_ascii=False).encode()
        began = time.process_time()
        refused(house.client.post(URL, data=data, content_type="application/json"), 401)
        assert time.process_time() - began < 0.25


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "ada@example.com"}, "password"),
        ({"password": PASSWORD}, "email"),
        ({"email": 1, "password": PASSWORD}, "email"),
        ({"email": "ada@example.com", "password": None}, "password"),
        ({"email": "ada@example.com", "password": PASSWORD + "\0"}, "password"),
        ({"email": "ada@example.com", "password": PASSWORD, "otp": "1"}, "otp"),
        ({"email": {"$ne": ""}, "password": {"$ne": ""}}, "email"),
    ],
    ids=str,
)
def test_odd_bodies(house: Any, refused: Any, unchanged: Any, body: Any, field: str) -> None:
    """Fields of the wrong kind are named; nothing is tried with them."""
    with unchanged(house.app):
        refused(house.client.post(URL, json=body), 422, "validation_failed", field)


CHANGES = {
    "deleted": delete(User),
    "disabled": update(User).values(active=False),
    "another password": update(User).values(password_hash="another"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_changes_while_the_password_is_checked(
    app: Flask, ada: dict[str, Any], refused: Any, rows: Any, meanwhile: Any, change: Any
) -> None:
    """Who is deleted, disabled or changed meanwhile gets no session out of an old password."""
    before = len(rows(app)["sessions"]) if change.is_update else 0
    with meanwhile(app, "SELECT users.id, users.password_hash", change):
        answer = app.test_client().post(URL, json={"email": ada["email"], "password": PASSWORD})
    refused(answer, 401, "invalid_credentials")
    assert len(rows(app)["sessions"]) == before


def test_disabled_means_out(app: Flask, client: FlaskClient, ada: Any, refused: Any) -> None:
    """A disabled user's tokens end at once, and sign-in is as if there were no such user."""
    set_active(app, ada["email"], False)
    refused(client.get(ME, headers=ada["headers"]), 401, "token_revoked")
    answer = client.post(URL, json={"email": ada["email"], "password": PASSWORD})
    refused(answer, 401, "invalid_credentials")
