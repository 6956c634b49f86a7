"""Prefer: respond-async: what becomes a job, what is told of it, and what comes of it."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from stored import count, files, picture, set_to

from api.errors import NotReady
from api.extensions import db
from api.models import HistoryEntry, Job

ASYNC = {"Prefer": "respond-async"}
Send = Callable[..., Any]


def test_the_answer(send: Send, app: Flask) -> None:
    """202 with the job's address, what was applied, when to look, and the job."""
    answer = send()
    job = answer.get_json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert int(answer.headers["Retry-After"]) >= 1
    assert (job["service"], job["status"], job["progress"]) == ("classify", "queued", 0)
    assert "result" not in job
    assert count(app, Job) == 1
    assert [name.endswith("-request-0") for name in files(app)] == [True]


@pytest.mark.parametrize(
    "wish", ["respond-async, wait=10", "wait=10;x=y, Respond-Async", "a,respond-async"]
)
def test_ways_to_prefer(send: Send, wish: str) -> None:
    """As RFC 7240 lets it be written."""
    assert send(Prefer=wish).status_code == 202


@pytest.mark.parametrize("wish", ["", "wait=5", "return=minimal", "respond-asynchronously"])
def test_other_preferences(send: Send, wish: str) -> None:
    """The answer is given at once."""
    assert send(Prefer=wish).status_code == 200


def test_the_result_is_what_the_route_answers(
    client: FlaskClient, ada: Any, send: Send, do_all: Callable[[], int], job_of: Any
) -> None:
    """The same as without the header, and it is the history entry of the same id."""
    later, now = send(path="?top_k=3"), send(path="?top_k=3", Prefer="")
    assert do_all() == 1
    job = job_of(later)
    assert (job["status"], job["progress"]) == ("succeeded", 1)
    assert job["finished_at"] > job["created_at"]
    assert job["result"]["predictions"] == now.get_json()["predictions"]
    assert job["result"].keys() == now.get_json().keys()
    entry = client.get(f"/api/v1/history/{job['id']}", headers=ada["headers"]).get_json()
    assert entry["options"] == {"top_k": 3, "language": "en"}
    assert entry["result"]["predictions"] == job["result"]["predictions"]


def test_files_of_the_request_go(send: Send, app: Flask, do_all: Callable[[], int]) -> None:
    """Once it has ended; the history keeps its own."""
    good, bad = send(), send(b"no picture")
    assert len(files(app)) == 2
    assert do_all() == 2
    assert [name.rpartition("-")[2] for name in files(app)] == ["input"]
    assert good.status_code == bad.status_code == 202


def test_a_refusal_is_the_jobs_error(send: Send, do_all: Callable[[], int], job_of: Any) -> None:
    """The problem object of the route, in the language of the request, with its id; not retried."""
    answer = send(b"no picture", **{"Accept-Language": "es", "X-Request-Id": "of-ada"})
    assert do_all() == 1
    job = job_of(answer)
    refused = send(b"no picture", **{"Accept-Language": "es", "Prefer": ""}).get_json()
    assert job["status"] == "failed"
    assert job["error"] == refused | {"request_id": "of-ada"}
    assert "result" not in job


def test_many_files(client: FlaskClient, ada: Any, do_all: Callable[[], int], job_of: Any) -> None:
    """A batch is one job."""
    form = [(io.BytesIO(data), "a.png") for data in (picture(), b"no picture")]
    headers = {**ada["headers"], **ASYNC}
    answer = client.post("/api/v1/classify/batch", data={"image": form}, headers=headers)
    assert do_all() == 1
    good, bad = job_of(answer)["result"]["results"]
    assert good[0]["class_id"]
    assert bad["code"] == "image_unreadable"


def test_sound(client: FlaskClient, ada: Any, do_all: Callable[[], int], job_of: Any) -> None:
    """The result names the file, whether it would have been streamed or not."""
    for text in ("Good morning.", "The kettle is on. " * 60):
        headers = {**ada["headers"], **ASYNC}
        answer = client.post("/api/v1/tts", json={"text": text}, headers=headers)
        assert do_all() == 1
        result = job_of(answer)["result"]
        found = client.get(result["output"], headers=ada["headers"])
        assert (found.status_code, found.mimetype) == (200, "audio/wav")
        assert len(found.data) == result["bytes"]


def test_the_output_is_kept_in_any_case(
    app: Flask, client: FlaskClient, ada: Any, do_all: Callable[[], int], job_of: Any
) -> None:
    """With PERCEPT_STORE_INPUTS=off too: there is no other way to get it. The input is not."""
    set_to(app, store_inputs=False)
    headers = {**ada["headers"], **ASYNC}
    answer = client.post("/api/v1/tts", json={"text": "Good morning."}, headers=headers)
    do_all()
    assert client.get(job_of(answer)["result"]["output"], headers=ada["headers"]).status_code == 200
    assert [name.rpartition("-")[2] for name in files(app)] == ["output"]


def test_an_answer_that_is_no_json(
    client: FlaskClient, ada: Any, do_all: Callable[[], int], job_of: Any
) -> None:
    """Accept and format count as they would at once."""
    body = {"text": "Please open the window before you leave."}
    wav = client.post("/api/v1/tts", json=body, headers=ada["headers"]).data
    headers = {**ada["headers"], **ASYNC, "Content-Type": "audio/wav"}
    answer = client.post("/api/v1/stt?format=srt", data=wav, headers=headers)
    do_all()
    result = job_of(answer)["result"]
    assert client.get(result["output"], headers=ada["headers"]).text.startswith("1\n00:00:00")
    assert "window" in result["text"].lower()


