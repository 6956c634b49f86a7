"""Uploads in place of files, from a folder and from a bucket."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import update
from uploading import Uploader, change, stored

from api.config import Settings
from api.models import Upload, now

CLASSIFY = "/api/v1/classify"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Uploads of at most a megabyte."""
    return settings.model_copy(update={"upload_max_mb": 1})


def picture(colour: str = "navy") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def her(client: FlaskClient, ada: Any) -> Uploader:
    """Ada, who uploads files."""
    return Uploader(client, ada["headers"])


@pytest.fixture
def post(client: FlaskClient, ada: Any) -> Callable[..., Any]:
    """Asks for an inference as ada."""

    def send(path: str, **more: Any) -> Any:
        headers = {**ada["headers"], **more.pop("headers", {})}
        return client.post(f"/api/v1/{path}", headers=headers, **more)

    return send


def test_in_place_of_a_picture(storage_url: str, post: Any, her: Uploader) -> None:
    """As a query parameter or a field of either kind of form, beside options, again and again."""
    upload_id = her.upload(picture())
    direct = post("classify", data={"image": (io.BytesIO(picture()), "x")}).get_json()
    ways: list[tuple[str, dict[str, Any]]] = [
        (f"classify?upload_id={upload_id}", {}),
        (f"classify?upload_id={upload_id}", {"content_type": "image/png"}),
        ("classify", {"data": {"upload_id": upload_id}}),
        ("classify", {"data": {"upload_id": upload_id}, "content_type": "multipart/form-data"}),
        (f"classify?upload_id={upload_id}", {"data": {"upload_id": "", "language": "en"}}),
    ]
    for path, more in ways:
        answer = post(path, **more)
        assert answer.status_code == 200, answer.text
        assert answer.get_json()["predictions"] == direct["predictions"]
    answer = post("classify", data={"upload_id": upload_id, "top_k": "2"})
    assert len(answer.get_json()["predictions"]) == 2


def test_an_empty_field_is_none(post: Any) -> None:
    """A form that has a field for it and a file sends both."""
    form = {"image": (io.BytesIO(picture()), "x"), "upload_id": ""}
    assert post("classify", data=form).status_code == 200


def test_a_form_in_which_no_file_was_chosen(post: Any, her: Uploader, refused: Any) -> None:
    """Browsers and Swagger UI send the empty field too; words in it are no file."""
    upload_id = her.upload(picture())
    form = {"upload_id": upload_id, "image": "", "top_k": "1"}
    kind = {"content_type": "multipart/form-data"}
    assert post("classify", data=form, **kind).status_code == 200
    answer = post("classify", data={**form, "image": "x"}, **kind)
    refused(answer, 422, "validation_failed", "image")


def test_in_place_of_many(storage_url: str, post: Any, her: Uploader, refused: Any) -> None:
    """In their order; one that cannot be read does not fail the others."""
    ids = [her.upload(picture("navy")), her.upload(b"x"), her.upload(picture("red"))]
    query = "&".join(f"upload_id={one}" for one in ids)
    results = post(f"classify/batch?{query}").get_json()["results"]
    assert [isinstance(result, list) for result in results] == [True, False, True]
    form = post("classify/batch", data={"upload_id": [ids[2], ids[0]]}).get_json()["results"]
    assert form == [results[2], results[0]]
    too_many = "&".join([f"upload_id={ids[0]}"] * 33)
    refused(post(f"classify/batch?{too_many}"), 422, "validation_failed", "upload_id")


@pytest.mark.parametrize("route", ["classify", "ocr", "stt"])
def test_it_is_as_if_it_had_been_sent(post: Any, her: Uploader, route: str) -> None:
    """Each route says the same of what it cannot read."""
    direct = post(route, data=b"what is this", content_type="application/octet-stream")
    named = post(f"{route}?upload_id={her.upload(b'what is this')}")
    bodies = [{**answer.get_json(), "request_id": ""} for answer in (direct, named)]
    assert direct.status_code in (422, 503)
    assert bodies[0] == bodies[1]


def test_with_its_announced_type(post: Any, her: Uploader, refused: Any) -> None:
    """A PDF file that was announced as a picture is refused as one that is sent as such."""
    upload_id = her.upload(b"%PDF-1.7", media_type="image/png", size=8)
    refused(post(f"ocr?upload_id={upload_id}"), 415, "unsupported_media_type")


