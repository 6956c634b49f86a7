"""Which web pages may call: exactly the listed origins."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from api.config import Settings

GOOD, LIVE = "https://good.com", "/health/live"
EXPOSED = {"Accept-Ranges", "Allow", "Content-Disposition", "Content-Location", "Content-Range"}
EXPOSED |= {"Content-Language", "Language-Confidence"}
EXPOSED |= {"ETag", "Link", "Location", "Preference-Applied", "RateLimit", "RateLimit-Policy"}
EXPOSED |= {"Retry-After", "WWW-Authenticate", "X-Request-Id"}
ALLOWED = "Access-Control-Allow-Origin"
BAD = [
    "null",
    "https://evil.com",
    "http://good.com",
    "https://good.com.evil.com",
    "https://evil.com/https://good.com",
    "https://GOOD.com",
    "HTTPS://good.com",
    "https://good.com:8443",
    "https://good.com/",
    "https://goodxcom",
    "https://xgood.com",
    "https://a.good.com",
    "https://good.com, https://evil.com",
    " ",
    "*",
]


def client_for(folder: Path, *origins: str) -> FlaskClient:
    return create_app(
        Settings(data_dir=folder, cors_origins=origins, log_level="error")
    ).test_client()


@pytest.fixture
def listed(tmp_path: Path) -> FlaskClient:
    """Two origins may call, one of them with a port."""
    return client_for(tmp_path, GOOD, "http://localhost:3000")


@pytest.mark.parametrize("origin", [GOOD, "http://localhost:3000"])
@pytest.mark.parametrize("path", [LIVE, "/api/v1/users/me", "/nothing", "/openapi.json"])
def test_listed(listed: FlaskClient, origin: str, path: str) -> None:
    """A listed origin is answered by its name, on refusals too, and never with credentials."""
    answer = listed.get(path, headers={"Origin": origin})
    assert answer.headers.getlist(ALLOWED) == [origin]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    exposed = answer.headers["Access-Control-Expose-Headers"]
    assert set(exposed.split(", ")) == EXPOSED


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_not_listed(listed: FlaskClient, method: str) -> None:
    """Nobody else is: not a part, not another scheme, case or port."""
    for origin in BAD:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = listed.open("/api/v1/users/me", method=method, headers=asked)
        assert not [n for n, _ in answer.headers if n.startswith("Access-Control-")], origin


@pytest.mark.parametrize("origin", [None, GOOD, "https://evil.com"])
def test_caches_are_told(listed: FlaskClient, origin: str | None) -> None:
    """Vary names Origin always, or a cache would hand one origin's answer to another."""
    answer = listed.get(LIVE, headers={"Origin": origin} if origin else {})
    assert "Origin" in answer.vary


def test_preflight_needs_no_token(listed: FlaskClient) -> None:
    """A browser may ask whether it may ask."""
    asked = {
        "Origin": GOOD,
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
    }
    answer = listed.options("/api/v1/users/me", headers=asked)
    assert answer.status_code in (200, 204)
    assert answer.headers[ALLOWED] == GOOD
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]
    granted = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert set(granted) == {"authorization", "content-type", "idempotency-key"}
    assert int(answer.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("origins", [("*",), (GOOD, "*")])
def test_everybody(tmp_path: Path, origins: tuple[str, ...]) -> None:
    """`*` is answered as such, never by name, and never with credentials."""
    answer = client_for(tmp_path, *origins).get(LIVE, headers={"Origin": "https://evil.com"})
    assert answer.headers[ALLOWED] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_origins_are_not_patterns(tmp_path: Path) -> None:
    """A dot in a listed origin stands for nothing but a dot."""
    client = client_for(tmp_path, "https://a.good.com", "capacitor://localhost")
    for origin in ("https://a-good.com", "https://a.good.com.evil.com", "https://evil.com"):
        assert ALLOWED not in client.get(LIVE, headers={"Origin": origin}).headers


def test_off_by_default(client: FlaskClient) -> None:
    """Without the setting no page may call."""
    answer = client.get(LIVE, headers={"Origin": GOOD})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize("origins", [(), (GOOD,)])
def test_the_log_tells_who_was_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], origins: tuple[str, ...]
) -> None:
    """Once for each origin, up to a limit; not of listed ones and not of the server's own pages."""
    settings = Settings(data_dir=tmp_path, cors_origins=origins, public_url="https://own.com/api")
    client = create_app(settings).test_client()
    for origin in ("https://evil.com", "https://evil.com", "https://own.com", *origins):
        client.get(LIVE, headers={"Origin": origin})
    client.get(LIVE, headers={"Origin": "http://localhost"})
    client.get(LIVE)
    (told,) = told_of_origins(capsys)
    assert "https://evil.com" in told
    assert "PERCEPT_CORS_ORIGINS" in told
    for number in range(30):
        client.get(LIVE, headers={"Origin": f"https://{number}.com"})
    assert len(told_of_origins(capsys)) == 19


def told_of_origins(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = map(json.loads, capsys.readouterr().err.splitlines())
    return [line["message"] for line in lines if line["logger"] == "api.http.cors"]
