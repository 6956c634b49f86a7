"""Files: a multipart field or the raw body, one and not empty, of a known kind and size."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.http import forms

Refused = Callable[..., dict[str, Any]]
ONE, MANY = "/api/v1/count", "/api/v1/count/many"
FILE = b"\x89PNG and so on"
CHUNKED = {
    "wsgi.input_terminated": True,
    "HTTP_TRANSFER_ENCODING": "chunked",
    "CONTENT_LENGTH": "",
}


@pytest.fixture
def client(counting: Flask) -> FlaskClient:
    counting.config["MAX_CONTENT_LENGTH"] = 100_000
    return counting.test_client()


def file(content: bytes = FILE, name: str = "a.png") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


@pytest.mark.parametrize(
    ("sent", "content_type"),
    [
        ({"image": "file"}, "multipart/form-data"),
        (FILE, "image/png"),
        (FILE, "image/webp; q=1"),
        (FILE, "IMAGE/JPEG"),
        (FILE, "image/jpg"),
        (FILE, "Image/X-PNG"),
        (FILE, "application/octet-stream"),
    ],
)
def test_accepted(client: FlaskClient, sent: Any, content_type: str) -> None:
    """A multipart field and the raw body carry the same bytes."""
    data = {"image": file()} if isinstance(sent, dict) else sent
    answer = client.post(ONE, data=data, content_type=content_type)
    assert answer.get_json() == {"size": len(FILE), "top_k": 5}


def test_options_beside_the_file(client: FlaskClient) -> None:
    """Options are form fields beside the file, or query parameters beside either."""
    form = client.post(ONE, data={"image": file(), "top_k": "7"})
    query = client.post(f"{ONE}?top_k=7", data={"image": file()})
    raw = client.post(f"{ONE}?top_k=7", data=FILE, content_type="image/png")
    assert form.get_json() == query.get_json() == raw.get_json() == {"size": len(FILE), "top_k": 7}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, {"image"}),
        ({"image": "text"}, {"image"}),
        ({"file": "FILE"}, {"file", "image"}),
        ({"image": "FILE", "other": "FILE"}, {"other"}),
        ({"image": ["FILE", "FILE"]}, {"image"}),
        ({"image": "EMPTY"}, {"image"}),
        ({"image": "FILE", "colour": "red"}, {"colour"}),
    ],
)
def test_wrong_fields(
    client: FlaskClient, refused: Refused, fields: dict[str, Any], named: set[str]
) -> None:
    """Missing, as text, under another name, twice, empty, or beside something unknown: 422."""

    def real(value: Any) -> Any:
        if isinstance(value, list):
            return [real(v) for v in value]
        return {"FILE": file(), "EMPTY": file(b"")}.get(value, value)

    data = {name: real(value) for name, value in fields.items()}
    answer = client.post(ONE, data=data, content_type="multipart/form-data")
    assert {e["field"] for e in refused(answer, 422, "validation_failed")["errors"]} == named


@pytest.mark.parametrize("path", [ONE, MANY])
@pytest.mark.parametrize(
    "content_type", [None, "", "text/plain", "image/svg+xml", "application/json", "image", "a/b/c"]
)
def test_wrong_kind(
    client: FlaskClient, refused: Refused, path: str, content_type: str | None
) -> None:
    """A body of no or another media type is 415."""
    refused(client.post(path, data=FILE, content_type=content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("path", [ONE, MANY])
def test_compressed(client: FlaskClient, refused: Refused, path: str) -> None:
    """So is a compressed one, whatever is in it."""
    headers = {"Content-Encoding": "gzip"}
    refused(client.post(path, data={"image": file()}, headers=headers), 415)


BEGUN = b"--b\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\nabc"
ENDED = b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("boundary", "body"),
    [
        ("", BEGUN + ENDED),
        ("; boundary=", BEGUN + ENDED),
        ("; boundary=ñ", BEGUN + ENDED),
        ("; boundary=b", BEGUN),
        ("; boundary=c", BEGUN + ENDED),
        (f"; boundary={'b' * 1000}", (BEGUN + ENDED).replace(b"--b", b"--" + b"b" * 1000)),
        ("; boundary=b", b"--b\r\nX: " + b"x" * 90_000),
        ("; boundary=b", b"--b\r\n\r\n\r\nx" + ENDED),
        ("; boundary=b", b"\r\n" * 40_000),
        ("; boundary=b", BEGUN.replace(b"name=image; ", b"") + ENDED),
        ("; boundary=b", BEGUN.replace(b"name=image; filename=a", b"") + ENDED),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_broken_multipart(
    client: FlaskClient, refused: Refused, boundary: str, body: bytes
) -> None:
    """Without a boundary, an end or a name: malformed, not taken for an empty form."""
    answer = client.post(ONE, data=body, content_type=f"multipart/form-data{boundary}")
    refused(answer, 400, "malformed")


LONG = b"x" * 100_000
HEADS = {
    "an own field": BEGUN.replace(b"\r\n\r\n", b"\r\nX: " + LONG + b"\r\n\r\n"),
    "a file name": BEGUN.replace(b"filename=a", b"filename=" + LONG),
    "a media type": BEGUN.replace(b"\r\n\r\n", b"\r\nContent-Type: a/" + LONG + b"\r\n\r\n"),
    "many lines": BEGUN.replace(b"\r\n\r\n", b"\r\n" + b"X: y\r\n" * 20_000 + b"\r\n"),
    "no file": BEGUN.replace(b"; filename=a\r\n", b"\r\nX: " + LONG + b"\r\n"),
}


@pytest.mark.parametrize("head", HEADS)
def test_a_large_head_of_a_part(client: FlaskClient, refused: Refused, head: str) -> None:
    """A part's head of 100 kB is too large, whatever is in it."""
    body = HEADS[head] + ENDED
    answer = client.post(ONE, data=body, content_type="multipart/form-data; boundary=b")
    refused(answer, 413, "too_large")


