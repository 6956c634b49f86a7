"""The history: what each call leaves behind, how it is read, downloaded and deleted."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import event, update

from api.extensions import db
from api.http import history
from api.models import HistoryEntry, new_id, now
from api.storage import File

HISTORY, CLASSIFY, KEYS = "/api/v1/history", "/api/v1/classify", "/api/v1/auth/api-keys"
NOON = datetime.fromisoformat("2026-01-01T12:00:00Z")
Remember = Callable[..., str]


def picture(kind: str = "JPEG", colour: str = "navy") -> bytes:
    """A picture with a comment and a place in its EXIF."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "my secret garden"
    more = {"comment": "my secret garden"} if kind == "JPEG" else {}
    Image.new("RGB", (64, 48), colour).save(out, kind, exif=exif, **more)
    return out.getvalue()


@pytest.fixture
def get(client: FlaskClient, ada: Any) -> Callable[..., Any]:
    """Asks as ada for a path under /history."""

    def ask(path: str = "", method: str = "get", **headers: str) -> Any:
        return getattr(client, method)(HISTORY + path, headers={**ada["headers"], **headers})

    return ask


@pytest.fixture
def send(client: FlaskClient, ada: Any) -> Callable[..., Any]:
    """Sends a picture as ada."""

    def post(data: bytes, query: str = "", **headers: str) -> Any:
        form = {"image": (io.BytesIO(data), "../../my garden.jpg")}
        headers = {**ada["headers"], **headers}
        return client.post(CLASSIFY + query, data=form, headers=headers)

    return post


@pytest.fixture
def remember(app: Flask, ada: Any) -> Remember:
    """Writes an entry of ada's and gives its id."""

    def write(owner: str = ada["id"], **more: Any) -> str:
        files = {kind: more.pop(kind, None) for kind in ("input", "output")}
        entry_id, nothing = new_id(), {"options": {}, "result": {}}
        columns = {"service": "ocr", "model": "m", "duration_ms": 1.5, **nothing, **more}
        with app.app_context():
            history.write(entry_id, UUID(owner), files, **columns)
        return str(entry_id)

    return write


