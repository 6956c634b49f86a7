"""When access ends, what it has begun ends too: event streams, signed addresses, waiting jobs."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from stored import count, files, picture
from uploading import UPLOADS, Uploader

from api import working
from api.accounts.uploads import service as uploads
from api.errors import NotFound
from api.extensions import db
from api.http.inference import pools
from api.jobs import states
from api.models import ApiKey, HistoryEntry, Job, User, now

AUTH = "/api/v1/auth"
PASSWORD = "ten thousand small lamps"
ASYNC = {"Prefer": "respond-async", "Content-Type": "image/png"}
Person = dict[str, Any]


@pytest.fixture
def send(client: FlaskClient) -> Callable[[Person], str]:
    """Sends a job as somebody; its address."""

    def post(who: Person) -> str:
        headers = {**who["headers"], **ASYNC}
        answer = client.post("/api/v1/classify", data=picture(), headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    return post


@pytest.fixture
def key_of(client: FlaskClient) -> Callable[..., Person]:
    """Makes an API key of somebody."""

    def make(who: Person, **body: Any) -> Person:
        answer = client.post(f"{AUTH}/api-keys", json={"name": "x", **body}, headers=who["headers"])
        assert answer.status_code == 201, answer.text
        made: Person = answer.get_json()
        return {**made, "headers": {"X-API-Key": made["key"]}}

    return make


@pytest.fixture
def switch(client: FlaskClient, admin: Person) -> Callable[[Person, bool], None]:
    """Disables and enables somebody, as an administrator does."""

    def patch(who: Person, active: bool) -> None:
        url = f"/api/v1/users/{who['id']}"
        answer = client.patch(url, json={"active": active}, headers=admin["headers"])
        assert answer.status_code == 200, answer.text

    return patch


def follow(app: Flask, place: str, who: Person) -> tuple[threading.Thread, list[bytes]]:
    """Follows a job in a thread of its own, from the first event to the end of the stream."""
    got: list[bytes] = []
    first = threading.Event()

    def read() -> None:
        answer = app.test_client().get(f"{place}/events", headers=who["headers"])
        for piece in answer.response:
            got.append(piece)  # type: ignore[arg-type]
            first.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert first.wait(20)
    return thread, got


def log_out(client: FlaskClient, who: Person) -> Any:
    return client.post(f"{AUTH}/logout", headers=who["headers"])


def end_sessions(client: FlaskClient, who: Person) -> Any:
    return client.delete(f"{AUTH}/sessions", headers=who["headers"])


def change_password(client: FlaskClient, who: Person) -> Any:
    other = client.post(f"{AUTH}/login", json={"email": who["email"], "password": PASSWORD})
    headers = {"Authorization": f"Bearer {other.get_json()['access_token']}"}
    body = {"current_password": PASSWORD, "new_password": "another one of my lamps"}
    return client.post(f"{AUTH}/password", json=body, headers=headers)


def delete_account(client: FlaskClient, who: Person) -> Any:
    return client.delete("/api/v1/users/me", json={"password": PASSWORD}, headers=who["headers"])


@pytest.mark.parametrize("end", [log_out, end_sessions, change_password, delete_account])
def test_a_stream_ends_with_the_session(
    app: Flask, client: FlaskClient, ada: Person, send: Any, end: Any
) -> None:
    """However the session ends, no event comes after it."""
    place = send(ada)
    thread, got = follow(app, place, ada)
    assert end(client, ada).status_code == 204
    with app.app_context():
        db.session.execute(update(Job).values(progress=0.5))
        db.session.commit()
    thread.join(20)
    assert not thread.is_alive()
    assert len(got) == 1


@pytest.mark.parametrize("how", ["deleted", "expired", "disabled"])
def test_a_stream_ends_with_the_key(
    app: Flask, client: FlaskClient, ada: Person, send: Any, key_of: Any, switch: Any, how: str
) -> None:
    """Deleted, expired, or of somebody who is disabled; the session's stream goes on."""
    place, key = send(ada), key_of(ada)
    thread, got = follow(app, place, key)
    other, _ = follow(app, place, ada)
    if how == "disabled":
        switch(ada, False)
    elif how == "deleted":
        client.delete(f"{AUTH}/api-keys/{key['id']}", headers=ada["headers"])
    else:
        with app.app_context():
            db.session.execute(update(ApiKey).values(expires_at=now()))
            db.session.commit()
    thread.join(20)
    assert not thread.is_alive()
    assert len(got) == 1
    if how != "disabled":
        assert other.is_alive()
        client.delete(place, headers=ada["headers"])
    other.join(20)
    assert not other.is_alive()