def test_raw_and_empty(client: FlaskClient, refused: Refused) -> None:
    """An empty raw body is an empty file."""
    problem = refused(client.post(ONE, content_type="image/png"), 422)
    assert [e["field"] for e in problem["errors"]] == ["image"]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("kind", ["raw", "multipart"])
@pytest.mark.parametrize(("size", "status"), [(99_000, 200), (100_001, 413), (400_000, 413)])
def test_size(
    client: FlaskClient, refused: Refused, kind: str, chunked: bool, size: int, status: int
) -> None:
    """Over the limit is 413 and never cut off, whether or not the length was announced."""
    body = b"x" * size
    data, content_type = (body, "image/png") if kind == "raw" else ({"image": file(body)}, None)
    more = {"environ_overrides": CHUNKED} if chunked else {}
    answer = client.post(ONE, data=data, content_type=content_type, **more)
    assert answer.status_code == status
    if status == 413:
        refused(answer, 413, "too_large")
    else:
        assert answer.get_json()["size"] == size


def test_too_many_parts_and_too_much_text(
    counting: Flask, client: FlaskClient, refused: Refused
) -> None:
    """More than 100 parts, or half a megabyte of text, is 413."""
    counting.config["MAX_CONTENT_LENGTH"] = 2_000_000
    part = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n%s\r\n'
    for body in (part % b"x" * 1100, part % (b"1" * 600_000)):
        answer = client.post(
            ONE, data=body + b"--b--\r\n", content_type="multipart/form-data; boundary=b"
        )
        refused(answer, 413, "too_large")


def test_temporary_files_are_closed(
    counting: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files on disk go away with the request, also those of a form that breaks off."""
    opened: list[Any] = []
    make = forms.Request._get_file_stream

    def keep(*args: Any, **kwargs: Any) -> Any:
        opened.append(make(*args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(forms.Request, "_get_file_stream", keep)
    kind = "multipart/form-data; boundary=b"
    for body, status in ((BEGUN + ENDED, 200), (BEGUN, 400)):
        assert client.post(ONE, data=body, content_type=kind).status_code == status
        assert opened.pop().closed


def test_many(client: FlaskClient, refused: Refused) -> None:
    """Several files keep their order, empty ones their place; too many are refused."""
    sizes = [5, 0, 7]
    data = {"image": [file(b"x" * size) for size in sizes]}
    assert client.post(MANY, data=data).get_json() == sizes
    four = {"image": [file() for _ in range(4)]}
    refused(client.post(MANY, data=four), 422, "validation_failed")


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a\0b", "x" * 5000, "ñ.png", "a.exe"])
def test_names_of_files_do_not_matter(client: FlaskClient, name: str) -> None:
    """A file's name is never used, so none can do harm."""
    answer = client.post(ONE, data={"image": file(name=name or "blob")})
    assert answer.get_json()["size"] == len(FILE)


def test_names_of_lists(client: FlaskClient, refused: Refused) -> None:
    """`image[]`, as axios and PHP write it, is `image`; another name stays an unknown field."""
    assert client.post(ONE, data={"image[]": file()}).get_json()["size"] == len(FILE)
    both = {"image[]": [file(), file()], "image": file()}
    assert client.post(MANY, data=both).status_code == 200
    answer = client.post(ONE, data={"image[]": file(), "image": file()})
    assert refused(answer, 422)["errors"][0]["field"] == "image"
    refused(client.post(ONE, data={"picture[]": file()}), 422, "validation_failed")


def test_a_form_without_boundary(client: FlaskClient, refused: Refused) -> None:
    """Who sets the Content-Type by hand is told what is missing."""
    answer = client.post(ONE, data=BEGUN + ENDED, content_type="multipart/form-data")
    assert "boundary" in refused(answer, 400, "malformed")["detail"]
