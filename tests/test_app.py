"""What the application is made of, and how the settings change that."""

import pytest
from flask import Flask

from api.app import create_app
from api.config import BadSetting, Settings


def paths(app: Flask) -> set[str]:
    return set(app.test_client().get("/openapi.json").get_json()["paths"])


def test_everything_by_default(app: Flask) -> None:
    """Without a setting, a process offers accounts and all services."""
    assert {"/auth/login", "/users/me", "/classify", "/models"} <= paths(app)


@pytest.mark.parametrize(
    ("chosen", "there", "absent"),
    [("accounts", "/auth/login", "/classify"), ("classify", "/classify", "/auth/login")],
)
def test_services_narrow_it(settings: Settings, chosen: str, there: str, absent: str) -> None:
    """PERCEPT_SERVICES chooses what is routed, documented and loaded."""
    app = create_app(settings.model_copy(update={"services": (chosen,)}))
    assert there in paths(app)
    assert absent not in paths(app)
    assert app.test_client().get(f"/api/v1{absent}").status_code == 404
    assert list(app.extensions["pools"]) == (["classify"] if chosen == "classify" else [])


def test_an_unknown_service(settings: Settings) -> None:
    """A service that there is not stops the start."""
    with pytest.raises(BadSetting, match="PERCEPT_SERVICES"):
        create_app(settings.model_copy(update={"services": ("telepathy",)}))


def test_registration_can_be_closed(settings: Settings) -> None:
    """With PERCEPT_REGISTRATION off, only administrators make accounts."""
    app = create_app(settings.model_copy(update={"registration": False}))
    body = {"email": "ada@example.com", "password": "ten thousand small lamps"}
    answer = app.test_client().post("/api/v1/auth/register", json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "registration_closed")


def test_proxy_headers_count_only_where_trusted(settings: Settings) -> None:
    """X-Forwarded-For names the client behind a trusted proxy, and nobody otherwise."""
    seen = []
    for trusted in (0, 1):
        app = create_app(settings.model_copy(update={"trusted_proxies": trusted}))
        app.add_url_rule("/who", "who", lambda: __import__("flask").request.remote_addr)
        answer = app.test_client().get("/who", headers={"X-Forwarded-For": "203.0.113.9"})
        seen.append(answer.text)
    assert seen == ["127.0.0.1", "203.0.113.9"]