def test_waiting_jobs_of_a_disabled_user(
    app: Flask, client: FlaskClient, ada: Person, bob: Person, send: Any, switch: Any
) -> None:
    """They are cancelled, their files deleted, and nobody is told; others' jobs are done."""
    places, others = [send(ada) for _ in range(2)], send(bob)
    with app.app_context():
        db.session.execute(update(Job).values(callback_url="https://x.example/"))
        db.session.commit()
    switch(ada, False)
    with app.app_context():
        assert states.next_callback([1]) is None
        claim = states.claim(list(pools(app)))
        assert claim is not None
        assert states.claim(list(pools(app))) is None
    working.work(app, claim)
    switch(ada, True)
    login = client.post(f"{AUTH}/login", json={"email": ada["email"], "password": PASSWORD})
    again = {"Authorization": f"Bearer {login.get_json()['access_token']}"}
    found = [client.get(place, headers=again).get_json()["status"] for place in places]
    assert found == ["cancelled", "cancelled"]
    assert client.get(others, headers=bob["headers"]).get_json()["status"] == "succeeded"
    assert [name for name in files(app) if "request" in name] == []


def test_a_running_job_of_a_disabled_user(app: Flask, ada: Person, send: Any, switch: Any) -> None:
    """It is no longer wanted, and stores nothing."""
    send(ada)
    with app.app_context():
        claim = states.claim(list(pools(app)))
    assert claim is not None
    switch(ada, False)
    working.work(app, claim)
    with app.app_context():
        assert states.beat(claim, 0.5) is False
        assert db.session.scalars(select(Job.status)).one() == "cancelled"
    assert (count(app, HistoryEntry), files(app)) == (0, [])


def test_a_job_that_is_sent_while_its_sender_is_disabled(
    app: Flask, client: FlaskClient, ada: Person, refused: Any, meanwhile: Any
) -> None:
    """It does not slip in behind the others; nothing is stored."""
    off = update(User).where(User.email == ada["email"]).values(active=False)
    with meanwhile(app, "count(*)", off):
        headers = {**ada["headers"], **ASYNC}
        answer = client.post("/api/v1/classify", data=picture(), headers=headers)
    refused(answer, 401, "token_revoked")
    assert (count(app, Job), files(app)) == (0, [])


def test_a_signed_address_of_a_disabled_user(
    app: Flask, client: FlaskClient, ada: Person, refused: Any, switch: Any
) -> None:
    """It takes nothing while they are disabled, and does again when they are enabled."""
    her = Uploader(client, ada["headers"])
    place = her.ask()
    switch(ada, False)
    refused(her.put(place), 404, "not_found")
    assert files(app) == []
    switch(ada, True)
    assert her.put(place).status_code == 204


def test_disabled_while_the_file_comes(app: Flask, client: FlaskClient, ada: Person) -> None:
    """What a slow client has put in the end is not kept."""
    place = Uploader(client, ada["headers"]).ask()
    with app.app_context():
        row = uploads._row(uploads.UUID(place["id"]))
        assert row is not None

        def coming() -> Any:
            yield b"abc"
            db.session.execute(update(User).values(active=False))
            db.session.commit()

        with pytest.raises(NotFound):
            uploads.store(row, coming())
    assert files(app) == []


def test_what_a_key_made_ends_with_it(
    client: FlaskClient, ada: Person, key_of: Any, refused: Any
) -> None:
    """Also the key's key's key; none lasts longer than the one that made it."""
    first = key_of(ada, expires_at="2099-01-01T00:00:00Z")
    second = key_of(first)
    third = key_of(second, expires_at="2098-01-01T00:00:00Z")
    fourth = key_of(third, expires_at="2099-01-01T00:00:00Z")
    ends = [key["expires_at"][:4] for key in (second, third, fourth)]
    assert ends == ["2099", "2098", "2098"]
    other = key_of(ada)
    assert key_of(other)["expires_at"] is None
    client.delete(f"{AUTH}/api-keys/{first['id']}", headers=ada["headers"])
    for key in (first, second, third, fourth):
        refused(client.get("/api/v1/models", headers=key["headers"]), 401, "api_key_invalid")
    assert client.get("/api/v1/models", headers=other["headers"]).status_code == 200


def test_a_key_that_ends_while_it_makes_another(
    app: Flask, client: FlaskClient, ada: Person, key_of: Any, refused: Any, meanwhile: Any
) -> None:
    """Leaves nothing behind."""
    key = key_of(ada)
    client.get("/api/v1/models", headers=key["headers"])
    with meanwhile(app, "FROM api_keys JOIN users", ApiKey.__table__.delete()):
        answer = client.post(f"{AUTH}/api-keys", json={"name": "y"}, headers=key["headers"])
    refused(answer, 401, "api_key_invalid")
    assert count(app, ApiKey) == 0


def test_only_keys_that_compute_upload(
    client: FlaskClient, ada: Person, key_of: Any, refused: Any
) -> None:
    """One that reads the history, or administers, stores no files."""
    for scope in ("history:read", "history:write", "account"):
        key = key_of(ada, scopes=[scope])
        refused(client.post(UPLOADS, headers=key["headers"]), 403, "scope_missing")
    key = key_of(ada, scopes=["stt"])
    assert client.post(UPLOADS, headers=key["headers"]).status_code == 201