def test_once_by_its_key(app: Flask, post: Any, her: Uploader, rows: Any) -> None:
    """An Idempotency-Key is for the content, whichever way it came."""
    first, again = her.upload(picture()), her.upload(picture())
    answers = [
        post(f"classify?upload_id={one}", headers={"Idempotency-Key": "k"}).data
        for one in (first, again)
    ]
    assert answers[0] == answers[1]
    assert len(rows(app)["history"]) == 1


NEVER = "01890000-0000-7000-8000-000000000000"


def test_uploads_that_cannot_be_used(
    storage_url: str,
    app: Flask,
    client: FlaskClient,
    bob: Any,
    post: Any,
    her: Uploader,
    refused: Any,
    rows: Any,
) -> None:
    """Unknown, somebody else's, expired, not yet put, empty, too large: each is told."""
    there, expired, empty = (her.upload(content) for content in (b"x", b"x", b""))
    nothing = her.ask()["id"]
    mine = Upload.id == UUID(expired)
    change(app, update(Upload).where(mine).values(expires_at=now() - timedelta(seconds=1)))
    his = client.post(f"{CLASSIFY}?upload_id={there}", headers=bob["headers"])
    never = client.post(f"{CLASSIFY}?upload_id={NEVER}", headers=bob["headers"])
    assert {**refused(his, 404, "not_found"), "request_id": ""} == {
        **refused(never, 404, "not_found"),
        "request_id": "",
    }
    for path in ("classify", "classify/batch", "ocr", "stt"):
        for odd in ("x", "%00", "..", "1" * 500, "%C3%A9"):
            refused(post(f"{path}?upload_id={odd}"), 404, "not_found")
        refused(post(f"{path}?upload_id={expired}"), 422, "upload_expired")
        refused(post(f"{path}?upload_id={nothing}"), 422, "upload_missing")
    refused(post(f"classify?upload_id={empty}"), 422, "validation_failed", "upload_id")
    assert rows(app)["history"] == []


def test_too_large_to_be_used(
    storage_url: str, app: Flask, post: Any, her: Uploader, refused: Any
) -> None:
    """What S3 has taken without a limit, and what is too much all in all."""
    upload_id = her.upload(b"x" * 600_000)
    both = f"upload_id={upload_id}&upload_id={upload_id}"
    refused(post(f"classify/batch?{both}"), 413, "too_large")
    (name,) = stored(app)
    app.extensions["storage"].put(name, b"x" * 1_000_001)
    refused(post(f"classify?upload_id={upload_id}"), 413, "too_large")


def test_beside_a_file(post: Any, her: Uploader, refused: Any) -> None:
    """One or the other."""
    upload_id = her.upload(picture())
    form = {"image": (io.BytesIO(picture()), "x"), "upload_id": upload_id}
    sent: list[tuple[str, dict[str, Any]]] = [
        ("", {"data": form}),
        (f"?upload_id={upload_id}", {"data": picture(), "content_type": "image/png"}),
        (f"?upload_id={upload_id}", {"json": {}}),
    ]
    for query, more in sent:
        refused(post(f"classify{query}", **more), 422, "validation_failed", "upload_id")
    twice = f"classify?upload_id={upload_id}&upload_id={upload_id}"
    refused(post(twice), 422, "validation_failed", "upload_id")


def test_only_where_files_are_taken(
    client: FlaskClient, ada: Any, her: Uploader, refused: Any
) -> None:
    """Elsewhere there is no such field."""
    answer = client.get(f"/api/v1/history?upload_id={her.upload(b'x')}", headers=ada["headers"])
    refused(answer, 422, "validation_failed", "upload_id")


def test_it_is_documented(client: FlaskClient) -> None:
    """An optional parameter of each route that takes a file, which is then not needed."""
    paths = client.get("/openapi.json").get_json()["paths"]
    for path in ("/classify", "/classify/batch", "/ocr", "/stt"):
        operation = paths[path]["post"]
        (found,) = [p for p in operation["parameters"] if p["name"] == "upload_id"]
        assert (found["in"], found.get("required", False)) == ("query", False)
        kind = found["schema"]["type"]
        assert kind == ("array" if path == "/classify/batch" else "string")
        assert operation["requestBody"]["required"] is False
        assert "404" in operation["responses"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            shared = method == "parameters"
            names = [p["name"] for p in ([] if shared else operation.get("parameters", []))]
            assert shared or ("upload_id" in names) is (
                path in ("/classify", "/classify/batch", "/ocr", "/stt")
            )
