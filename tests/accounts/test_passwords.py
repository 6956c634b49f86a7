"""Passwords: which ones will do, that they count to the last byte, and changing them."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from api.accounts import passwords
from api.extensions import db
from api.models import User

REGISTER, LOGIN = "/api/v1/auth/register", "/api/v1/auth/login"
CHANGE, ME = "/api/v1/auth/password", "/api/v1/users/me"
PASSWORD = "ten thousand small lamps"
ANOTHER = "another one of my lamps"
BAD = [
    "", "1234567", "elevenchars", "x" * 129, "password1234", "PassWord1234", "qwerty123456",
    "passwordpassword", "123456789012", "1q2w3e4r5t6y", "ada.lovelace@example.com",
    "Ada.Lovelace", "twelve\0chars", "\0" * 12,
    "twelve\ud800chars", "x" * 10_000, "e\u0301" * 11, "e\u0301" * 129, "\u0958" * 65,
    None, 123456789012, True, ["ten thousand"], {},
]  # fmt: skip
GOOD = [
    "x7" * 6, "ab cd ef gh i", " ten thousand ", "x" * 64, "y" * 128, "🦊 fox in the box",
    "пароль для лампы", "\ttabs\tand\nlines", "é" * 12, "'; DROP TABLE users; --", "🦊" * 128,
    "{}[]<>&%$#@!?", "e\u0301" * 128, "\u1100\u1161\u11a8" * 12, "\u0958" * 6,
    "\u202eltr and rtl\u200b",
]  # fmt: skip


@pytest.fixture
def post() -> Callable[..., Any]:
    """Posts JSON that the test client's own serializer could not write."""

    def send(client: FlaskClient, url: str, body: Any, who: Any = None) -> Any:
        headers = who["headers"] if who else {}
        data = json.dumps(body)
        return client.post(url, data=data, content_type="application/json", headers=headers)

    return send


@pytest.mark.parametrize("password", BAD, ids=lambda p: repr(p)[:20])
@pytest.mark.parametrize("where", ["register", "change", "admin"])
def test_what_will_not_do(
    house: Any, refused: Callable[..., Any], unchanged: Any, post: Any, where: str, password: Any
) -> None:
    """Too short, too long, too common, the user's own address, or not text: 422 and no change."""
    person = {"email": "Ada.Lovelace@example.com", "password": password}
    change = {"current_password": PASSWORD, "new_password": password}
    url, body, field, who = {
        "register": (REGISTER, person, "password", None),
        "change": (CHANGE, change, "new_password", house.ada),
        "admin": ("/api/v1/users", person, "password", house.root),
    }[where]
    with unchanged(house.app):
        refused(post(house.client, url, body, who), 422, "validation_failed", field)


@pytest.mark.parametrize("password", GOOD, ids=lambda p: repr(p)[:20])
def test_what_will_do(client: FlaskClient, refused: Any, password: str) -> None:
    """12 to 128 characters of any kind, exactly as they were typed."""
    body = {"email": "ada@example.com", "password": password}
    assert client.post(REGISTER, json=body).status_code == 201
    assert client.post(LOGIN, json=body).status_code == 200
    wrong = client.post(LOGIN, json={**body, "password": password[:-1]})
    refused(wrong, 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("password", "other"),
    [
        ("x" * 72 + "a", "x" * 72 + "b"),
        ("x" * 127 + "a", "x" * 127 + "b"),
        ("y" * 128, "y" * 129),
        (" ten thousand lamps", "ten thousand lamps"),
        ("ten thousand \ufb01ne", "ten thousand fine"),
        ("TEN THOUSAND LAMPS", "ten thousand lamps"),
    ],
)
def test_every_character_counts(
    client: FlaskClient, refused: Any, password: str, other: str
) -> None:
    """Nothing is cut, trimmed or folded: what differs in one place is another password."""
    body = {"email": "ada@example.com", "password": password}
    assert client.post(REGISTER, json=body).status_code == 201
    answer = client.post(LOGIN, json={**body, "password": other})
    refused(answer, 401, "invalid_credentials")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_keyboard_types_the_same(app: Flask, client: FlaskClient, form: Any) -> None:
    """An accented letter is one character on Windows, two on a Mac; both sign in, and change."""
    here = unicodedata.normalize(form, "caf\u00e9 caf\u00e9 c\u1ea5")
    body = {"email": "ada@example.com", "password": here}
    assert client.post(REGISTER, json=body).status_code == 201
    for there in ("NFC", "NFD"):
        typed = unicodedata.normalize(there, here)
        answer = client.post(LOGIN, json={**body, "password": typed})
        assert answer.status_code == 200
        who = {"headers": {"Authorization": f"Bearer {answer.get_json()['access_token']}"}}
        assert change(client, who, typed, typed).status_code == 204


def test_hashes_from_before(app: Flask, client: FlaskClient, ada: Any, refused: Any) -> None:
    """A password that was hashed as sent is good as sent, and from then on however it is typed."""
    sent = "cafe\u0301 cafe\u0301 cafe\u0301"
    with app.app_context():
        before = passwords.HASHER.hash(sent)
        db.session.execute(update(User).values(password_hash=before))
        db.session.commit()
    assert change(client, ada, sent + "!", ANOTHER).status_code == 403
    composed = {"email": ada["email"], "password": unicodedata.normalize("NFC", sent)}
    refused(client.post(LOGIN, json=composed), 401, "invalid_credentials")
    for body in ({**composed, "password": sent}, composed):
        assert client.post(LOGIN, json=body).status_code == 200
    with app.app_context():
        assert db.session.scalars(select(User.password_hash)).one() != before
    assert change(client, ada, sent, ANOTHER).status_code == 204


