"""Many clients at once on a real server with two workers: of two that cannot both win, one does."""

import time
from functools import partial
from typing import Any

import httpx
import pytest
from crowds import ALONE, ANOTHER, PASSWORD, V1, at_once, bearer, settle, statuses
from servers import database
from sqlalchemy import text

pytestmark = pytest.mark.slow
LEAST, ROUNDS, SECONDS = 10, 50, 8


@pytest.mark.parametrize("spelling", [str.lower, str.swapcase], ids=["same", "other case"])
def test_fifty_registrations_at_once(server: Any, spelling: Any) -> None:
    """One address, fifty clients: one 201, 49 times 409, one row."""
    email = f"crowd.{spelling.__name__}@example.com"
    spellings = [email if number % 2 else spelling(email) for number in range(50)]
    url, bodies = f"{V1}/auth/register", [{"email": e, "password": PASSWORD} for e in spellings]
    answers = at_once(*(partial(server.post, url, json=body) for body in bodies))
    assert statuses(answers) == {201: 1, 409: 49}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {"email_taken"}
    with database(server) as connection:
        mine = text("SELECT email_key FROM users WHERE email_key = :email")
        assert connection.execute(mine, {"email": email}).all() == [(email,)]


def test_one_key_twenty_times_at_once(server: Any, person: Any) -> None:
    """With an Idempotency-Key one API key is made; all others get it too, or 409."""
    ada = person()
    headers = {**ada["headers"], "Idempotency-Key": "one"}
    make = partial(server.post, f"{V1}/auth/api-keys", json={"name": "x"}, headers=headers)
    answers = at_once(*[make] * 20)
    assert set(statuses(answers)) <= {201, 409}
    assert len({a.json()["key"] for a in answers if a.status_code == 201}) == 1
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"in_progress"}
    items = server.get(f"{V1}/auth/api-keys", headers=ada["headers"]).json()["items"]
    assert len(items) == 1


AGAINST: list[dict[str, Any]] = [{"roles": ["user"]}, {"roles": []}, {"active": False}]


def test_two_admins_against_each_other(serve: Any) -> None:
    """Whatever two administrators do to each other at one instant, one of them stays."""
    server = serve(PERCEPT_RATE_LIMITS="off", **ALONE)
    pair = [settle(server, f"{name}@example.com", "user admin") for name in ("one", "two")]
    deadline, rounds = time.monotonic() + SECONDS, 0
    while rounds < LEAST or (rounds < ROUNDS and time.monotonic() < deadline):
        body = AGAINST[rounds % len(AGAINST)]
        urls = [f"{server.url}{V1}/users/{one['id']}" for one in pair]
        answers = at_once(
            partial(httpx.patch, urls[1], json=body, headers=pair[0]["headers"]),
            partial(httpx.patch, urls[0], json=body, headers=pair[1]["headers"]),
        )
        assert sorted(statuses(answers)) in ([200, 401], [200, 403], [200, 409])
        with database(server) as connection:
            admins = "SELECT count(*) FROM users WHERE active AND roles LIKE '%admin%'"
            assert connection.scalar(text(admins)) == 1, [a.text for a in answers]
            connection.execute(text("UPDATE users SET roles = 'user admin', active = true"))
        if body == {"active": False}:  # which ended a session
            pair = [settle(server, one["email"], "user admin") for one in pair]
        rounds += 1


@pytest.mark.parametrize("crowd", [2, 8])
def test_refreshes_at_once(server: Any, person: Any, claims_of: Any, crowd: int) -> None:
    """One refresh token, several clients: the very same child for all, and one family."""
    ada = person()
    sid = claims_of(ada["access_token"])["sid"]
    token = ada["refresh_token"]
    for _ in range(10):
        renew = partial(server.post, f"{V1}/auth/refresh", headers=bearer(token))
        answers = at_once(*[renew] * crowd)
        assert statuses(answers) == {200: crowd}
        assert len({answer.text for answer in answers}) == 1
        fresh = answers[0].json()
        token = fresh["refresh_token"]
        assert claims_of(token)["sid"] == sid
    items = server.get(f"{V1}/auth/sessions", headers=bearer(fresh["access_token"])).json()["items"]
    assert [item["id"] for item in items] == [sid]


def test_two_password_changes_at_once(server: Any, person: Any) -> None:
    """One wins, the other is told that its password is no longer the current one."""
    ada = person()
    wishes = [ANOTHER, "a third one of my lamps"]
    bodies = [{"current_password": PASSWORD, "new_password": new} for new in wishes]
    change = partial(server.post, f"{V1}/auth/password", headers=ada["headers"])
    answers = at_once(*(partial(change, json=body) for body in bodies))
    assert statuses(answers) == {204: 1, 403: 1}
    for wish, answer in zip(wishes, answers, strict=True):
        login = server.post(f"{V1}/auth/login", json={"email": ada["email"], "password": wish})
        assert login.is_success is answer.is_success


def test_changed_and_deleted_at_once(server: Any, person: Any) -> None:
    """Changing an account while it is deleted is a 200 or a 404, and never a crash."""
    root = person("root", "user admin")
    for number in range(15):
        ada = person(f"ada{number}")
        url, his = f"{server.url}{V1}/users", root["headers"]
        key = partial(server.post, f"{V1}/auth/api-keys", json={"name": "x"})
        answers = at_once(
            partial(httpx.patch, f"{url}/me", json={"name": "x"}, headers=ada["headers"]),
            partial(httpx.patch, f"{url}/{ada['id']}", json={"locale": "es"}, headers=his),
            partial(httpx.delete, f"{url}/{ada['id']}", headers=his),
            partial(key, headers=ada["headers"]),
        )
        assert set(statuses(answers)) <= {200, 201, 204, 401, 404}, [a.text for a in answers]
