"""The published document: valid, whole, in step with the code, and true of real answers."""

import io
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator

from api.app import PREFIX
from api.cli.openapi import FILE, document
from api.http.openapi import METHODS

Operation = tuple[str, str, dict[str, Any]]
Document = dict[str, Any]


@pytest.fixture
def published(client: FlaskClient) -> Document:
    return client.get("/openapi.json").get_json()  # type: ignore[no-any-return]


def operations(published: Document) -> list[Operation]:
    return [
        (method, path, item[method])
        for path, item in published["paths"].items()
        for method in METHODS
        if method in item
    ]


def schema_errors(published: Document, schema: dict[str, Any], value: Any) -> list[str]:
    """What is wrong with a value, by a schema of the document."""
    whole = {**schema, "components": published["components"]}
    return [error.message for error in OAS30Validator(whole).iter_errors(value)]


def test_file_is_in_step(app: Flask) -> None:
    """openapi.json in the repository is the document that this code makes."""
    with app.app_context():
        assert document() == FILE.read_text(), "run `percept openapi`"


def test_valid(published: Document) -> None:
    """It is a valid OpenAPI 3.0.3 document; Swagger 2.0 stays to be had."""
    assert published["openapi"] == "3.0.3"
    assert [str(e) for e in OpenAPIV30SpecValidator(published).iter_errors()] == []


def test_swagger_is_served(client: FlaskClient) -> None:
    """flask-restx's own document, of the same paths; valid, too."""
    swagger = client.get("/swagger.json").get_json()
    assert swagger["swagger"] == "2.0"
    assert [str(e) for e in OpenAPIV2SpecValidator(swagger).iter_errors()] == []
    assert set(swagger["paths"]) == set(client.get("/openapi.json").get_json()["paths"])


def test_whole(app: Flask, published: Document) -> None:
    """Every route under /api/v1 is in it, with each of its methods, and nothing else is."""
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix(PREFIX)))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{PREFIX}/")
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    assert {(method, path) for method, path, _ in operations(published)} == routes
    assert [server["url"] for server in published["servers"]] == [PREFIX]


def test_text_is_shown_as_text(published: Document) -> None:
    """Subtitles and lines of JSON are text, too; sounds are not."""
    kinds = {
        media_type: content["schema"]
        for _, _, operation in operations(published)
        for media_type, content in operation["responses"].get("200", {}).get("content", {}).items()
    }
    text = {"text/vtt", "text/html", "application/x-subrip", "application/x-ndjson"}
    assert all(kinds[media_type] == {"type": "string"} for media_type in text)
    assert kinds["audio/wav"] == {"type": "string", "format": "binary"}


def test_the_order_of_a_reader(published: Document) -> None:
    """Services come first, then accounts; within them as somebody needs the operations."""
    tags = [tag["name"] for tag in published["tags"]]
    assert tags[:6] == ["classify", "ocr", "tts", "stt", "models", "auth"]
    auth = [path for _, path, operation in operations(published) if operation["tags"] == ["auth"]]
    assert auth[:3] == ["/auth/register", "/auth/login", "/auth/refresh"]
    for _, _, operation in operations(published):
        statuses = list(operation["responses"])
        assert statuses == sorted(statuses)


def test_for_generated_clients(published: Document) -> None:
    """What the generators of clients need: short names, plain bodies, no defaults in a body."""
    known = {o["operationId"]: o for _, _, o in operations(published)}
    assert {"login", "register", "classify", "ocr", "speak", "transcribe"} <= set(known)
    bodies = [list(o["requestBody"]["content"]) for o in known.values() if "requestBody" in o]
    assert {kind for kinds in bodies for kind in kinds} == {
        "application/json", "application/octet-stream", "multipart/form-data",
    }  # fmt: skip
    schemas = published["components"]["schemas"]
    speech = schemas["tts.Speech"]["properties"]
    assert not [name for name, field in speech.items() if "default" in field]
    assert schemas["auth.Registration"]["properties"]["email"]["format"] == "email"
    timing = schemas["classify.Answer"]["properties"]["timing_ms"]
    assert timing["additionalProperties"] == {"type": "number"}
    assert len(schemas["classify.BatchAnswer"]["properties"]["results"]["items"]["oneOf"]) == 2
    assert "Problem" in str(schemas["jobs.Job"]["properties"]["error"])
    assert published["info"]["license"]["name"]
    assert published["info"]["contact"]["name"]
    assert all("security" in operation for operation in known.values())
    (prefer,) = [p for p in known["ocr"]["parameters"] if p["name"] == "Prefer"]
    assert prefer["schema"]["enum"] == ["respond-async"]