def test_two_sign_ins_renew_a_hash(
    app: Flask, client: FlaskClient, ada: Any, meanwhile: Any
) -> None:
    """Both are signed in, though only one of them finds the old hash."""
    sent = "cafe\u0301 cafe\u0301 cafe\u0301"
    with app.app_context():
        old = update(User).values(password_hash=passwords.HASHER.hash(sent))
        db.session.execute(old)
        db.session.commit()
    renewed = update(User).values(password_hash=passwords.hashed(sent))
    with meanwhile(app, "SELECT users.id, users.password_hash", renewed):
        answer = client.post(LOGIN, json={"email": ada["email"], "password": sent})
    assert answer.status_code == 200


@pytest.mark.parametrize("url", [REGISTER, LOGIN])
def test_a_megabyte(house: Any, refused: Any, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password of a megabyte is refused without hashing it."""
    body = {"email": "ada@example.com", "password": "x" * 1_000_000}
    monkeypatch.setattr("api.accounts.passwords.HASHER", None)
    refused(house.client.post(url, json=body), 413, "too_large")


@pytest.mark.usefixtures("real_hashing")
def test_how_it_is_kept(app: Flask, client: FlaskClient) -> None:
    """As argon2id with a salt of its own, and nowhere else."""
    body = {"email": "ada@example.com", "password": PASSWORD}
    assert client.post(REGISTER, json=body).status_code == 201
    with app.app_context():
        stored = db.session.scalars(select(User.password_hash)).one()
    assert stored.startswith("$argon2id$v=19$m=19456,t=3,p=1$")
    files = [f for f in app.config["SETTINGS"].data_dir.rglob("*") if f.is_file()]
    assert files
    assert not [f for f in files if PASSWORD.encode() in f.read_bytes()]


def change(client: FlaskClient, who: Any, current: str, new: str) -> Any:
    body = {"current_password": current, "new_password": new}
    return client.post(CHANGE, json=body, headers=who["headers"])


def test_changing_it(client: FlaskClient, ada: Any, bob: Any, sign_in: Any, refused: Any) -> None:
    """204; every other session ends, this one stays; only the new password signs in."""
    other = sign_in(ada["email"])
    answer = change(client, ada, PASSWORD, ANOTHER)
    assert (answer.status_code, answer.data) == (204, b"")
    refused(client.get(ME, headers=other["headers"]), 401, "token_revoked")
    for person in (ada, bob):
        assert client.get(ME, headers=person["headers"]).status_code == 200
    old = client.post(LOGIN, json={"email": ada["email"], "password": PASSWORD})
    refused(old, 401, "invalid_credentials")
    assert sign_in(ada["email"], ANOTHER)


@pytest.mark.parametrize("end", [False, True])
def test_keys_outlive_it_unless(client: FlaskClient, ada: Any, bob: Any, end: bool) -> None:
    """API keys stay when the password changes, and end if that is asked for; others' stay."""
    keys = [
        client.post("/api/v1/auth/api-keys", json={"name": "x"}, headers=who["headers"]).get_json()
        for who in (ada, bob)
    ]
    body = {"current_password": PASSWORD, "new_password": ANOTHER, "end_api_keys": end}
    assert client.post(CHANGE, json=body, headers=ada["headers"]).status_code == 204
    status = [client.get(ME, headers={"X-API-Key": k["key"]}).status_code for k in keys]
    assert status == [401 if end else 200, 200]


@pytest.mark.parametrize("current", ["", "wrong lamps all over", PASSWORD.upper(), "x" * 5000])
def test_the_current_one_is_needed(house: Any, refused: Any, unchanged: Any, current: str) -> None:
    """A stolen access token alone changes no password."""
    with unchanged(house.app):
        refused(change(house.client, house.ada, current, ANOTHER), 403, "invalid_credentials")


@pytest.mark.parametrize("missing", ["current_password", "new_password"])
def test_both_are_needed(house: Any, refused: Any, missing: str) -> None:
    """What is missing is named."""
    body = {"current_password": PASSWORD, "new_password": ANOTHER}
    del body[missing]
    answer = house.client.post(CHANGE, json=body, headers=house.ada["headers"])
    refused(answer, 422, "validation_failed", missing)


@pytest.mark.parametrize(
    "meant", [update(User).values(password_hash="x"), delete(User)], ids=["changed", "deleted"]
)
def test_two_changes_at_once(
    app: Flask, client: FlaskClient, ada: Any, refused: Any, meanwhile: Any, meant: Any
) -> None:
    """A password that is no longer the current one when it comes to it changes nothing."""
    with meanwhile(app, "users.password_hash", meant):
        answer = change(client, ada, PASSWORD, ANOTHER)
    refused(answer, 403, "invalid_credentials")
    with app.app_context():
        assert db.session.scalars(select(User.password_hash)).all() in ([], ["x"])
