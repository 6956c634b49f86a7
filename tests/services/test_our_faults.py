"""A mistake of ours, or a library that is not the one we know, is never the file's fault."""

import io
import logging
import wave
from collections.abc import Callable
from typing import Any

import guest_tasks
import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.config import Settings
from api.enginekit.pool import EnginePool
from api.services.classify.engines.litert import LiteRTClassifier

Person = dict[str, Any]
# What a guest is asked first, by route.
TASKS = {
    "classify": "api.services.classify.guest.prepare",
    "ocr": "api.services.ocr.guest.first",
    "stt": "api.services.stt.guest.prepare",
}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Models are loaded when they are first needed."""
    return settings.model_copy(update={"services": ("accounts", "history", *TASKS)})


def good(route: str) -> bytes:
    """A file that the route reads."""
    out = io.BytesIO()
    if route == "stt":
        with wave.open(out, "wb") as sound:
            sound.setparams((1, 2, 16_000, 0, "NONE", ""))
            sound.writeframes(bytes(32_000))
    else:
        Image.new("RGB", (64, 48), "navy").save(out, "PNG")
    return out.getvalue()


def send(client: FlaskClient, person: Person, route: str) -> Any:
    field = "audio" if route == "stt" else "image"
    form = {field: (io.BytesIO(good(route)), "x")}
    return client.post(f"/api/v1/{route}", data=form, headers=person["headers"])


def check(answer: Any, log: pytest.LogCaptureFixture, fault: str, place: str) -> None:
    """It is told as ours, and the log names the error and where it was made."""
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    assert fault not in answer.text
    (record,) = [r for r in log.records if r.levelno >= logging.ERROR]
    told = logging.Formatter().format(record)
    assert fault in told
    assert place in told


@pytest.mark.parametrize(
    ("route", "task", "fault"),
    [
        ("classify", guest_tasks.misuse, "TypeError"),
        ("classify", guest_tasks.misname, "AttributeError"),
        pytest.param("ocr", guest_tasks.misuse, "TypeError", marks=pytest.mark.slow),
        pytest.param("stt", guest_tasks.misname, "AttributeError", marks=pytest.mark.slow),
    ],
)
def test_in_a_child_process(
    client: FlaskClient,
    ada: Person,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    route: str,
    task: Callable[..., Any],
    fault: str,
) -> None:
    """A decoder that is called wrongly makes a 500, and the log has the line within the child."""
    monkeypatch.setattr(TASKS[route], task)
    check(send(client, ada, route), caplog, fault, f"in {task.__name__}")
    assert client.get("/api/v1/history", headers=ada["headers"]).get_json()["items"] == []


@pytest.mark.parametrize("fault", [TypeError, AttributeError, ValueError, KeyError, OSError])
def test_in_an_engine(
    client: FlaskClient,
    ada: Person,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: type[Exception],
) -> None:
    """Whatever an engine raises on a picture that was read is a 500 with its line in the log."""

    def fail(*_: object) -> None:
        raise fault("it was called wrongly")

    assert send(client, ada, "classify").status_code == 200
    monkeypatch.setattr(LiteRTClassifier, "probabilities", fail)
    check(send(client, ada, "classify"), caplog, fault.__name__, "in fail")


def test_a_model_that_cannot_be_loaded(
    app: Any,
    client: FlaskClient,
    ada: Person,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is a 503 for whoever asks, and the log says why, also when nobody has asked yet."""
    monkeypatch.setattr(LiteRTClassifier, "__init__", guest_tasks.misuse)
    pool: EnginePool = app.extensions["pools"]["classify"]
    pool.warm()
    assert "TypeError" in caplog.text
    caplog.clear()
    answer = send(client, ada, "classify")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "not_ready")
    assert "everyday_10" in caplog.text
    assert "in misuse" in caplog.text
