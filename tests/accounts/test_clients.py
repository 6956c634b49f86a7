"""Who counts as one client: an address, a network of IPv6, and never what strangers claim."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.accounts.auth import service
from api.http import ratelimit

PASSWORD = "ten thousand small lamps"
WRONG = "ten thousand small lambs"
THERE = "10.0.0.2"
ONE_CLIENT = [
    ["2001:db8::1", "2001:db8::ffff:1:2:3", "2001:DB8:0:0::2", "[2001:db8::3]:4711"],
    ["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207", "192.0.2.7:4711"],
    ["fe80::1%eth0", "fe80::2%eth0"],
]


@pytest.mark.parametrize("addresses", ONE_CLIENT, ids=lambda a: a[0])
def test_addresses_of_one_client(app: Flask, addresses: list[str]) -> None:
    """The /64 of an IPv6 address, IPv4 written as IPv6, and any port are the same client."""
    seen = set()
    for address in addresses:
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            seen.add(ratelimit.client())
    assert len(seen) == 1


def test_addresses_of_others(app: Flask) -> None:
    """Another network, or what is no address, is counted by itself."""
    seen = {}
    for address in ("2001:db8::1", "2001:db8:0:1::1", "::1", "192.0.2.7", "192.0.2.8", "unknown"):
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            seen[address] = ratelimit.client()
    assert len(set(seen.values())) == len(seen)


def test_guessing_and_registering_from_a_network(
    client: FlaskClient, ada: Any, attempt: Any, use_up: Any, refused: Any
) -> None:
    """Every limit counts all addresses of a /64 as one; the session shows the address itself."""
    mine = attempt(ada["email"], PASSWORD, "2001:db8::9").get_json()
    bearer = {"Authorization": f"Bearer {mine['access_token']}"}
    sessions = client.get("/api/v1/auth/sessions", headers=bearer).get_json()["items"]
    assert sessions[0]["address"] == "2001:db8::9"
    for limit, times in ((service.SPRAYS, 25), (service.REGISTRATIONS, 115)):
        use_up(limit, times, "2001:db8::/64")
    for number in range(5):
        answer = attempt(f"u{number}@example.com", WRONG, f"2001:db8::{number}")
        refused(answer, 401, "invalid_credentials")
    refused(attempt(ada["email"], PASSWORD, "2001:db8::99"), 429, "rate_limited")
    made = [
        client.post(
            "/api/v1/auth/register",
            json={"email": f"n{number}@example.com", "password": PASSWORD},
            environ_base={"REMOTE_ADDR": f"2001:db8::{number}"},
        ).status_code
        for number in range(6)
    ]
    assert made == [201] * 5 + [429]
    change = {"current_password": WRONG, "new_password": "another one of mine"}
    codes = [
        client.post(
            "/api/v1/auth/password",
            json=change,
            headers=bearer,
            environ_base={"REMOTE_ADDR": f"2001:db8::{number}"},
        ).status_code
        for number in range(11)
    ]
    assert codes == [403] * 10 + [429]


def test_a_proxy_that_is_not_trusted(attempt: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Whose clients all count as one is told once; strangers who send the header are ignored."""
    caplog.set_level("WARNING")
    attempt("ada@example.com", WRONG, "8.8.8.8", X_Forwarded_For="10.0.0.9")
    assert caplog.records == []
    for _ in range(2):
        attempt("ada@example.com", WRONG, THERE, X_Forwarded_For="198.51.100.7")
    (warning,) = caplog.records
    assert "PERCEPT_TRUSTED_PROXIES" in warning.getMessage()
