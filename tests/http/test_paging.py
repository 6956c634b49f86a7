"""Lists: pages by cursor, told in the body and in the Link header, never more than 100."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.extensions import db
from api.models import User

Refused = Callable[..., dict[str, Any]]
LISTS = ("/api/v1/users", "/api/v1/models", "/api/v1/auth/sessions", "/api/v1/auth/api-keys")


@pytest.fixture
def people(app: Flask, admin: dict[str, Any]) -> int:
    """A hundred and five accounts, with the administrator's."""
    with app.app_context():
        for n in range(104):
            address = f"p{n}@example.com"
            db.session.add(User(email=address, email_key=address, locale="en", password_hash=""))
        db.session.commit()
    return 105


def pages(client: FlaskClient, path: str, headers: dict[str, str]) -> list[list[dict[str, Any]]]:
    """All pages, by following Link until there is none."""
    found, following = [], path
    while following:
        answer = client.get(following, headers=headers)
        assert answer.status_code == 200, answer.text
        found.append(answer.get_json()["items"])
        link = answer.headers.get("Link")
        assert (answer.get_json()["next_cursor"] is None) == (link is None)
        following = ""
        if link:
            matched = re.fullmatch(r'<(/[^>]*)>; rel="next"', link)
            assert matched
            following = matched[1]
            assert answer.get_json()["next_cursor"] in following
    return found


@pytest.mark.parametrize(("query", "sizes"), [("", [20] * 5 + [5]), ("?limit=100", [100, 5])])
def test_every_entry_once(
    client: FlaskClient, admin: dict[str, Any], people: int, query: str, sizes: list[int]
) -> None:
    """Following the links shows every entry exactly once, the newest first."""
    found = pages(client, f"/api/v1/users{query}", admin["headers"])
    assert [len(page) for page in found] == sizes
    ids = [user["id"] for page in found for user in page]
    assert len(set(ids)) == people
    assert ids == sorted(ids, reverse=True)


def test_options_are_kept_in_the_link(client: FlaskClient, ada: dict[str, Any]) -> None:
    """The next page has the same filter and size."""
    found = pages(client, "/api/v1/models?task=classify&limit=1", ada["headers"])
    assert all(len(page) == 1 and page[0]["task"] == "classify" for page in found)
    assert len(found) > 1


def test_limit(client: FlaskClient, refused: Refused, admin: dict[str, Any]) -> None:
    """Nothing but 1 to 100 is a limit, on any list."""
    for path in LISTS:
        for limit in ("0", "101", "-1", "1e3", "abc", "1000000000"):
            answer = client.get(f"{path}?limit={limit}", headers=admin["headers"])
            assert [e["field"] for e in refused(answer, 422)["errors"]] == ["limit"]


def test_cursor(client: FlaskClient, refused: Refused, admin: dict[str, Any]) -> None:
    """A cursor that no page has given is refused."""
    for path in (path for path in LISTS if path != "/api/v1/models"):
        for cursor in ("x", "1 OR 1=1", "' --", "9" * 150, "a\0"):
            answer = client.get(path, query_string={"cursor": cursor}, headers=admin["headers"])
            assert [e["field"] for e in refused(answer, 422)["errors"]] == ["cursor"]


def test_no_other_filters(client: FlaskClient, refused: Refused, admin: dict[str, Any]) -> None:
    """Nobody sorts or filters by what is not meant for it."""
    for sort in ("sort=password_hash", "order_by=id", "password_hash=x"):
        refused(client.get(f"/api/v1/users?{sort}", headers=admin["headers"]), 422)
