"""Behind a trusted proxy that strips a path: what leads to this server has the path."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from api.app import create_app
from api.config import Settings
from api.extensions import db
from api.http.paging import answer
from api.http.proxies import public

Asked = Callable[..., Any]
HEADER = "X-Forwarded-Prefix"


@pytest.fixture
def behind(settings: Settings) -> Callable[[int], Flask]:
    """The application behind so many trusted proxies."""

    def make(proxies: int) -> Flask:
        app = create_app(settings.model_copy(update={"trusted_proxies": proxies}))
        app.add_url_rule("/who", "who", lambda: public("/who"))
        app.add_url_rule(
            "/list", "list", lambda: Response(headers=answer("ab", 1, str, lambda _: {})[2])
        )
        return app

    return make


@pytest.mark.parametrize(
    ("proxies", "sent", "root"),
    [
        (1, "/percept", "/percept"),
        (1, "/percept/", "/percept"),
        (1, "/tools/v1.2/percept_a~b", "/tools/v1.2/percept_a~b"),
        (2, "/tools, /percept", "/tools/percept"),
        (2, "/percept", "/percept"),
        (1, "/theirs, /percept", "/percept"),
        (0, "/percept", ""),
        *[
            (1, odd, "")
            for odd in (
                "", "/", "percept", "//evil.com", "/a//b", "https://evil.com", "/..", "/a/../b",
                "/.", "/a b", "/a\\b", "/%2f", "/a?b", "/a#b", '/"', "/<b>", "/ä", "\\evil.com",
            )
        ],
    ],
)  # fmt: skip
def test_the_prefix(behind: Any, proxies: int, sent: str, root: str) -> None:
    """Plain paths of trusted proxies count, in the order of the proxies; nothing else does."""
    environ = {"HTTP_X_FORWARDED_PREFIX": sent.encode().decode("latin-1")}
    client = behind(proxies).test_client()
    assert client.get("/who", environ_overrides=environ).text == f"{root}/who"


@pytest.fixture
def prefixed(behind: Any) -> FlaskClient:
    """A client behind a proxy that strips /percept."""
    app = behind(1)
    with app.app_context():
        db.create_all()
    client: FlaskClient = app.test_client()
    client.environ_base[f"HTTP_{HEADER.upper().replace('-', '_')}"] = "/percept"
    return client


def test_the_documentation(prefixed: FlaskClient) -> None:
    """The page, what it loads, and both documents; the next request of another path has its own."""
    assert prefixed.get("/").headers["Location"] == "/percept/docs"
    page = prefixed.get("/docs").text
    assert '"/percept/swaggerui/swagger-ui-bundle.js"' in page
    assert '"/percept/docs/static/start.js"' in page
    assert '"/swaggerui' not in page
    assert prefixed.get("/openapi.json").get_json()["servers"] == [{"url": "/percept/api/v1"}]
    assert prefixed.get("/swagger.json").get_json()["basePath"] == "/percept/api/v1"
    other = prefixed.get("/openapi.json", headers={HEADER: "/other"})
    assert other.get_json()["servers"] == [{"url": "/other/api/v1"}]


@pytest.mark.parametrize("path", ["/docs/", "/docs/?a=b"])
def test_redirects(prefixed: FlaskClient, path: str) -> None:
    """To the address without the slash too much, below the same path."""
    moved = prefixed.get(path)
    assert moved.status_code == 308
    assert moved.headers["Location"] == "/percept/docs" + ("?a=b" if "?" in path else "")


def test_links_of_lists(prefixed: FlaskClient) -> None:
    """The next page of a list."""
    assert prefixed.get("/list").headers["Link"].startswith("</percept/list?")


def test_uploads(prefixed: FlaskClient) -> None:
    """Where an upload is, and where its file is to be put, which works below the path."""
    person = {"email": "ada@example.com", "password": "ten thousand small lamps"}
    prefixed.post("/api/v1/auth/register", json=person)
    token = prefixed.post("/api/v1/auth/login", json=person).get_json()["access_token"]
    made = prefixed.post(
        "/api/v1/uploads",
        headers={"Authorization": f"Bearer {token}", "X-Forwarded-Host": "percept.example"},
    )
    assert made.headers["Location"].startswith("/percept/api/v1/uploads/")
    start = "http://percept.example/percept"
    assert made.get_json()["url"].startswith(f"{start}/api/v1/uploads/")
    put = prefixed.put(made.get_json()["url"].removeprefix(start), data=b"abc")
    assert put.status_code == 204