def files(app: Flask) -> dict[str, bytes]:
    """What lies in the storage, by name."""
    root = Path(app.config["SETTINGS"].storage)
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_a_call_leaves_an_entry(app: Flask, ada: Any, send: Any, get: Any) -> None:
    """Who, which service, model, language, options, how long, result and file: all is there."""
    answer = send(picture(), "?top_k=2&language=es").get_json()
    entry = get(f"/{answer['id']}").get_json()
    assert entry == {
        "id": answer["id"],
        "service": "classify",
        "model": "everyday_10",
        "language": "es",
        "options": {"top_k": 2, "language": "es"},
        "created_at": answer["created_at"],
        "duration_ms": answer["timing_ms"]["total"],
        "input_type": "image/jpeg",
        "output_type": None,
        "result": {"predictions": answer["predictions"]},
    }
    (summary,) = get().get_json()["items"]
    assert {**summary, "result": entry["result"]} == entry
    assert set(files(app)) == {f"{ada['id']}/{answer['id']}-input"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_kept_tells_nothing_of_place_or_name(
    app: Flask, send: Any, get: Any, kind: str
) -> None:
    """The stored picture is the sent one without EXIF and comment; its name is ours."""
    sent = picture(kind)
    got = get(f"/{send(sent).get_json()['id']}/input")
    shown = Image.open(io.BytesIO(got.data))
    assert (shown.size, b"secret" in sent, b"secret" in got.data) == ((64, 48), True, False)
    assert dict(shown.getexif()) == {}
    assert not [name for name in files(app) if "garden" in name]


def test_a_batch_is_kept_as_one_file(client: FlaskClient, ada: Any, get: Any) -> None:
    """A ZIP with the pictures that could be read, named by their places."""
    parts = [picture(), b"bad", picture("PNG")]
    form = {"image": [(io.BytesIO(data), "x.jpg") for data in parts]}
    answer = client.post(f"{CLASSIFY}/batch", data=form, headers=ada["headers"]).get_json()
    got = get(f"/{answer['id']}/input")
    with zipfile.ZipFile(io.BytesIO(got.data)) as archive:
        assert archive.namelist() == ["01.jpg", "03.png"]
        assert Image.open(archive.open("03.png")).size == (64, 48)
    assert got.mimetype == "application/zip"
    assert get(f"/{answer['id']}").get_json()["result"] == {"results": answer["results"]}


def test_a_batch_of_nothing_good(client: FlaskClient, ada: Any, get: Any) -> None:
    """It is an entry without a file."""
    form = {"image": [(io.BytesIO(b"bad"), "x.jpg")]}
    client.post(f"{CLASSIFY}/batch", data=form, headers=ada["headers"])
    (entry,) = get().get_json()["items"]
    assert entry["input_type"] is None


@pytest.mark.parametrize(
    ("data", "query"),
    [(b"bad", ""), (b"", ""), (picture(), "?model=nope"), (picture(), "?top_k=0")],
    ids=["bad", "empty", "model", "option"],
)
def test_a_refusal_leaves_nothing(app: Flask, send: Any, get: Any, data: bytes, query: str) -> None:
    """Neither an entry nor a file."""
    assert send(data, query).status_code == 422
    assert (get().get_json()["items"], files(app)) == ([], {})


def test_without_files(app: Flask, ada: Any, send: Any, get: Any, remember: Any) -> None:
    """PERCEPT_STORE_INPUTS off: the entry is written, and nothing else."""
    settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = settings.model_copy(update={"store_inputs": False})
    entry = get(f"/{send(picture()).get_json()['id']}").get_json()
    assert (entry["input_type"], bool(entry["result"])) == (None, True)
    remember(output=File(b"x", "audio/wav"))
    assert files(app) == {}
    assert get(f"/{entry['id']}/input").status_code == 404


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


@pytest.mark.parametrize("scope", ["history:read", "history:write", "classify"])
def test_scopes(client: FlaskClient, ada: Any, refused: Any, remember: Any, scope: str) -> None:
    """A key reads with history:read and deletes with history:write."""
    wish = {"name": "x", "scopes": [scope]}
    key = client.post(KEYS, json=wish, headers=ada["headers"]).get_json()["key"]
    headers, one = {"X-API-Key": key}, f"{HISTORY}/{remember(input=File(b'x', 'image/png'))}"
    tries = {
        "history:read": [("get", HISTORY), ("get", one), ("get", f"{one}/input")],
        "history:write": [("delete", one), ("delete", HISTORY)],
    }
    for needed, calls in tries.items():
        for method, url in calls:
            answer = getattr(client, method)(url, headers=headers)
            if needed == scope:
                assert answer.status_code in (200, 204)
            else:
                refused(answer, 403, "scope_missing")


def test_deleting_one(app: Flask, get: Any, remember: Any, refused: Any) -> None:
    """The entry and its files go, others stay, and it is not there a second time."""
    both = {"input": File(b"in", "image/png"), "output": File(b"out", "audio/wav")}
    gone, stays = remember(**both), remember(**both)
    assert get(f"/{gone}", "delete").status_code == 204
    for path in (f"/{gone}", f"/{gone}/input", f"/{gone}/output"):
        refused(get(path), 404, "not_found")
    refused(get(f"/{gone}", "delete"), 404, "not_found")
    assert {name.partition("/")[2] for name in files(app)} == {f"{stays}-input", f"{stays}-output"}


def test_deleting_all(app: Flask, bob: Any, get: Any, remember: Any) -> None:
    """Everything of one's own, however often, and nothing of anybody else's."""
    his = remember(bob["id"], input=File(b"his", "image/png"))
    for _ in range(3):
        remember(input=File(b"x", "image/png"))
    for _ in range(2):
        assert get("", "delete").status_code == 204
        assert get().get_json()["items"] == []
    assert files(app) == {f"{bob['id']}/{his}-input": b"his"}


def test_a_user_goes_with_files(
    app: Flask, client: FlaskClient, ada: Any, admin: Any, bob: Any, remember: Any, rows: Any
) -> None:
    """By their own wish or by an administrator's: no entry and no file is left."""
    for person in (ada, bob):
        remember(person["id"], input=File(b"x", "image/png"))
    body = {"password": "ten thousand small lamps"}
    assert client.delete("/api/v1/users/me", json=body, headers=ada["headers"]).status_code == 204
    assert [name.split("/")[0] for name in files(app)] == [bob["id"]]
    one = f"/api/v1/users/{bob['id']}"
    assert client.delete(one, headers=admin["headers"]).status_code == 204
    assert (files(app), rows(app)["history"]) == ({}, [])


def test_a_file_that_is_gone(app: Flask, get: Any, remember: Any, refused: Any) -> None:
    """Whoever removed it by hand: 404, and the entry still reads."""
    entry = remember(input=File(b"x", "image/png"))
    for name in files(app):
        (Path(app.config["SETTINGS"].storage) / name).unlink()
    refused(get(f"/{entry}/input"), 404, "not_found")
    refused(get(f"/{entry}/output"), 404, "not_found")
    assert get(f"/{entry}").get_json()["input_type"] == "image/png"
    assert get(f"/{entry}", "delete").status_code == 204


def test_without_a_place_it_is_a_bad_setting(app: Flask, tmp_path: Path) -> None:
    """A folder that cannot be made stops the start in words that name the setting."""
    from api.config import BadSetting, Settings

    (tmp_path / "file").write_text("x")
    with pytest.raises(BadSetting, match="PERCEPT_STORAGE_URL"):
        history.init_app(app, Settings(data_dir=tmp_path, storage_url=str(tmp_path / "file/x")))


def test_ids_of_odd_age(app: Flask, get: Any, remember: Any) -> None:
    """An entry that took long is listed by when it was asked."""
    first, second = remember(), remember()
    with app.app_context():
        late = update(HistoryEntry).where(HistoryEntry.id == UUID(first))
        db.session.execute(late.values(created_at=now() + timedelta(hours=1)))
        db.session.commit()
    assert [item["id"] for item in get().get_json()["items"]] == [second, first]