def test_what_is_refused_at_once(send: Send, app: Flask, client: FlaskClient, ada: Any) -> None:
    """Nobody has to look at a job to hear that an option is wrong, or that the Accept is."""
    headers = {**ada["headers"], **ASYNC, "Content-Type": "image/png", "Accept": "audio/wav"}
    read = client.post("/api/v1/ocr", data=picture(), headers=headers)
    for answer, status in (
        (send(path="?top_k=0"), 422),
        (send(b""), 422),
        (send(**{"Content-Type": "text/plain"}), 415),
        (send(Authorization="Bearer no"), 401),
        (read, 406),
    ):
        assert answer.status_code == status
    assert (count(app, Job), files(app)) == (0, [])


def test_limits_of_jobs_are_others(
    app: Flask, client: FlaskClient, ada: Any, do_all: Callable[[], int], job_of: Any
) -> None:
    """Who waits is told of the header; a job may do more, and is not told of it."""
    set_to(app, max_characters=20, job_max_characters=40)
    for length, status, error in ((30, "succeeded", None), (50, "failed", "text_too_long")):
        body = {"text": "a b c d e " * (length // 10)}
        refused = client.post("/api/v1/tts", json=body, headers=ada["headers"]).get_json()
        assert refused["status"] == 413
        assert "Prefer: respond-async" in refused["detail"]
        answer = client.post("/api/v1/tts", json=body, headers={**ada["headers"], **ASYNC})
        do_all()
        job = job_of(answer)
        assert job["status"] == status
        assert job.get("error", {}).get("code") == error
        assert "Prefer" not in job.get("error", {}).get("detail", "")


def test_too_many_jobs(app: Flask, send: Send, do_all: Callable[[], int]) -> None:
    """Each user may have so many unfinished ones; who has fewer again may send more."""
    set_to(app, max_jobs=2)
    assert [send().status_code for _ in range(3)] == [202, 202, 503]
    assert send().headers["Retry-After"]
    assert len(files(app)) == 2
    do_all()
    assert send().status_code == 202


def test_the_same_key_twice(app: Flask, send: Send, do_all: Callable[[], int]) -> None:
    """One job, and the same answer again, also when it has long been done."""
    one = send(**{"Idempotency-Key": "k"})
    do_all()
    two = send(**{"Idempotency-Key": "k"})
    assert one.get_json() == two.get_json()
    assert two.status_code == 202
    for name in ("Location", "Preference-Applied", "Retry-After"):
        assert one.headers[name] == two.headers[name]
    assert count(app, Job) == 1


def test_a_user_who_goes(
    app: Flask, client: FlaskClient, ada: Any, send: Send, do_all: Callable[[], int]
) -> None:
    """Their jobs and files go with them; nothing is made again."""
    send()
    body = {"password": "ten thousand small lamps"}
    assert client.delete("/api/v1/users/me", json=body, headers=ada["headers"]).status_code == 204
    assert do_all() == 0
    assert (count(app, Job), count(app, HistoryEntry), files(app)) == (0, 0, [])


def test_what_is_stored_of_a_request(app: Flask, send: Send) -> None:
    """What it takes to do it; no token, no address, no name of a file."""
    send(**{"User-Agent": "curl", "X-Forwarded-For": "192.0.2.1"})
    with app.app_context():
        stored = json.dumps(app.extensions["sqlalchemy"].session.query(Job).one().request)
    assert "Bearer" not in stored
    assert "192.0.2.1" not in stored
    assert "curl" not in stored


def test_a_file_that_cannot_be_stored(
    app: Flask, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no job then."""
    folder = Path(app.config["SETTINGS"].storage)
    folder.rmdir()
    folder.write_text("in the way")
    answer = send()
    assert answer.status_code == 503
    assert count(app, Job) == 0


def test_a_connection_that_breaks_at_the_end(
    app: Flask, send: Send, do_all: Callable[[], int]
) -> None:
    """A job that may be in the table keeps its files: it can be done, though nobody was told."""
    with app.app_context():
        engine = db.engine

    def lose(connection: Any) -> None:
        if files(app):
            connection.connection.commit()
            raise OperationalError("x", {}, Exception("gone"), connection_invalidated=True)

    event.listen(engine, "commit", lose)
    assert send().status_code == 503
    event.remove(engine, "commit", lose)
    assert do_all() == 1
    assert count(app, HistoryEntry) == 1


@pytest.mark.parametrize("is_begun", [False, True])
def test_workers_that_cannot_be_told(
    app: Flask, send: Send, do_all: Callable[[], int], monkeypatch: pytest.MonkeyPatch,
    is_begun: bool,
) -> None:  # fmt: skip
    """Nothing is stored then, unless a worker has found the job all the same: then it is done."""

    def announce(*_: Any) -> None:
        if is_begun:
            do_all()
        raise NotReady("The queue is away.")

    monkeypatch.setattr(app.extensions["queue"], "announce", announce)
    assert send().status_code == (202 if is_begun else 503)
    assert count(app, Job) == count(app, HistoryEntry) == len(files(app)) == int(is_begun)
