"""Headers that keep browsers and caches from doing harm, on every answer."""

from typing import Any

import pytest
from flask.testing import FlaskClient

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/docs"),
        ("GET", "/docs/static/start.js"),
        ("GET", "/swaggerui/swagger-ui.css"),
        ("GET", "/openapi.json"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/metrics"),
        ("GET", "/nothing"),
        ("POST", "/nothing"),
        ("OPTIONS", "/api/v1/users/me"),
        ("GET", "/api/v1/users/me"),
        ("POST", "/api/v1/auth/login"),
        ("DELETE", "/docs"),
        ("GET", "/api/v1/users/"),
    ],
)
def test_every_answer(client: FlaskClient, method: str, path: str) -> None:
    """Good or bad, ours or the framework's; no cookie is ever set."""
    with client.open(path, method=method) as answer:
        assert {name: answer.headers.get(name) for name in ALWAYS} == ALWAYS
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in answer.headers
        assert "Server" not in answer.headers


def test_nothing_of_a_person_is_cached(client: FlaskClient, ada: dict[str, Any]) -> None:
    """Whatever a signed-in person is told stays out of caches."""
    for path in ("users/me", "auth/sessions", "models", "users"):
        answer = client.get(f"/api/v1/{path}", headers=ada["headers"])
        assert answer.headers["Cache-Control"] == "no-store"


def test_no_sniffing_of_content(client: FlaskClient) -> None:
    """JSON is called JSON, and only the page is called HTML."""
    assert client.get("/health/live").content_type == "application/json"
    assert client.get("/docs").content_type == "text/html; charset=utf-8"
    assert client.get("/metrics").content_type.startswith("text/plain")
