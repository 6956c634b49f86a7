"""JSON bodies: what is not JSON, what is too much of it, and what the schema does not know."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

Refused = Callable[..., dict[str, Any]]
LOGIN = "/api/v1/auth/login"
GOOD = b'{"email": "a@example.com", "password": "x"}'
JSON = "application/json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"email=a",
        b"{'email': 'a'}",
        b'{"email": NaN}',
        b'{"email": -Infinity}',
        b'{"email": 1e400}',
        b'{"email": "a", "email": "b"}',
        b'{"a": {"b": 1, "b": 2}}',
        b"\xff\xfe{}",
        GOOD.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + GOOD,
        b"[" * 30_000,
        b'{"a":' * 10_000,
        b'{"email": ' + b"9" * 5000 + b"}",
        GOOD + b"x",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_malformed(client: FlaskClient, refused: Refused, body: bytes) -> None:
    """What strict JSON in UTF-8 does not allow is 400."""
    refused(client.post(LOGIN, data=body, content_type=JSON), 400, "malformed")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 401),
        ("application/json; charset=utf-8", 401),
        ("Application/JSON", 401),
        ("application/vnd.percept+json", 401),
        ("text/plain", 415),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data", 415),
        ("application/jsonx", 415),
        (None, 415),
    ],
)
def test_media_types(
    client: FlaskClient, refused: Refused, content_type: str | None, status: int
) -> None:
    """Only what calls itself JSON is read as JSON."""
    refused(client.post(LOGIN, data=GOOD, content_type=content_type), status)


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP", "identity, gzip"])
def test_compressed(client: FlaskClient, refused: Refused, encoding: str) -> None:
    """A compressed body is 415: it could unpack to any size."""
    headers = {"Content-Encoding": encoding}
    refused(client.post(LOGIN, data=GOOD, content_type=JSON, headers=headers), 415)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [65_537, 1_000_000])
def test_too_large(client: FlaskClient, refused: Refused, size: int, chunked: bool) -> None:
    """Over 64 KiB is 413, whether or not the length was announced."""
    body = json.dumps({"email": "a", "password": "x" * size}).encode()
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    more = {"environ_overrides": {**environ, "CONTENT_LENGTH": ""}} if chunked else {}
    refused(client.post(LOGIN, data=body, content_type=JSON, **more), 413, "too_large")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("[]", {"body"}),
        ('"text"', {"body"}),
        ("null", {"body"}),
        ("{}", {"email", "password"}),
        ('{"email": 5, "password": []}', {"email", "password"}),
        ('{"email": null, "password": "x"}', {"email"}),
        ('{"email": "a", "password": "x", "admin": true}', {"admin"}),
        ('{"email": "a", "password": "x", "a": 1, "b": 2}', {"a", "b"}),
        ('{"email": "a\\u0000", "password": "x"}', {"email"}),
        ('{"email": "\\ud800", "password": "x"}', {"email"}),
        ('{"email": "a", "password": "x", "\\ud800": 1}', {"?"}),
    ],
)
def test_fields(client: FlaskClient, refused: Refused, body: str, fields: set[str]) -> None:
    """Every field that is wrong, missing, unknown or cannot be stored is named at once."""
    answer = client.post(LOGIN, data=body, content_type=JSON)
    problem = refused(answer, 422, "validation_failed")
    assert {error["field"] for error in problem["errors"]} == fields
    assert all(error["message"] for error in problem["errors"])


def test_a_field_within_a_list(client: FlaskClient, refused: Refused, ada: dict[str, Any]) -> None:
    """A wrong entry of a list is named with its place."""
    body = {"name": "k", "scopes": ["classify", "everything"]}
    answer = client.post("/api/v1/auth/api-keys", json=body, headers=ada["headers"])
    assert [e["field"] for e in refused(answer, 422)["errors"]] == ["scopes.1"]
