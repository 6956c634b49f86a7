"""What only a real server shows: two workers, many clients at once, and how long it takes."""

import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from servers import database
from sqlalchemy import text, update

from api.models import Session

pytestmark = pytest.mark.slow
V1 = "/api/v1"
PASSWORD = "ten thousand small lamps"
ANOTHER = "another one of my lamps"
BOTH_WORKERS = 20  # so many new connections meet both workers
ROUNDS, SECONDS = 50, 8
ALONE = {"PERCEPT_SERVICES": "accounts"}  # which starts in half the time


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def at_once(*calls: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """The answers to requests that all start together, each on a connection of its own."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as crowd:
        return list(crowd.map(run, calls))


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def settle(server: Any, email: str, role: str = "user") -> dict[str, Any]:
    """Registers somebody, gives them their roles and signs them in."""
    tokens = server.sign_in(email)
    with database(server) as connection:
        change = text("UPDATE users SET roles = :role WHERE email = :email")
        connection.execute(change, {"role": role, "email": email})
    headers = bearer(tokens["access_token"])
    me = server.get(f"{V1}/users/me", headers=headers).json()
    return {**tokens, "headers": headers, "email": email, "id": me["id"]}


@pytest.fixture
def person(server: Any, request: pytest.FixtureRequest) -> Callable[..., dict[str, Any]]:
    """Settles somebody of this test on the shared server."""
    place = f"{abs(hash(request.node.nodeid))}.example.com"
    return lambda name="ada", role="user": settle(server, f"{name}@{place}", role)


def test_every_refused_token(
    server: Any, person: Any, refused: Any, signed: Any, claims_of: Any
) -> None:
    """401 with challenge, shape and code of the contract: never a bare 500 outside of tests."""
    ada, over = person(), person("over")
    server.post(f"{V1}/auth/logout", headers=over["headers"])
    key = (server.folder / "data" / "secret.key").read_bytes()
    header, claims = {"alg": "HS256", "typ": "JWT"}, claims_of(ada["access_token"])
    past = {**claims, "iat": int(time.time()) - 1000, "exp": int(time.time()) - 1}
    unsigned = signed({**header, "alg": "none"}, claims, b"").rpartition(".")[0] + "."
    cases = [
        ({}, "not_signed_in"),
        ({"Authorization": ""}, "not_signed_in"),
        ({"Authorization": "Bearer"}, "token_invalid"),
        ({"Authorization": "Basic YTpi"}, "token_invalid"),
        (bearer("garbage"), "token_invalid"),
        (bearer("a.b.c"), "token_invalid"),
        (bearer(f"{ada['access_token']} {ada['access_token']}"), "token_invalid"),
        (bearer(unsigned), "token_invalid"),
        (bearer(signed(header, claims, b"secret")), "token_invalid"),
        (bearer(signed({**header, "kid": "../../dev/null"}, claims, key)), "token_invalid"),
        (bearer(signed(header, {**claims, "aud": "other"}, key)), "token_invalid"),
        (bearer(signed(header, {**claims, "exp": 2**63}, key)), "token_invalid"),
        (bearer(signed(header, '{"exp": 1e400}', key)), "token_invalid"),
        (bearer(signed(header, "[" * 2000, key)), "token_invalid"),
        (bearer(signed(header, past, key)), "token_expired"),
        (bearer(ada["refresh_token"]), "token_wrong_type"),
        (bearer(over["access_token"]), "token_revoked"),
        (bearer("pct_nothing"), "api_key_invalid"),
        ({"X-API-Key": "pct_nothing"}, "api_key_invalid"),
    ]
    for headers, code in cases:
        refused(server.get(f"{V1}/users/me", headers=headers), 401, code)
    good = signed(header, claims, key)
    assert server.get(f"{V1}/users/me", headers=bearer(good)).status_code == 200
    two = [("Authorization", f"Bearer {good}")] * 2
    refused(server.get(f"{V1}/users/me", headers=two), 401, "token_invalid")
    assert server.get(f"{V1}/users/me", headers={"Authorization": f"bearer {good}"}).is_success
    refused(server.get(f"{V1}/users/me?access_token={good}"), 401, "not_signed_in")


@pytest.mark.parametrize("how", ["logout", "end all", "disable", "delete", "end key"])
def test_over_means_over_in_every_worker(server: Any, person: Any, refused: Any, how: str) -> None:
    """After the answer no worker lets the token or key in again: 20 tries of 20 are refused."""
    ada, root = person(), person("root", "user admin")
    headers, code = ada["headers"], "token_revoked"
    if how == "end key":
        made = server.post(f"{V1}/auth/api-keys", json={"name": "x"}, headers=headers).json()
        headers, code = {"X-API-Key": made["key"]}, "api_key_invalid"
    for _ in range(4):
        assert server.get(f"{V1}/users/me", headers=headers).status_code == 200
    method, path, who, body = {
        "logout": ("POST", "auth/logout", ada, None),
        "end all": ("DELETE", "auth/sessions", ada, None),
        "disable": ("PATCH", f"users/{ada['id']}", root, {"active": False}),
        "delete": ("DELETE", f"users/{ada['id']}", root, None),
        "end key": ("DELETE", f"auth/api-keys/{made['id'] if how == 'end key' else ''}", ada, None),
    }[how]
    url = f"{server.url}{V1}/{path}"
    assert httpx.request(method, url, json=body, headers=who["headers"]).is_success
    for _ in range(BOTH_WORKERS):
        refused(server.get(f"{V1}/users/me", headers=headers), 401, code)


def test_signed_out_stays_signed_out(serve: Any, refused: Any) -> None:
    """After a restart good tokens are still good, and ended ones are not."""
    first = serve("one", **ALONE)
    ada, bob = first.sign_in("ada@example.com"), first.sign_in("bob@example.com")
    assert first.post(f"{V1}/auth/logout", headers=bearer(ada["access_token"])).is_success
    first.process.terminate()
    assert first.process.wait(40) == 0
    again = serve("one", **ALONE)
    refused(again.get(f"{V1}/users/me", headers=bearer(ada["access_token"])), 401, "token_revoked")
    assert again.get(f"{V1}/users/me", headers=bearer(bob["access_token"])).status_code == 200


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
    while rounds < ROUNDS and time.monotonic() < deadline:
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
    assert rounds >= 10


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


def test_a_spent_token_ends_the_family_everywhere(server: Any, person: Any, refused: Any) -> None:
    """Reuse after the grace: no worker knows any token of the family any more."""
    ada = person()
    child = server.post(f"{V1}/auth/refresh", headers=bearer(ada["refresh_token"])).json()
    with database(server) as connection:
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        hers = update(Session).where(Session.user_id == UUID(ada["id"]))
        connection.execute(hers.values(rotated_at=long_ago))
    spent = bearer(ada["refresh_token"])
    refused(server.post(f"{V1}/auth/refresh", headers=spent), 401, "token_revoked")
    for _ in range(BOTH_WORKERS):
        for token in (child["access_token"], ada["access_token"]):
            refused(server.get(f"{V1}/users/me", headers=bearer(token)), 401, "token_revoked")
    fresh = bearer(child["refresh_token"])
    refused(server.post(f"{V1}/auth/refresh", headers=fresh), 401, "token_revoked")


def test_a_password_change_ends_the_others_everywhere(
    server: Any, person: Any, refused: Any
) -> None:
    """Every other session is over in every worker; the one that changed it goes on."""
    ada = person()
    other = bearer(server.sign_in(ada["email"])["access_token"])
    body = {"current_password": PASSWORD, "new_password": ANOTHER}
    assert server.post(f"{V1}/auth/password", json=body, headers=ada["headers"]).is_success
    for _ in range(BOTH_WORKERS):
        refused(server.get(f"{V1}/users/me", headers=other), 401, "token_revoked")
        assert server.get(f"{V1}/users/me", headers=ada["headers"]).is_success


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


def test_an_unknown_user_takes_as_long(server: Any, person: Any) -> None:
    """Wrong password, no such user, disabled: the medians are alike, so time tells nothing."""
    ada, off = person(), person("off")
    with database(server) as connection:
        gone = text("UPDATE users SET active = false WHERE email = :email")
        connection.execute(gone, {"email": off["email"]})
    emails = {"wrong": ada["email"], "unknown": "nobody@example.com", "disabled": off["email"]}
    spent: dict[str, list[float]] = {name: [] for name in emails}
    with httpx.Client(base_url=server.url, timeout=30) as client:
        for _ in range(40):
            for name, email in emails.items():
                body = {"email": email, "password": ANOTHER}
                started = time.perf_counter()
                assert client.post(f"{V1}/auth/login", json=body).status_code == 401
                spent[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(times) for name, times in spent.items()}
    assert max(medians.values()) / min(medians.values()) < 1.4, medians