def test_operation_ids_are_unique(published: Document) -> None:
    """Generated clients get a method for each operation."""
    ids = [operation["operationId"] for _, _, operation in operations(published)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9_]+", one) for one in ids)


def test_refusals_are_documented(published: Document) -> None:
    """Each operation names the refusals that follow from what it asks for, as problems."""
    for method, path, operation in operations(published):
        wanted = {"default"}
        wanted |= {"401", "403"} if operation.get("security") else set()
        wanted |= {"400", "413", "415", "422"} if "requestBody" in operation else set()
        named = operation.get("parameters", [])
        wanted |= {"422"} if any(p["in"] == "query" for p in named) else set()
        wanted |= {"409", "422"} if any(p["name"] == "Idempotency-Key" for p in named) else set()
        wanted |= {"404"} if "{" in path else set()
        wanted |= {"503"} if "classify" in path else set()
        answers = operation["responses"]
        assert wanted <= set(answers), f"{method} {path} misses {wanted - set(answers)}"
        for status, answer in answers.items():
            if status == "default" or status >= "400":
                assert list(answer["content"]) == ["application/problem+json"]


def test_everything_is_described(published: Document) -> None:
    """Each operation has a summary, a tag and one success, beside a job (202) and a part (206);
    each success but 204 has a schema.
    """
    for method, path, operation in operations(published):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["tags"], where
        good = {s: a for s, a in operation["responses"].items() if s.startswith("2")}
        assert len(good.keys() - {"202", "206"}) == 1, where
        assert all("content" in answer for status, answer in good.items() if status != "204"), where


def test_nobody_gets_in_undeclared(client: FlaskClient, published: Document) -> None:
    """Without credentials, what declares security answers 401 and what does not never does so."""
    for method, path, operation in operations(published):
        uuid = "01890000-0000-7000-8000-000000000000"
        answer = client.open(PREFIX + re.sub(r"{\w+}", uuid, path), method=method)
        assert (answer.status_code == 401) == bool(operation.get("security")), f"{method} {path}"


REGISTRATION = {"email": "eve@example.com", "password": "ten thousand small lamps"}


CALLS: list[tuple[str, str, int, Any]] = [
    ("post", "/auth/register", 201, REGISTRATION),
    ("post", "/auth/login", 200, {**REGISTRATION, "email": "root@example.com"}),
    ("get", "/auth/sessions", 200, None),
    ("post", "/auth/api-keys", 201, {"name": "nightly"}),
    ("get", "/auth/api-keys", 200, None),
    ("get", "/users/me", 200, None),
    ("patch", "/users/me", 200, {"name": None}),
    ("get", "/users", 200, None),
    ("get", "/models", 200, None),
    ("get", "/users/me?colour=red", 200, None),
    ("get", "/models?limit=0", 422, None),
    ("post", "/auth/login", 422, {}),
    ("post", "/auth/api-keys", 422, {"name": ""}),
    ("get", "/users/01890000-0000-7000-8000-000000000000", 404, None),
]


def test_answers_are_as_published(
    client: FlaskClient, published: Document, admin: dict[str, Any]
) -> None:
    """Real answers, good and bad, fit the schema of their operation and status."""
    for method, path, status, body in CALLS:
        answer = client.open(PREFIX + path, method=method, json=body, headers=admin["headers"])
        assert answer.status_code == status, answer.text
        template = re.sub(r"[0-9a-f-]{36}", "{user_id}", path.partition("?")[0])
        described = published["paths"][template][method]["responses"][str(status)]["content"]
        schema = described[answer.mimetype]["schema"]
        assert schema_errors(published, schema, answer.get_json()) == [], f"{method} {path}"


def test_classifications_are_as_published(
    client: FlaskClient, published: Document, ada: dict[str, Any], picture: bytes
) -> None:
    """So do those of the inference routes, for pictures that can be read and one that cannot."""
    for path, count in (("/classify", 1), ("/classify/batch", 2)):
        files = [(io.BytesIO(content), "a") for content in (picture, b"x")[:count]]
        answer = client.post(PREFIX + path, data={"image": files}, headers=ada["headers"])
        described = published["paths"][path]["post"]["responses"]["200"]["content"]
        schema = described[answer.mimetype]["schema"]
        assert schema_errors(published, schema, answer.get_json()) == [], path


def test_the_check_can_fail(published: Document) -> None:
    """A user with a number for a name, or without an id, does not fit."""
    user = {"$ref": "#/components/schemas/users.User"}
    assert len(schema_errors(published, user, {"name": 5})) > 1
