"""The history as a list: pages, filters, and what is not read for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import event, update

from api.extensions import db
from api.http import history
from api.models import HistoryEntry, new_id, now

HISTORY = "/api/v1/history"
NOON = datetime.fromisoformat("2026-01-01T12:00:00Z")


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """What is asked of the database meanwhile."""
    heard: list[str] = []
    with app.app_context():
        engine = db.engine

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    event.listen(engine, "before_cursor_execute", hear)
    yield heard
    event.remove(engine, "before_cursor_execute", hear)


def test_lists_leave_the_results_where_they_are(app: Flask, get: Any, remember: Any) -> None:
    """They may be megabytes each."""
    remember(result={"text": "x" * 1000})
    with statements(app) as heard:
        assert len(get().get_json()["items"]) == 1
    (listing,) = [one for one in heard if "FROM history" in one]
    assert "result" not in listing


def test_pages(get: Any, remember: Any) -> None:
    """Newest first, each once, by cursor and by Link, which keeps the filter."""
    written = [remember(service="tts" if n == 2 else "ocr") for n in range(6)]
    seen, path = [], "?service=ocr&limit=2"
    while path:
        answer = get(path)
        page = answer.get_json()
        seen += [item["id"] for item in page["items"]]
        remember(service="ocr")  # newer ones do not push anything out of place
        link = answer.headers.get("Link", "")
        assert bool(link) is (page["next_cursor"] is not None)
        path = link[1:].partition(">")[0].removeprefix(HISTORY)
        assert not path or "service=ocr" in path
    assert seen == [one for one in reversed(written) if one != written[2]]


def test_by_service(get: Any, remember: Any) -> None:
    """One service's entries; none of a service that has none."""
    wanted = remember(service="stt")
    remember(service="tts")
    assert [item["id"] for item in get("?service=stt").get_json()["items"]] == [wanted]
    assert get("?service=sing").get_json() == {"items": [], "next_cursor": None}


@pytest.fixture(scope="module")
def dated(house: Any) -> dict[str, int]:
    """The ids of ada's three entries with their hours on one day."""
    ids = {new_id(): 12 + n for n in (-1, 0, 1)}
    columns: dict[str, Any] = {"options": {}, "result": {}, "duration_ms": 1.0}
    with house.app.app_context():
        for entry_id, hour in ids.items():
            columns["created_at"] = NOON.replace(hour=hour)
            owner = UUID(house.ada["id"])
            history.write(entry_id, owner, {}, service="ocr", model="m", **columns)
    return {str(entry_id): hour for entry_id, hour in ids.items()}


@pytest.mark.parametrize(
    ("query", "hours"),
    [
        ({"from": "2026-01-01T12:00:00Z"}, [12, 13]),
        ({"to": "2026-01-01T12:00:00Z"}, [11]),
        ({"from": "2026-01-01T11:30:00Z", "to": "2026-01-01T12:30:00Z"}, [12]),
        ({"from": "2026-01-01T14:00:00+02:00"}, [12, 13]),
        ({"from": "2026-01-01t12:00:00.000000z"}, [12, 13]),
        ({"from": "2026-01-01T12:00:00"}, [12, 13]),
        ({"from": "2026-01-01"}, [11, 12, 13]),
        ({"from": "2026-01-01 12:00"}, [12, 13]),
        ({"to": "0001-01-01T00:00:00Z"}, []),
        ({"from": "9999-12-31T23:59:59Z"}, []),
        ({"from": "", "to": ""}, [11, 12, 13]),
    ],
    ids=str,
)
def test_by_time(house: Any, dated: Any, query: dict[str, str], hours: list[int]) -> None:
    """`from` is included and `to` is not; any RFC 3339 time will do, and a plain date."""
    text = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    answer = house.client.get(f"{HISTORY}?{text}", headers=house.ada["headers"])
    assert sorted(dated[item["id"]] for item in answer.get_json()["items"]) == hours


def test_a_plus_that_became_a_blank(get: Any, remember: Any) -> None:
    """Who forgets to write + as %2B is understood all the same."""
    wanted = remember(created_at=NOON)
    for text in (
        "2026-01-01T14:00:00+02:00",
        "2026-01-01T14:00:00.5+0200",
        "2026-01-01T14:00+02:00",
    ):
        items = get(f"?to={text}").get_json()["items"]
        assert [item["id"] for item in items] == ([wanted] if ".5" in text else [])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"), ("to=2026-13-01", "to"), ("from=2026-01-01T25:00:00Z", "from"),
        ("from=0001-01-01T00:00:00%2B14:00", "from"), ("to=9999-12-31T23:59:59-14:00", "to"),
        ("from=1767225600", "from"), ("from=%00", "from"), ("to=2026-01-01&to=2026-01-02", "to"),
        ("cursor=x", "cursor"), ("cursor=%27", "cursor"), ("cursor=" + "9" * 300, "cursor"),
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"),
        ("service=" + "x" * 300, "service"), ("service=%0a", "service"), ("user_id=1", "user_id"),
    ],
    ids=str,
)  # fmt: skip
def test_odd_filters(house: Any, refused: Any, query: str, field: str) -> None:
    """What cannot be a time, a cursor or a limit is refused by its name."""
    answer = house.client.get(f"{HISTORY}?{query}", headers=house.ada["headers"])
    refused(answer, 422, "validation_failed", field)


def test_ids_of_odd_age(app: Flask, get: Any, remember: Any) -> None:
    """An entry that took long is listed by when it was asked."""
    first, second = remember(), remember()
    with app.app_context():
        late = update(HistoryEntry).where(HistoryEntry.id == UUID(first))
        db.session.execute(late.values(created_at=now() + timedelta(hours=1)))
        db.session.commit()
    assert [item["id"] for item in get().get_json()["items"]] == [second, first]
