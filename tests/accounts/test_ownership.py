"""Object level: what belongs to somebody else does not exist."""

from typing import Any
from uuid import UUID

import pytest

from api.http import history
from api.models import new_id
from api.storage import File

NEVER = "01890000-0000-7000-8000-000000000000"
ODD = [
    "0", "-1", "1", "9223372036854775808", "1" * 400, "null", "undefined", "%00", "1%20OR%201=1",
    "..", "%2e%2e%2f", "*", "me%00", "{id}", "' OR '1'='1", NEVER[:-1], NEVER + "0", f"{{{NEVER}}}",
]  # fmt: skip
METHODS = ("get", "put", "patch", "post", "delete")


@pytest.fixture(scope="module")
def hers(house: Any, claims_of: Any) -> dict[str, str]:
    """The ids of things that belong to ada, by the name of the path's parameter."""
    key = house.client.post(
        "/api/v1/auth/api-keys", json={"name": "x"}, headers=house.ada["headers"]
    ).get_json()
    sid = claims_of(house.ada["access_token"])["sid"]
    return {
        "user_id": house.ada["id"],
        "session_id": sid,
        "key_id": key["id"],
        "entry_id": remembered(house),
        "upload_id": sent(house, "uploads", json={}),
        "job_id": sent(house, "tts", json={"text": "Good morning."}),
    }


def sent(house: Any, path: str, **request: Any) -> str:
    """The id of something that ada has sent for later."""
    headers = {**house.ada["headers"], "Prefer": "respond-async"}
    answer = house.client.post(f"/api/v1/{path}", headers=headers, **request)
    assert answer.status_code in (201, 202), answer.text
    return str(answer.get_json()["id"])


def remembered(house: Any) -> str:
    """The id of an entry in ada's history, with both files."""
    with house.app.app_context():
        entry_id, file = new_id(), File(b"x", "image/png")
        history.write(
            entry_id,
            UUID(house.ada["id"]),
            {"input": file, "output": file},
            service="ocr",
            model="m",
            options={},
            duration_ms=1.0,
            result={},
        )
    return str(entry_id)


def paths_with_ids(house: Any) -> list[str]:
    """Every path of the published document that names one thing."""
    document = house.client.get("/openapi.json").get_json()
    return [path for path in document["paths"] if "{" in path]


def parts(path: str) -> tuple[str, str, str]:
    """What stands before the id, the id's name, and what stands after it."""
    head, _, rest = path.partition("{")
    name, _, tail = rest.partition("}")
    return f"/api/v1{head}", name, tail


def without_request_id(answer: Any) -> tuple[int, Any, list[tuple[str, str]]]:
    body = answer.get_json()
    headers = sorted((k, v) for k, v in answer.headers if k != "X-Request-Id")
    return answer.status_code, body and {**body, "request_id": ""}, headers


def test_others_things_are_not_there(house: Any, hers: Any, unchanged: Any) -> None:
    """Bob gets the same answer for ada's ids as for an id that never was, by every method."""
    known = {parts(path)[1] for path in paths_with_ids(house)}
    assert known <= set(hers), "a new kind of thing: give ada one of it above"
    with unchanged(house.app):
        for path in paths_with_ids(house):
            head, name, tail = parts(path)
            for method in METHODS:
                send = getattr(house.client, method)
                answers = [
                    send(f"{head}{one}{tail}", headers=house.bob["headers"], json={})
                    for one in (hers[name], NEVER)
                ]
                assert without_request_id(answers[0]) == without_request_id(answers[1])
                assert answers[0].status_code in (403, 404, 405)


def test_what_is_not_there_is_not_found(house: Any, hers: Any, refused: Any) -> None:
    """404 for ada's session, key and history, in words that tell nothing."""
    entry = f"history/{hers['entry_id']}"
    for path in (f"auth/sessions/{hers['session_id']}", f"auth/api-keys/{hers['key_id']}", entry):
        answer = house.client.delete(f"/api/v1/{path}", headers=house.bob["headers"])
        refused(answer, 404, "not_found")
    for path in (entry, f"{entry}/input", f"{entry}/output"):
        for who in (house.bob, house.root):
            answer = house.client.get(f"/api/v1/{path}", headers=who["headers"])
            refused(answer, 404, "not_found")
        assert house.client.get(f"/api/v1/{path}", headers=house.ada["headers"]).status_code == 200


def test_deleting_all_of_mine_leaves_hers(house: Any, hers: Any, unchanged: Any) -> None:
    """DELETE on the whole history touches nobody else's."""
    with unchanged(house.app):
        answer = house.client.delete("/api/v1/history", headers=house.bob["headers"])
        assert answer.status_code == 204
    file = f"/api/v1/history/{hers['entry_id']}/input"
    assert house.client.get(file, headers=house.ada["headers"]).data == b"x"


@pytest.mark.parametrize("odd", ODD)
def test_odd_ids(house: Any, refused: Any, unchanged: Any, odd: str) -> None:
    """What cannot be an id is not found, whoever asks."""
    with unchanged(house.app):
        for path in paths_with_ids(house):
            head, _, tail = parts(path)
            for who in (house.bob, house.root):
                answer = house.client.delete(f"{head}{odd}{tail}", headers=who["headers"])
                refused(answer, 404, "not_found")


def test_lists_hold_only_mine(house: Any, hers: Any) -> None:
    """Nothing of ada's is in bob's lists, nor in any other answer that he can get."""
    for path in ("auth/sessions", "auth/api-keys", "users/me", "history"):
        text = house.client.get(f"/api/v1/{path}", headers=house.bob["headers"]).text
        assert not [value for value in (*hers.values(), house.ada["email"]) if value in text]


def test_cursors_open_nothing(house: Any, hers: Any) -> None:
    """An id of somebody else's as cursor only says where in my own list to begin."""
    for path in ("auth/sessions", "auth/api-keys", "history"):
        url = f"/api/v1/{path}?cursor={hers['entry_id']}"
        items = house.client.get(url, headers=house.bob["headers"]).get_json()["items"]
        assert {item["id"] for item in items}.isdisjoint(hers.values())
