"""Who may read and delete the history, and what goes with an entry."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from stored import contents, root

from api.storage import File

HISTORY, KEYS = "/api/v1/history", "/api/v1/auth/api-keys"


@pytest.mark.parametrize("scope", ["history:read", "history:write", "classify"])
def test_scopes(client: FlaskClient, ada: Any, refused: Any, remember: Any, scope: str) -> None:
    """A key reads with history:read and deletes with history:write."""
    wish = {"name": "x", "scopes": [scope]}
    key = client.post(KEYS, json=wish, headers=ada["headers"]).get_json()["key"]
    headers, one = {"X-API-Key": key}, f"{HISTORY}/{remember(input=File(b'x', 'image/png'))}"
    tries = {
        "history:read": [("get", HISTORY), ("get", one), ("get", f"{one}/input")],
        "history:write": [("delete", one), ("delete", HISTORY)],
    }
    for needed, calls in tries.items():
        for method, url in calls:
            answer = getattr(client, method)(url, headers=headers)
            if needed == scope:
                assert answer.status_code in (200, 204)
            else:
                refused(answer, 403, "scope_missing")


def test_deleting_one(app: Flask, get: Any, remember: Any, refused: Any) -> None:
    """The entry and its files go, others stay, and it is not there a second time."""
    both = {"input": File(b"in", "image/png"), "output": File(b"out", "audio/wav")}
    gone, stays = remember(**both), remember(**both)
    assert get(f"/{gone}", "delete").status_code == 204
    for path in (f"/{gone}", f"/{gone}/input", f"/{gone}/output"):
        refused(get(path), 404, "not_found")
    refused(get(f"/{gone}", "delete"), 404, "not_found")
    assert {name.partition("/")[2] for name in contents(app)} == {
        f"{stays}-input",
        f"{stays}-output",
    }


def test_deleting_all(app: Flask, bob: Any, get: Any, remember: Any) -> None:
    """Everything of one's own, however often, and nothing of anybody else's."""
    his = remember(bob["id"], input=File(b"his", "image/png"))
    for _ in range(3):
        remember(input=File(b"x", "image/png"))
    for _ in range(2):
        assert get("", "delete").status_code == 204
        assert get().get_json()["items"] == []
    assert contents(app) == {f"{bob['id']}/{his}-input": b"his"}


def test_a_user_goes_with_files(
    app: Flask, client: FlaskClient, ada: Any, admin: Any, bob: Any, remember: Any, rows: Any
) -> None:
    """By their own wish or by an administrator's: no entry and no file is left."""
    for person in (ada, bob):
        remember(person["id"], input=File(b"x", "image/png"))
    body = {"password": "ten thousand small lamps"}
    assert client.delete("/api/v1/users/me", json=body, headers=ada["headers"]).status_code == 204
    assert [name.split("/")[0] for name in contents(app)] == [bob["id"]]
    one = f"/api/v1/users/{bob['id']}"
    assert client.delete(one, headers=admin["headers"]).status_code == 204
    assert (contents(app), rows(app)["history"]) == ({}, [])


def test_a_file_that_is_gone(app: Flask, get: Any, remember: Any, refused: Any) -> None:
    """Whoever removed it by hand: 404, and the entry still reads."""
    entry = remember(input=File(b"x", "image/png"))
    for name in contents(app):
        (root(app) / name).unlink()
    refused(get(f"/{entry}/input"), 404, "not_found")
    refused(get(f"/{entry}/output"), 404, "not_found")
    assert get(f"/{entry}").get_json()["input_type"] == "image/png"
    assert get(f"/{entry}", "delete").status_code == 204
