"""Odd methods and addresses, sent to a real server as they are: it stays well."""

import time

import httpx
import pytest
from raw import Say, head
from servers import Server

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("stays_well")]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "FOO", "PROPFIND", "PUT"])
@pytest.mark.parametrize("path", ["/api/v1/users/me", "/api/v1/classify", "/health/live"])
def test_methods(say: Say, method: str, path: str) -> None:
    """A method that an address does not know is 405, with those that it knows in Allow."""
    answer = say(head(method.encode(), path.encode()), method=method)
    assert answer.status == 405
    assert method not in answer.headers["Allow"]
    assert answer.headers["Content-Type"] == "application/problem+json"


PATHS = ("/health/live", "/docs", "/openapi.json", "/metrics", "/nothing", "/api/v1/users/me", "/")


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_a_body(server: Server, path: str) -> None:
    """The same status and headers, and nothing after them."""
    changing = {"date", "x-request-id", "connection"}
    changing |= {"content-length"} if path == "/metrics" else set()
    got, headed = (httpx.request(method, server.url + path) for method in ("GET", "HEAD"))
    assert headed.status_code == got.status_code
    assert headed.content == b""
    first, second = (
        {k: v for k, v in answer.headers.items() if k not in changing} for answer in (got, headed)
    )
    assert first == second


def test_options(server: Server) -> None:
    """OPTIONS names the methods, without a token."""
    answer = httpx.options(server.url + "/api/v1/users/me")
    assert answer.status_code in (200, 204)
    assert {"GET", "PATCH", "DELETE"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    "path",
    [
        "/swaggerui/../__init__.py",
        "/swaggerui/%2e%2e/__init__.py",
        "/swaggerui/%252e%252e/__init__.py",
        "/swaggerui/..\\__init__.py",
        "/docs/static/../../docs.py",
        "/docs/static/%2e%2e%2f%2e%2e%2fdocs.py",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "http://evil.com/docs/static/../start.js",
    ],
)
def test_no_way_out(say: Say, path: str) -> None:
    """Addresses as they are, which clients would tidy up: only files of the page are served."""
    answer = say(head(b"GET", path.encode()), method="GET")
    assert answer.status in (308, 400, 404)
    assert b"import" not in answer.read()


@pytest.mark.parametrize(
    "ranges", ["bytes=0-9", "bytes=99999999-", "bytes=" + "0-1," * 1500 + "2-3"]
)
def test_ranges(server: Server, ranges: str) -> None:
    """Files may be had in parts; thousands of parts are no more work than one."""
    waits = []
    for _ in range(3):
        started = time.monotonic()
        answer = server.get("/swaggerui/swagger-ui.css", headers={"Range": ranges})
        waits.append(time.monotonic() - started)
        assert answer.status_code in (200, 206, 416)
    assert min(waits) < 0.5
    assert len(answer.content) <= len(server.get("/swaggerui/swagger-ui.css").content)
