"""The documentation page: offline, without inline scripts, and nothing beside it is served."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

Refused = Callable[..., dict[str, Any]]
LOADED = re.compile(r'(?:src|href)="([^"]+)"')


def test_home_leads_to_the_docs(client: FlaskClient) -> None:
    """/ is 302 to /docs, on whatever host it was asked."""
    answer = client.get("/", headers={"Host": "evil.com"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/docs")


def test_works_offline(client: FlaskClient) -> None:
    """The page names only files of this server, and all of them load."""
    page = client.get("/docs")
    assert page.mimetype == "text/html"
    files = LOADED.findall(page.text)
    assert len(files) >= 5
    for name in files:
        assert name.startswith("/")
        assert not name.startswith("//")
        answer = client.get(name)
        assert (answer.status_code, len(answer.data) > 100) == (200, True), name
        answer.close()
    assert "http:" not in page.text
    assert "https:" not in page.text


def test_styles_and_start_stay_here_too(client: FlaskClient) -> None:
    """What the loaded style sheets and our own script load is local as well."""
    page = client.get("/docs")
    ours = [n for n in LOADED.findall(page.text) if n.endswith((".css", "start.js"))]
    for name in ours:
        with client.get(name) as answer:
            text = re.sub(r"/\*.*?\*/", "", answer.text, flags=re.DOTALL)
            assert not re.search(r"(url\(|@import |url: )['\"]?(https?:)?//", text), name


def test_no_inline_script(client: FlaskClient) -> None:
    """The policy forbids inline scripts, and the page has none."""
    page = client.get("/docs")
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page.text, re.DOTALL)
    assert all("src=" in attributes and not body.strip() for attributes, body in scripts)
    assert not re.search(r"\son\w+=", page.text)
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "media-src blob:;" in policy
    assert "frame-ancestors 'none'" in policy


def test_authorize_takes_a_bearer_token(client: FlaskClient) -> None:
    """The document that the page shows has a bearer scheme, which gives the Authorize button."""
    schemes = client.get("/openapi.json").get_json()["components"]["securitySchemes"]
    assert schemes["bearer"]["type"] == "http"
    assert schemes["bearer"]["scheme"] == "bearer"


OUTSIDE = [
    "../__init__.py",
    "..%2f__init__.py",
    "%2e%2e/__init__.py",
    "%252e%252e/__init__.py",
    "..\\__init__.py",
    "..%5c__init__.py",
    "....//__init__.py",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "start.js%00.css",
    "",
    ".",
    "x" * 2000,
]


@pytest.mark.parametrize("folder", ["/swaggerui/", "/docs/static/"])
def test_no_way_out(client: FlaskClient, refused: Refused, folder: str) -> None:
    """Only the files of the page are served: nothing above, beside or below, and no listing."""
    for path in OUTSIDE:
        answer = client.get(folder + path)
        assert answer.status_code in (308, 404), path
        refused(answer, answer.status_code)


@pytest.mark.parametrize("path", ["/console", "/swagger", "/api/v1", "/api/v1/swagger.json"])
def test_nothing_else_is_served(client: FlaskClient, refused: Refused, path: str) -> None:
    """No debugger and none of flask-restx's own pages."""
    refused(client.get(path), 404)
