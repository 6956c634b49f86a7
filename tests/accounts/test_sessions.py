"""Sessions: what is told of them, signing out, ending one or all."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from api.extensions import db
from api.models import Session, now

URL = "/api/v1/auth/sessions"
LOGIN = "/api/v1/auth/login"
LOGOUT = "/api/v1/auth/logout"
ME = "/api/v1/users/me"
PASSWORD = "ten thousand small lamps"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_what_is_told(client: FlaskClient, ada: Any, sign_in: Any, claims_of: Any) -> None:
    """Device, address and times of each, the newest first, and which one asks."""
    sign_in(ada["email"])
    items = client.get(URL, headers=ada["headers"]).get_json()["items"]
    assert [set(item) for item in items] == 2 * [
        {"id", "user_agent", "address", "created_at", "last_used_at", "expires_at", "current"}
    ]
    assert items[0]["id"] > items[1]["id"]
    assert [item["current"] for item in items] == [False, True]
    assert items[1]["id"] == claims_of(ada["access_token"])["sid"]
    assert items[0]["address"] == "127.0.0.1"
    assert items[0]["user_agent"].startswith("Werkzeug/")
    assert items[1]["user_agent"] == "tests"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", ""),
        ("Firefox/140.0 (X11)", "Firefox/140.0 (X11)"),
        ("x" * 5000, "x" * 255),
        ("a\x1b[31mb\x7f\tc", "a[31mbc"),
        ("ü<script>", "ü<script>"),
    ],
)
def test_odd_devices(client: FlaskClient, ada: Any, sent: str, kept: str) -> None:
    """What a device calls itself is cut and cleaned, never refused."""
    body = {"email": ada["email"], "password": PASSWORD}
    headers = {"User-Agent": sent.encode().decode("latin1")}
    assert client.post(LOGIN, json=body, headers=headers).status_code == 200
    newest = client.get(URL, headers=ada["headers"]).get_json()["items"][0]
    assert newest["user_agent"].encode("latin1", "replace").decode() == kept


def test_signing_out(client: FlaskClient, ada: Any, sign_in: Any, refused: Any) -> None:
    """204 without a body; both tokens of this session end, those of the other do not."""
    other = sign_in(ada["email"])
    answer = client.post(LOGOUT, headers=ada["headers"])
    assert (answer.status_code, answer.data) == (204, b"")
    refused(client.get(ME, headers=ada["headers"]), 401, "token_revoked")
    refused(client.post(LOGOUT, headers=ada["headers"]), 401, "token_revoked")
    renewed = client.post("/api/v1/auth/refresh", headers=bearer(ada["refresh_token"]))
    refused(renewed, 401, "token_revoked")
    assert client.get(ME, headers=other["headers"]).status_code == 200


def test_signing_out_with_the_refresh_token(client: FlaskClient, ada: Any, refused: Any) -> None:
    """Also when the access token has expired one can sign out."""
    assert client.post(LOGOUT, headers=bearer(ada["refresh_token"])).status_code == 204
    refused(client.get(ME, headers=ada["headers"]), 401, "token_revoked")


def test_ending_one(
    client: FlaskClient, ada: Any, sign_in: Any, claims_of: Any, refused: Any
) -> None:
    """One session ends for good; a second time there is none."""
    other = sign_in(ada["email"])
    one = f"{URL}/{claims_of(other['access_token'])['sid']}"
    assert client.delete(one, headers=ada["headers"]).status_code == 204
    refused(client.get(ME, headers=other["headers"]), 401, "token_revoked")
    refused(client.delete(one, headers=ada["headers"]), 404, "not_found")
    assert len(client.get(URL, headers=ada["headers"]).get_json()["items"]) == 1


def test_ending_all(client: FlaskClient, ada: Any, bob: Any, sign_in: Any, refused: Any) -> None:
    """All of mine end, this one too; nobody else's."""
    other = sign_in(ada["email"])
    assert client.delete(URL, headers=ada["headers"]).status_code == 204
    for person in (ada, other):
        refused(client.get(ME, headers=person["headers"]), 401, "token_revoked")
    assert client.get(ME, headers=bob["headers"]).status_code == 200


def test_expired_ones_are_not_told(
    app: Flask, client: FlaskClient, ada: Any, sign_in: Any, claims_of: Any, rows: Any
) -> None:
    """A session that is over is not listed, and the next sign-in forgets it."""
    over = Session.id == UUID(claims_of(sign_in(ada["email"])["access_token"])["sid"])
    with app.app_context():
        db.session.execute(update(Session).where(over).values(expires_at=now()))
        db.session.commit()
    items = client.get(URL, headers=ada["headers"]).get_json()["items"]
    assert [item["current"] for item in items] == [True]
    sign_in(ada["email"])
    assert len(rows(app)["sessions"]) == 2


def test_pages(client: FlaskClient, ada: Any, sign_in: Any) -> None:
    """A page at a time, linked to the next one, each session once."""
    for _ in range(4):
        sign_in(ada["email"])
    seen, url = [], f"{URL}?limit=2"
    while url:
        answer = client.get(url, headers=ada["headers"])
        page = answer.get_json()
        seen += [item["id"] for item in page["items"]]
        link = answer.headers.get("Link", "")
        assert bool(link) is (page["next_cursor"] is not None)
        assert link.endswith('; rel="next"') or not link
        url = link[1:].partition(">")[0]
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 5
