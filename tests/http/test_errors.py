"""Whatever goes wrong, wherever: one shape, the right status, and nothing of the inside."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from flask import Flask, Response, abort
from flask.testing import FlaskClient
from flask_restx import Namespace, Resource
from sqlalchemy.exc import OperationalError

Refused = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/api/v1/users/1", 404, "not_found"),
        ("GET", "/api/v1/users/%00", 404, "not_found"),
        ("GET", "/api/v1/users/" + "9" * 400, 404, "not_found"),
        ("GET", "/swaggerui/nothing.js", 404, "not_found"),
        ("GET", "/docs/static/nothing.js", 404, "not_found"),
        ("POST", "/health/live", 405, "method_not_allowed"),
        ("DELETE", "/openapi.json", 405, "method_not_allowed"),
        ("GET", "/api/v1/auth/login", 405, "method_not_allowed"),
        ("TRACE", "/api/v1/classify", 405, "method_not_allowed"),
        ("PROPFIND", "/api/v1/users/me", 405, "method_not_allowed"),
        ("FOO", "/docs", 405, "method_not_allowed"),
        ("GET", "/api/v1/users/me", 401, "not_signed_in"),
        ("POST", "/api/v1/classify", 401, "not_signed_in"),
        ("POST", "/api/v1/auth/login", 415, "unsupported_media_type"),
    ],
)
def test_refusals(
    client: FlaskClient, refused: Refused, method: str, path: str, status: int, code: str
) -> None:
    """Frameworks' own refusals have the shape of ours; 405 names the methods, 401 the scheme."""
    answer = client.open(path, method=method)
    refused(answer, status, code)
    assert ("Allow" in answer.headers) == (status == 405)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override"])
def test_methods_cannot_be_overridden(client: FlaskClient, refused: Refused, name: str) -> None:
    """A header or field that names another method is not heeded."""
    answer = client.post("/api/v1/users/me?_method=GET", headers={name: "GET"})
    refused(answer, 405)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/docs/", "/docs"),
        ("/health/live/?a=%20b", "/health/live?a=%20b"),
        ("/api/v1/users/", "/api/v1/users"),
        ("/api/v1//users", "/api/v1/users"),
        ("/folder", "/folder/"),
    ],
)
def test_a_slash_too_much_or_too_few(
    app: Flask, client: FlaskClient, refused: Refused, path: str, place: str
) -> None:
    """308 to the right address on this very host, whatever Host says, as problem+json too."""
    app.add_url_rule("/folder/", view_func=lambda: "")
    answer = client.get(path, headers={"Host": "evil.com"})
    refused(answer, 308, "moved")
    assert answer.headers["Location"] == place


def test_a_slash_after_nothing_is_not_found(client: FlaskClient, refused: Refused) -> None:
    """There is no redirect to an address that does not exist either."""
    refused(client.get("/api/v1/nothing/"), 404, "not_found")


@pytest.fixture
def crashing(app: Flask) -> FlaskClient:
    """A client of the application with views that fail in many ways."""

    def fail(how: str) -> NoReturn:
        if how == "bug":
            raise RuntimeError("the password is hunter2")
        if how == "database":
            raise OperationalError("SELECT secret", {}, Exception("could not connect to 10.0.0.1"))
        abort(int(how))

    namespace = Namespace("fail")

    @namespace.route("/<how>")
    class Fail(Resource):
        def get(self, how: str) -> Response:
            fail(how)

    app.extensions["api"].add_namespace(namespace)
    app.add_url_rule("/fail/<how>", view_func=fail)
    return app.test_client()


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("bug", 500, "internal_error"),
        ("database", 503, "not_available"),
        ("400", 400, "malformed"),
        ("406", 406, "not_acceptable"),
        ("413", 413, "too_large"),
        ("415", 415, "unsupported_media_type"),
    ],
)
def test_crashes_and_aborts(
    crashing: FlaskClient, refused: Refused, prefix: str, how: str, status: int, code: str
) -> None:
    """With TESTING off, in routes of flask-restx and outside of them; secrets stay inside."""
    answer = crashing.get(f"{prefix}/fail/{how}")
    refused(answer, status, code)
    assert not any(word in answer.text for word in ("hunter2", "secret", "10.0.0.1", "Runtime"))
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    ("accept_language", "title"),
    [
        ("es", "No encontrado"),
        ("es-MX, en;q=0.5", "No encontrado"),
        ("en, es;q=0.5", "Not found"),
        ("fr", "Not found"),
        ("\x00, ;;q=x", "Not found"),
        ("", "Not found"),
    ],
)
def test_language(client: FlaskClient, refused: Refused, accept_language: str, title: str) -> None:
    """Titles follow Accept-Language; the code never changes."""
    answer = client.get("/nothing", headers={"Accept-Language": accept_language})
    assert refused(answer, 404, "not_found")["title"] == title


def test_fields_in_spanish(client: FlaskClient, refused: Refused) -> None:
    """What is wrong with a field is said in the caller's language, its name is not translated."""
    answer = client.post("/api/v1/auth/login", json={}, headers={"Accept-Language": "es"})
    errors = refused(answer, 422, "validation_failed")["errors"]
    assert {e["field"] for e in errors} == {"email", "password"}
    assert all("required" not in e["message"] for e in errors)


@pytest.mark.parametrize("accept", ["text/html", "image/png", "*/*;q=0", "nonsense"])
def test_accept(client: FlaskClient, refused: Refused, accept: str) -> None:
    """An odd Accept gets JSON, and errors stay problem+json."""
    assert client.get("/health/live", headers={"Accept": accept}).is_json
    refused(client.get("/api/v1/users/me", headers={"Accept": accept}), 401)
