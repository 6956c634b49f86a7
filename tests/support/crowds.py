"""People on a real server, and requests that start together. Loaded as a pytest plugin."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from servers import database
from sqlalchemy import text

V1 = "/api/v1"
PASSWORD = "ten thousand small lamps"
ANOTHER = "another one of my lamps"
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
