"""callback_url: who is told, of what, and how often."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import update
from stored import count, set_to

from api.extensions import db
from api.http import callbacks
from api.jobs import webhooks
from api.models import Job, now

URL = "https://hooks.example.org/percept?for=ada"
Send = Callable[..., Any]


@pytest.fixture
def sent(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """Hosts are listed; what is sent to them, instead of sending it. Sending is tested apart."""
    set_to(
        app, webhook_hosts=("hooks.example.org",), webhook_secret=SecretStr("whsec_" + "QUJD" * 11)
    )
    heard: list[tuple[str, str, dict[str, Any]]] = []

    def send(_: Any, url: str, message_id: str, body: bytes) -> None:
        heard.append((url, message_id, json.loads(body)))

    monkeypatch.setattr(webhooks, "send", send)
    return heard


def send_due(app: Flask) -> int:
    with app.app_context():
        return callbacks.send_due()


def test_the_message(app: Flask, sent: Any, send: Send, do_all: Any, job_of: Any) -> None:
    """What has happened, when, and the job as it can be read; once."""
    answer = send(path=f"?callback_url={URL.replace('?', '%3F')}")
    assert send_due(app) == 0
    do_all()
    assert [send_due(app), send_due(app)] == [1, 0]
    ((url, message_id, body),) = sent
    job = job_of(answer)
    assert (url, message_id) == (URL, f"msg_{job['id']}")
    assert body == {"type": "job.succeeded", "timestamp": job["finished_at"], "data": job}


def test_every_end_is_told(
    app: Flask, client: FlaskClient, ada: Any, sent: Any, send: Send, do_all: Any
) -> None:
    """Also a bad one; a job without an address is nobody's business."""
    path = f"?callback_url={URL}"
    send(b"no picture", path=path)
    send()
    do_all()
    client.delete(send(path=path).headers["Location"], headers=ada["headers"])
    assert send_due(app) == 2
    assert [body["type"] for _, _, body in sent] == ["job.failed", "job.cancelled"]


def test_of_a_text(app: Flask, client: FlaskClient, ada: Any, sent: Any, do_all: Any) -> None:
    """Where the body is JSON, the address is a member of it, and no part of what is kept."""
    body = {"text": "Good morning.", "callback_url": URL}
    headers = {**ada["headers"], "Prefer": "respond-async"}
    assert client.post("/api/v1/tts", json=body, headers=headers).status_code == 202
    do_all()
    assert send_due(app) == 1
    entries = client.get("/api/v1/history", headers=ada["headers"]).get_json()["items"]
    assert "callback_url" not in entries[0]["options"]


def test_nobody_answers(
    app: Flask, sent: Any, send: Send, do_all: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again, later and later, and then no more."""
    tries = []

    def refuse(*_: Any) -> None:
        tries.append(1)
        raise webhooks.NotDelivered("answered 500")

    monkeypatch.setattr(webhooks, "send", refuse)
    send(path=f"?callback_url={URL}")
    do_all()
    for _ in range(len(webhooks.DELAYS) + 3):
        assert send_due(app) == 0
        with app.app_context():
            later = update(Job).where(Job.notify_at.is_not(None)).values(notify_at=now())
            db.session.execute(later)
            db.session.commit()
    assert len(tries) == len(webhooks.DELAYS) + 1


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "ftp://hooks.example.org/", "x"])
def test_addresses_that_are_refused(app: Flask, sent: Any, send: Send, url: str) -> None:
    """At once, and nothing is stored."""
    answer = send(path=f"?callback_url={url}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == ["callback_url"]
    assert count(app, Job) == 0


def test_only_of_jobs(sent: Any, send: Send) -> None:
    """Who waits for the answer need not be told."""
    answer = send(path=f"?callback_url={URL}", Prefer="")
    assert answer.status_code == 422
    assert "respond-async" in answer.get_json()["errors"][0]["message"]
