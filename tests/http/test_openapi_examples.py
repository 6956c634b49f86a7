"""The examples of the published document: bodies work as they are, problems are what comes."""

import io
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.accounts.users import service as users
from api.app import PREFIX
from api.http.openapi import METHODS

Document = dict[str, Any]
Operation = tuple[str, str, dict[str, Any]]
NOBODY = "01890000-0000-7000-8000-000000000000"
JSON, PROBLEM = "application/json", "application/problem+json"


@pytest.fixture
def published(client: FlaskClient) -> Document:
    return client.get("/openapi.json").get_json()  # type: ignore[no-any-return]


def operations(published: Document) -> dict[str, Operation]:
    return {
        item[method]["operationId"]: (method, PREFIX + path, item[method])
        for path, item in published["paths"].items()
        for method in METHODS
        if method in item
    }


WORDS: dict[str | None, Any] = {"boolean": True, "integer": 0, "number": 0, "string": "string"}


def sample(published: Document, schema: dict[str, Any]) -> Any:
    """What Swagger UI shows for a schema: its examples, and else words for types."""
    found: Any = schema.get("enum", [WORDS.get(schema.get("type"))])[0]
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        found = sample(published, published["components"]["schemas"][name])
    elif "example" in schema:
        found = schema["example"]
    elif schema.get("type") == "object":
        found = {name: sample(published, p) for name, p in schema.get("properties", {}).items()}
    elif schema.get("type") == "array":
        found = [sample(published, schema["items"])]
    return found


def body_of(published: Document, operation: dict[str, Any]) -> Any:
    """The example of a JSON body."""
    content = operation["requestBody"]["content"][JSON]
    return content.get("example") or sample(published, content["schema"])


def leaves(value: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in leaves(one, f"{name}.{key}")]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one, name)]
    return [(name, value)]


def test_nothing_is_a_placeholder(published: Document) -> None:
    """No example says "string", and no status is 0."""
    for operation_id, (_, _, operation) in operations(published).items():
        shown = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (one for part in shown for one in part.get("content", {}).values()):
            value = content.get("example") or sample(published, content["schema"])
            if value in ("string", {"image": "string"}, {"image": ["string"]}, {"audio": "string"}):
                assert content in shown[0]["content"].values()  # a file to choose
                continue
            placeholders = [leaf for leaf in leaves(value) if leaf[1] in ("string", None, "")]
            nullable = ("finished_at", "language", "next_cursor", "ssml", "callback_url")
            found = [one for one in placeholders if not one[0].endswith(nullable)]
            assert not found, (operation_id, found)
            assert not [leaf for leaf in leaves(value) if leaf == (".status", 0)], operation_id


def test_bodies_work(client: FlaskClient, app: Flask, published: Document) -> None:
    """Executed as they are, in the order of a first visit, they succeed."""
    known = operations(published)
    headers: dict[str, str] = {}
    ids: dict[str, str] = {}

    def execute(operation_id: str, **ids: str) -> Any:
        method, path, operation = known.pop(operation_id)
        body = body_of(published, operation)
        answer = client.open(path.format(**ids), method=method, json=body, headers=headers)
        assert answer.status_code < 300, (operation_id, answer.text)
        return answer.get_json(silent=True)

    ids["me"] = execute("register")["id"]
    with app.app_context():
        users.change(UUID(ids["me"]), {"roles": ["user", "admin"]})
    headers["Authorization"] = f"Bearer {execute('login')['access_token']}"
    user = execute("create_user")["id"]
    for operation_id in ("create_api_key", "create_upload", "speak", "speech_marks", "change_me"):
        execute(operation_id)
    for operation_id in ("change_user", "reset_user_password"):
        execute(operation_id, user_id=user)
    # Whoever executes all of them: the password is another one then.
    change = body_of(published, known["change_password"][2])
    execute("change_password")
    with app.app_context():
        from api.accounts import new_passwords

        assert change["new_password"] != change["current_password"]
        new_passwords.replace(UUID(ids["me"]), change["current_password"])
    with_body = {name for name, (*_, o) in known.items() if JSON in str(o.get("requestBody"))}
    assert with_body == {"refresh", "reset_password", "delete_me"}  # need a token, or end it all


Asked = tuple[str, int, dict[str, Any]]


def mistakes(name: str, operation: dict[str, Any], picture: bytes) -> list[Asked]:
    """Requests for this operation that are refused with a status, if it is documented."""
    content = operation.get("requestBody", {}).get("content", {})
    if name == "put_upload":
        return []
    nobody: Asked = (name, 401, {"headers": {}})
    if JSON in content:
        return [
            nobody,
            (name, 415, {"data": "x", "content_type": "text/plain"}),
            (name, 400, {"data": "{", "content_type": JSON}),
            (name, 413, {"data": " " * 70_000, "content_type": JSON}),
            (name, 422, {"json": {}}),
            (name, 422, {"json": {"colour": "red"}}),
        ]
    if content:
        (field,) = content["multipart/form-data"]["schema"]["properties"]
        form = {field: (io.BytesIO(picture), "a"), "colour": "red"}
        text = {"data": "x", "content_type": "text/plain"}
        return [nobody, (name, 415, text), (name, 422, {"data": form})]
    return [nobody, (name, 404, {}), (name, 422, {"query_string": {"colour": "red"}})]


def test_problems_are_true(
    client: FlaskClient, published: Document, admin: dict[str, Any], picture: bytes
) -> None:
    """Each example that a simple mistake leads to is the answer to that mistake."""
    wanted, seen = set(), set()
    for name, (method, path, operation) in operations(published).items():
        for _, status, request in mistakes(name, operation, picture):
            if str(status) not in operation["responses"] or (name, status) == ("login", 401):
                continue
            wanted.add((name, status))
            shown = operation["responses"][str(status)]["content"][PROBLEM]["example"]
            address = re.sub(r"{\w+}", NOBODY, path)
            request = {"headers": admin["headers"], **request}
            real = client.open(address, method=method, **request).get_json(silent=True) or {}
            if {**real, "request_id": ""} == {**shown, "request_id": ""}:
                seen.add((name, status))
    assert wanted - seen == set()
    assert len(seen) > 100
