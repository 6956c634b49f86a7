"""Downloads: the very bytes, as an attachment, whole or in part."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.http import history
from api.models import new_id
from api.storage import File

CONTENT = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def hers(house: Any) -> str:
    """The address of an entry with a picture and a sound."""
    return remembered(house.app, house.ada, CONTENT, "image/png")


def remembered(app: Flask, person: Any, content: bytes, media_type: str) -> str:
    entry_id = new_id()
    files = {"input": File(content, media_type), "output": File(content, "audio/wav")}
    with app.app_context():
        columns: dict[str, Any] = {"options": {}, "result": {}, "duration_ms": 1.0}
        history.write(entry_id, UUID(person["id"]), files, service="x", model="m", **columns)
    return f"/api/v1/history/{entry_id}"


@pytest.fixture
def download(house: Any, hers: str) -> Callable[..., Any]:
    """Asks for the input."""

    def ask(method: str = "get", **headers: str) -> Any:
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        url, headers = f"{hers}/input", {**house.ada["headers"], **headers}
        return getattr(house.client, method)(url, headers=headers)

    return ask


def test_the_whole_file(download: Any, hers: str) -> None:
    """As an attachment under a name of ours, which a browser neither shows nor keeps."""
    answer = download()
    assert (answer.status_code, answer.data) == (200, CONTENT)
    entry = hers.rpartition("/")[2]
    wanted = f"attachment; filename=percept-{entry}-input.png"
    assert answer.headers["Content-Disposition"] == wanted
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert "no-store" in answer.headers["Cache-Control"]


def test_both_files(house: Any, hers: str) -> None:
    """What came in and what went out, each with its own type and ending."""
    answer = house.client.get(f"{hers}/output", headers=house.ada["headers"])
    assert (answer.mimetype, answer.data) == ("audio/wav", CONTENT)
    assert answer.headers["Content-Disposition"].endswith("-output.wav")


def test_head(download: Any) -> None:
    """The same headers and no body."""
    head, whole = download("head"), download()
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Length", "Content-Type", "Content-Disposition"):
        assert head.headers[name] == whole.headers[name]


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=10200-", 10200, 10239),
        ("bytes=-5", 10235, 10239),
        ("bytes=-10240", 0, 10239),
        ("bytes=5-999999", 5, 10239),
        ("Bytes = 0-1", 0, 1),
    ],
)
def test_a_part(download: Any, wanted: str, first: int, last: int) -> None:
    """206 with what was asked for and where it lies."""
    answer = download(Range=wanted)
    assert (answer.status_code, answer.data) == (206, CONTENT[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    head = download("head", Range=wanted)
    assert (head.status_code, head.data) in ((206, b""), (200, b""))


@pytest.mark.parametrize("wanted", ["bytes=10240-", "bytes=99999-100000"])
def test_no_such_part(download: Any, refused: Any, wanted: str) -> None:
    """416 with the size that there is."""
    answer = download(Range=wanted)
    refused(answer, 416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-1,5-6",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 2000, 2)),
        "bytes=" + "0-," * 1000 + "0-",
        "bytes=-10241",
        "items=0-1",
        "bytes=5-1",
        "bytes=a-b",
        "bytes=",
        "bytes",
        "bytes=--5",
        "0-5",
        "",
    ],
    ids=lambda text: text[:20],
)
def test_other_wishes(download: Any, wanted: str) -> None:
    """Many parts, more than there is, other units and nonsense get the whole file."""
    answer = download(Range=wanted)
    assert (answer.status_code, answer.data) == (200, CONTENT)


def test_a_part_of_another_version(download: Any) -> None:
    """Whoever holds a part of what they cannot be sure of gets the whole."""
    answer = download(Range="bytes=0-9", If_Range='"some-tag"')
    assert (answer.status_code, answer.data) == (200, CONTENT)


@pytest.mark.parametrize(
    ("media_type", "ending"),
    [("text/html; charset=utf-8", ".html"), ("application/zip", ".zip"), ("x/y", ".bin")],
)
def test_types_and_endings(house: Any, media_type: str, ending: str) -> None:
    """The type is that which was stored; the ending fits it."""
    url = remembered(house.app, house.bob, b"<script>", media_type)
    answer = house.client.get(f"{url}/input", headers=house.bob["headers"])
    assert answer.headers["Content-Type"] == media_type
    assert answer.headers["Content-Disposition"].endswith(f"-input{ending}")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_an_empty_file(house: Any) -> None:
    """It is a file all the same, with or without a range."""
    url = remembered(house.app, house.bob, b"", "text/plain")
    for headers in ({}, {"Range": "bytes=0-"}):
        answer = house.client.get(f"{url}/input", headers={**house.bob["headers"], **headers})
        assert (answer.status_code, answer.data) == (200, b"")


def test_no_method_but_get(house: Any, hers: str, refused: Any) -> None:
    """A file cannot be changed or deleted by itself."""
    for method in ("put", "post", "patch", "delete"):
        answer = getattr(house.client, method)(f"{hers}/input", headers=house.ada["headers"])
        refused(answer, 405, "method_not_allowed")


def test_in_another_language(client: FlaskClient, ada: Any, refused: Any) -> None:
    """What is not there is told in the language that was asked for."""
    headers = {**ada["headers"], "Accept-Language": "es"}
    url = f"/api/v1/history/{new_id()}/input"
    assert refused(client.get(url, headers=headers), 404, "not_found")["detail"]
