"""What only a real server shows: what one worker knows the other knows; and how long it takes."""

import statistics
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from crowds import ALONE, ANOTHER, PASSWORD, V1, bearer
from servers import database
from sqlalchemy import text, update

from api.models import Session

pytestmark = pytest.mark.slow
BOTH_WORKERS = 20  # so many new connections meet both workers


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
