"""Limits for each account are exact, also when many requests arrive at the same moment."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from stored import contents, count, picture, set_to

from api.accounts.auth import service as auth
from api.accounts.keys import service as keys
from api.accounts.uploads import service as uploads
from api.extensions import db
from api.models import ApiKey, Job, Session, Upload

MANY, MOST = 12, 3
KEYS, UPLOADS = "/api/v1/auth/api-keys", "/api/v1/uploads"
LOGIN = "/api/v1/auth/login"
PASSWORD = "ten thousand small lamps"


@pytest.fixture(autouse=True)
def _slow_counting(app: Flask) -> Iterator[None]:
    """Whoever has counted waits a little: so all count the same, unless they wait in turn."""

    def wait(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "count(*)" in statement:
            time.sleep(0.01)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "after_cursor_execute", wait)
    yield
    event.remove(engine, "after_cursor_execute", wait)


def at_once(app: Flask, send: Callable[[FlaskClient], Any]) -> Counter[tuple[int, str]]:
    """How many requests of the same moment were answered how."""
    start = threading.Barrier(MANY)

    def one(_: int) -> tuple[int, str]:
        client = app.test_client()
        start.wait()
        answer = send(client)
        return answer.status_code, (answer.get_json() or {}).get("code", "")

    with ThreadPoolExecutor(MANY) as crowd:
        return Counter(crowd.map(one, range(MANY)))


def test_uploads(app: Flask, ada: Any, bob: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as may be, no more and no fewer; somebody else's are counted apart."""
    monkeypatch.setattr(uploads, "MOST", MOST)
    told = at_once(app, lambda client: client.post(UPLOADS, headers=ada["headers"]))
    assert told == {(201, ""): MOST, (409, "too_many_uploads"): MANY - MOST}
    assert app.test_client().post(UPLOADS, headers=bob["headers"]).status_code == 201
    assert count(app, Upload) == MOST + 1


def test_keys(app: Flask, ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is deleted makes room for another."""
    monkeypatch.setattr(keys, "MOST", MOST)

    def make(client: FlaskClient) -> Any:
        return client.post(KEYS, json={"name": "x"}, headers=ada["headers"])

    assert at_once(app, make) == {(201, ""): MOST, (409, "too_many_keys"): MANY - MOST}
    client = app.test_client()
    one = client.get(KEYS, headers=ada["headers"]).get_json()["items"][0]["id"]
    assert client.delete(f"{KEYS}/{one}", headers=ada["headers"]).status_code == 204
    assert [make(client).status_code for _ in range(2)] == [201, 409]
    assert count(app, ApiKey) == MOST


def test_fifty_keys(app: Flask, client: FlaskClient, ada: Any, refused: Any) -> None:
    """That is the limit, and it says so."""
    for _ in range(50):
        made = client.post(KEYS, json={"name": "x"}, headers=ada["headers"])
        assert made.status_code == 201
    body = refused(client.post(KEYS, json={"name": "x"}, headers=ada["headers"]), 409)
    assert (body["code"], "50 API keys" in body["detail"]) == ("too_many_keys", True)


def test_jobs(app: Flask, ada: Any) -> None:
    """Those that are too many leave no file behind."""
    set_to(app, max_jobs=MOST)
    headers = {**ada["headers"], "Prefer": "respond-async", "Content-Type": "image/png"}

    def send(client: FlaskClient) -> Any:
        return client.post("/api/v1/classify", data=picture(), headers=headers)

    assert at_once(app, send) == {(202, ""): MOST, (503, "too_many_jobs"): MANY - MOST}
    assert (count(app, Job), len(contents(app))) == (MOST, MOST)


def test_sessions(app: Flask, ada: Any, bob: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest stay: a program that signs in each time shuts nobody out, and fills no table."""
    monkeypatch.setattr(auth, "MOST_SESSIONS", MOST)
    set_to(app, rate_limits=False)
    app.extensions["limiter"] = None
    body = {"email": ada["email"], "password": PASSWORD}
    assert at_once(app, lambda c: c.post(LOGIN, json=body)) == {(200, ""): MANY}
    with app.app_context():
        hers = select(func.count()).where(Session.user_id == keys.UUID(ada["id"]))
        assert db.session.scalar(hers) == MOST
    latest = app.test_client().post(LOGIN, json=body).get_json()
    me = {"Authorization": f"Bearer {latest['access_token']}"}
    for headers, status in ((me, 200), (ada["headers"], 401), (bob["headers"], 200)):
        assert app.test_client().get("/api/v1/users/me", headers=headers).status_code == status
