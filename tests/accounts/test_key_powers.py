"""A key gives nobody rights, whatever its scopes and whoever it belongs to."""

from typing import Any

import pytest
from flask.testing import FlaskClient

USERS, KEYS = "/api/v1/users", "/api/v1/auth/api-keys"
NEW = {"email": "new@example.com", "password": "ten thousand small lamps"}


@pytest.fixture
def key(client: FlaskClient, admin: Any) -> dict[str, str]:
    """An administrator's key with all scopes, which was used before."""
    made = client.post(KEYS, json={"name": "x"}, headers=admin["headers"]).get_json()
    headers = {"X-API-Key": made["key"]}
    assert client.get(USERS, headers=headers).status_code == 200
    return headers


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "", {**NEW, "roles": ["admin"]}),
        ("post", "", {**NEW, "roles": ["user", "admin"]}),
        ("patch", "/{ada}", {"roles": ["user", "admin"]}),
        ("patch", "/{ada}", {"roles": ["user"]}),
        ("patch", "/{root}", {"roles": ["user", "admin"]}),
        ("patch", "/{ada}", {"active": True}),
        ("patch", "/{ada}", {"name": "x", "active": True}),
        ("post", "/{ada}/password", {}),
        ("post", "/{root}/password", {}),
    ],
    ids=str,
)
def test_rights_need_a_session(
    client: FlaskClient, ada: Any, admin: Any, key: Any, refused: Any, unchanged: Any,
    method: str, path: str, body: Any,
) -> None:  # fmt: skip
    """No administrator, no role, nobody enabled, no password; signed in, all of it is done."""
    url = USERS + path.format(ada=ada["id"], root=admin["id"])
    send = getattr(client, method)
    with unchanged(client.application):
        refused(send(url, json=body, headers=key), 403, "session_needed")
        more = {**key, "Idempotency-Key": "once"}
        refused(send(url, json=body, headers=more), 403, "session_needed")
    assert send(url, json=body, headers=admin["headers"]).status_code in (200, 201)


def test_what_a_key_administers(client: FlaskClient, ada: Any, key: Any) -> None:
    """Programs may still make users, rename, disable and delete them."""
    made = client.post(USERS, json={**NEW, "roles": ["user"]}, headers=key)
    assert (made.status_code, made.get_json()["roles"]) == (201, ["user"])
    url = f"{USERS}/{ada['id']}"
    body = {"name": "Ada", "active": False}
    assert client.patch(url, json=body, headers=key).get_json()["active"] is False
    assert client.delete(url, headers=key).status_code == 204


def test_answers_are_not_shown_to_keys(client: FlaskClient, admin: Any, key: Any) -> None:
    """Who repeats a session's request with a key is not given what the session was given."""
    once = {"Idempotency-Key": "once"}
    body = {"name": "strong"}
    first = client.post(KEYS, json=body, headers={**admin["headers"], **once}).get_json()
    again = client.post(KEYS, json=body, headers={**admin["headers"], **once}).get_json()
    by_key = client.post(KEYS, json=body, headers={**key, **once}).get_json()
    assert first["key"] == again["key"] != by_key["key"]
