"""Answers that are sent while they are made: how they begin, end and break off."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from flask_restx import Namespace, Resource

from api.config import Settings
from api.errors import TooLarge
from api.http.auth import signed_in
from api.http.inference import Run, inference
from api.http.streaming import streamed, whole
from api.storage import File

PARTS = [b"one ", b"two ", b"three"]
namespace = Namespace("spoken")


def chunks(broken_at: int | None) -> Iterator[bytes]:
    for number, part in enumerate(PARTS):
        if number == broken_at:
            raise TooLarge("Too much.", "too_much")
        yield part


def keep(sent: list[bytes]) -> tuple[File, dict[str, Any]]:
    return File(b"".join(sent).upper(), "text/plain"), {"parts": len(sent)}


@namespace.route("/<string:how>")
class Spoken(Resource):  # type: ignore[misc]
    """`whole`, `fine`, or the number of the part that cannot be made."""

    @signed_in(namespace, "classify")
    def post(self, how: str) -> Response:
        with ExitStack() as held:
            run: Run = held.enter_context(inference("classify", {}))
            if how == "whole":
                return whole(run, b"".join(PARTS), "text/plain", "en", keep)
            parts = chunks(int(how) if how.isdigit() else None)
            return streamed(run, parts, "text/plain", held, "en", keep)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a server with a single service."""
    offered = ("accounts", "history", "classify")
    return Settings(data_dir=tmp_path / "data", services=offered, log_level="error")


@pytest.fixture
def app(app: Flask) -> Flask:
    """The application with a route that speaks in parts."""
    app.extensions["api"].add_namespace(namespace, path="/spoken")
    return app


@pytest.fixture
def post(client: FlaskClient, ada: dict[str, Any]) -> Callable[[str], Any]:
    return lambda how: client.post(f"/api/v1/spoken/{how}", headers=ada["headers"])


@pytest.fixture
def entries(client: FlaskClient, ada: dict[str, Any]) -> Callable[[], list[dict[str, Any]]]:
    def get() -> list[dict[str, Any]]:
        answer = client.get("/api/v1/history", headers=ada["headers"])
        items: list[dict[str, Any]] = answer.get_json()["items"]
        return items

    return get


def test_it_is_kept_when_the_last_part_is_sent(
    post: Any, entries: Any, client: FlaskClient, ada: dict[str, Any]
) -> None:
    """Not before; and kept as it should be, not as it was sent."""
    answer = post("fine")
    parts = answer.iter_encoded()
    assert next(parts) == PARTS[0]
    assert entries() == []
    assert b"".join(parts) == b"two three"
    (entry,) = entries()
    assert answer.headers["Content-Location"] == f"/api/v1/history/{entry['id']}"
    assert "Content-Length" not in answer.headers
    full = client.get(answer.headers["Content-Location"], headers=ada["headers"])
    assert (full.get_json()["result"], full.get_json()["language"]) == ({"parts": 3}, "en")


def test_a_whole_answer_is_kept_before_it_is_sent(post: Any, entries: Any) -> None:
    """And says how long it is."""
    answer = post("whole")
    assert len(entries()) == 1
    assert answer.headers["Content-Length"] == "13"
    assert answer.headers["Content-Location"].endswith(entries()[0]["id"])
    assert answer.data == b"one two three"


def test_what_is_refused_at_once_has_its_own_status(post: Any, entries: Any) -> None:
    """The first part is made before the answer begins."""
    answer = post("0")
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_much")
    assert entries() == []


def test_a_later_fault_breaks_the_answer_off(post: Any, entries: Any) -> None:
    """It does not end as if it were whole, and nothing is kept."""
    parts = post("2").iter_encoded()
    assert [next(parts), next(parts)] == PARTS[:2]
    with pytest.raises(TooLarge):
        next(parts)
    assert entries() == []


@pytest.mark.parametrize("leaves", [True, False], ids=["client leaves", "all is made"])
def test_a_place_is_held_until_all_is_made(
    app: Flask, post: Any, monkeypatch: pytest.MonkeyPatch, leaves: bool
) -> None:
    """A client that takes nothing holds no place after that; one that leaves ends the work."""
    made: list[bytes] = []
    goes_on, room = threading.Event(), app.extensions["capacity"]

    def slowly(_: int | None) -> Iterator[bytes]:
        for part in PARTS:
            made.append(part)
            yield part
            goes_on.wait(10)

    monkeypatch.setitem(globals(), "chunks", slowly)
    for _ in range(app.config["SETTINGS"].capacity - 1):
        room.acquire()
    answer = post("fine")
    assert not room.acquire(blocking=False)
    if leaves:
        threading.Timer(0.1, goes_on.set).start()
        answer.close()
        assert made == PARTS[:2]
    goes_on.set()
    assert room.acquire(timeout=10)
    if not leaves:
        assert b"".join(answer.iter_encoded()) == b"".join(PARTS)
