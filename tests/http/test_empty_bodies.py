"""Empty bodies that are sent in chunks, as proxies and some HTTP clients do, are no bodies."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

CHUNKED = {
    "wsgi.input_terminated": True,
    "HTTP_TRANSFER_ENCODING": "chunked",
    "CONTENT_LENGTH": "",
}
UPLOADS, CLASSIFY = "/api/v1/uploads", "/api/v1/classify"


def post(client: FlaskClient, url: str, headers: dict[str, str], body: bytes = b"") -> Any:
    stream = io.BytesIO(body)
    return client.post(url, headers=headers, input_stream=stream, environ_overrides=CHUNKED)


@pytest.fixture
def upload_id(client: FlaskClient, ada: Any) -> str:
    """An image that was put ahead."""
    made = client.post(UPLOADS, headers=ada["headers"]).get_json()
    image = io.BytesIO()
    Image.new("RGB", (64, 48), "navy").save(image, "PNG")
    path = made["url"].partition("localhost")[2]
    assert client.put(path, data=image.getvalue(), content_type="image/png").status_code == 204
    return str(made["id"])


@pytest.mark.parametrize("content_type", [None, "application/json"])
def test_an_optional_body(client: FlaskClient, ada: Any, content_type: str | None) -> None:
    """It counts as left out, whatever its type is."""
    more = {"Content-Type": content_type} if content_type else {}
    assert post(client, UPLOADS, {**ada["headers"], **more}).status_code == 201
    bearer = {"Authorization": f"Bearer {ada['refresh_token']}"}
    assert post(client, "/api/v1/auth/refresh", {**bearer, **more}).status_code == 200


def test_an_optional_body_that_is_there(client: FlaskClient, ada: Any) -> None:
    """It is read whole, and refused like any other."""
    headers = {**ada["headers"], "Content-Type": "application/json"}
    assert post(client, UPLOADS, headers, b'{"media_type": "image/png"}').status_code == 201
    assert post(client, UPLOADS, headers, b'{"colour": "red"}').status_code == 422
    assert post(client, UPLOADS, headers, b" " * 70_000).status_code == 413


def test_beside_an_upload(client: FlaskClient, ada: Any, upload_id: str) -> None:
    """The upload is used; a body with as much as one byte is a file beside it."""
    url = f"{CLASSIFY}?upload_id={upload_id}"
    assert post(client, url, ada["headers"], b"x").status_code == 422
    assert post(client, url, ada["headers"]).status_code == 200
