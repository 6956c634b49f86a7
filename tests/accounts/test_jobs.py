"""/jobs: list, read, follow, cancel; and whose they are."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update
from stored import count, files, picture

from api import working
from api.accounts.jobs import service
from api.extensions import db
from api.http.auth import identify
from api.http.inference import pools
from api.jobs import states
from api.models import HistoryEntry, Job, new_id, now


@pytest.fixture
def send(client: FlaskClient) -> Callable[..., str]:
    """Sends a job as somebody; its address."""

    def post(who: dict[str, Any]) -> str:
        headers = {**who["headers"], "Prefer": "respond-async", "Content-Type": "image/png"}
        answer = client.post("/api/v1/classify", data=picture(), headers=headers)
        assert answer.status_code == 202, answer.text
        return answer.headers["Location"]

    return post


def do_one(app: Flask) -> None:
    with app.app_context():
        claim = states.claim(list(pools(app)))
    assert claim is not None
    working.work(app, claim)


def test_the_list(app: Flask, client: FlaskClient, ada: Any, bob: Any, send: Any) -> None:
    """Your own, the newest first, by page, service and status; without results."""
    places = [send(ada) for _ in range(3)]
    send(bob)
    do_one(app)

    def listed(query: str) -> list[str]:
        answer = client.get(f"/api/v1/jobs{query}", headers=ada["headers"])
        assert answer.status_code == 200, answer.text
        assert all("result" not in job for job in answer.get_json()["items"])
        return [f"/api/v1/jobs/{job['id']}" for job in answer.get_json()["items"]]

    assert listed("") == places[::-1]
    assert listed("?limit=1") == places[2:]
    assert listed("?status=succeeded") == places[:1]
    assert listed("?status=queued&service=classify") == places[:0:-1]
    assert listed("?service=ocr") == []
    answer = client.get("/api/v1/jobs?status=lost", headers=ada["headers"])
    assert answer.status_code == 422


def test_jobs_of_others(client: FlaskClient, ada: Any, bob: Any, send: Any) -> None:
    """Are not there: the answer is that of an id that never was."""
    place = send(ada)
    for path in (place, f"{place}/events"):
        other = client.get(path, headers=bob["headers"])
        never = client.get(path.replace(place, f"/api/v1/jobs/{new_id()}"), headers=bob["headers"])
        assert other.status_code == never.status_code == 404
        assert other.get_json()["detail"] == never.get_json()["detail"]
    assert client.delete(place, headers=bob["headers"]).status_code == 404
    assert client.get(place, headers=ada["headers"]).get_json()["status"] == "queued"
    assert client.get(place).status_code == 401


def test_keys_see_jobs_of_their_services(client: FlaskClient, ada: Any, send: Any) -> None:
    """A key that may classify can follow and cancel what it has sent; one that may speak can not.

    One that may read the history sees all, and changes nothing.
    """
    place, seen = send(ada), {}
    for scope in ("history:read", "tts", "classify"):
        body = {"name": scope, "scopes": [scope]}
        made = client.post("/api/v1/auth/api-keys", json=body, headers=ada["headers"])
        key = {"X-API-Key": made.get_json()["key"]}
        answers = [client.get(place, headers=key), client.delete(place, headers=key)]
        seen[scope] = [answer.status_code for answer in answers]
    assert seen == {"history:read": [200, 403], "tts": [404, 404], "classify": [200, 204]}


def test_cancelling(app: Flask, client: FlaskClient, ada: Any, send: Any) -> None:
    """Of what waits: nothing is done or kept. Twice is no fault; of what has ended it is."""
    place = send(ada)
    for _ in range(2):
        assert client.delete(place, headers=ada["headers"]).status_code == 204
    job = client.get(place, headers=ada["headers"]).get_json()
    assert job["status"] == "cancelled"
    assert job["finished_at"]
    assert files(app) == []
    done = send(ada)
    do_one(app)
    answer = client.delete(done, headers=ada["headers"])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "job_ended")
    assert count(app, HistoryEntry) == 1


def test_cancelling_what_ends_meanwhile(
    app: Flask, client: FlaskClient, ada: Any, send: Any, meanwhile: Any
) -> None:
    """Who comes a moment too late hears of it: the job has succeeded."""
    place = send(ada)
    ends = update(Job).values(status="succeeded", finished_at=now())
    with meanwhile(app, "FROM jobs", ends):
        answer = client.delete(place, headers=ada["headers"])
    assert (answer.status_code, answer.get_json()["code"]) == (409, "job_ended")


def test_cancelling_what_is_deleted_meanwhile(
    app: Flask, client: FlaskClient, ada: Any, send: Any, meanwhile: Any
) -> None:
    """It is not there any more."""
    place = send(ada)
    with meanwhile(app, "FROM jobs", delete(Job)):
        assert client.delete(place, headers=ada["headers"]).status_code == 404


def test_when_to_look_again(app: Flask, client: FlaskClient, ada: Any, send: Any) -> None:
    """As long as it has not ended."""
    place = send(ada)
    assert client.get(place, headers=ada["headers"]).headers["Retry-After"]
    do_one(app)
    assert "Retry-After" not in client.get(place, headers=ada["headers"]).headers


def test_a_result_whose_entry_was_deleted(
    app: Flask, client: FlaskClient, ada: Any, send: Any
) -> None:
    """The job is still there; what it found is not."""
    place = send(ada)
    do_one(app)
    assert client.delete("/api/v1/history", headers=ada["headers"]).status_code == 204
    job = client.get(place, headers=ada["headers"]).get_json()
    assert job["status"] == "succeeded"
    assert "result" not in job


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(part.removeprefix("data: ")) for part in text.split("\n\n") if part]


def test_following(app: Flask, client: FlaskClient, ada: Any, send: Any) -> None:
    """The job as it is, and again whenever it has changed, until it has ended."""
    place = send(ada)
    later = threading.Timer(0.6, do_one, [app])
    later.start()
    answer = client.get(f"{place}/events", headers=ada["headers"])
    found = events(answer.text)
    later.join()
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["X-Accel-Buffering"] == "no"
    assert found[0]["status"] == "queued"
    assert found[-1] == client.get(place, headers=ada["headers"]).get_json()
    assert found[-1]["result"]["predictions"]


def test_following_what_has_ended(app: Flask, client: FlaskClient, ada: Any, send: Any) -> None:
    """One event, and that is all."""
    place = send(ada)
    do_one(app)
    answer = client.get(f"{place}/events", headers=ada["headers"])
    assert [job["status"] for job in events(answer.text)] == ["succeeded"]


def test_streams_end_with_the_worker(client: FlaskClient, ada: Any, send: Any) -> None:
    """A server that is told to end does not wait for those who follow."""
    ending = threading.Event()
    ending.set()
    place = send(ada)
    job_id = client.get(place, headers=ada["headers"]).get_json()["id"]
    with client.application.test_request_context(headers=ada["headers"]):
        who = identify(("access",))
        found = list(service.changes(who, service.UUID(job_id), ending))
    assert [job and job["status"] for job in found] == ["queued"]


def test_too_many_follow(
    client: FlaskClient, ada: Any, send: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each keeps a thread, so there is an end to it; places are free again afterwards."""
    place = send(ada)
    client.delete(place, headers=ada["headers"])
    monkeypatch.setattr(service, "_streams", threading.BoundedSemaphore(1))
    with service.place():
        assert client.get(f"{place}/events", headers=ada["headers"]).status_code == 503
    for _ in range(2):
        with client.get(f"{place}/events", headers=ada["headers"]) as answer:
            assert answer.status_code == 200


def test_forgetting(app: Flask, client: FlaskClient, ada: Any, send: Any) -> None:
    """Jobs that ended long ago; their results stay in the history."""
    send(ada)
    do_one(app)
    send(ada)
    with app.app_context():
        assert service.forget(7) == 0
        old = now() - timedelta(days=8)
        change = update(Job).where(Job.status == "succeeded").values(finished_at=old)
        db.session.execute(change)
        db.session.commit()
        assert service.forget(7) == 1
    assert (count(app, Job), count(app, HistoryEntry)) == (1, 1)
