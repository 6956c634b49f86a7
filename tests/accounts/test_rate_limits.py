"""Rate limits: guessing ends after ten tries, for that client and nobody else."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from api.accounts import passwords
from api.accounts.auth import service
from api.accounts.users import service as users
from api.app import create_app
from api.config import Settings
from api.extensions import db
from api.http import ratelimit
from api.models import RateCounter

LOGIN = "/api/v1/auth/login"
PASSWORD = "ten thousand small lamps"
WRONG = "ten thousand small lambs"
HERE, THERE = "127.0.0.1", "10.0.0.2"


def left(answer: Any) -> dict[str, int]:
    """How much is left of each quota, by the RateLimit field; the policies name the same ones."""
    found = re.findall(r'"([a-z-]+)";r=(\d+);t=\d+(?:, |$)', answer.headers["RateLimit"])
    policies = re.findall(r'"([a-z-]+)";q=\d+;w=\d+(?:, |$)', answer.headers["RateLimit-Policy"])
    assert policies == [name for name, _ in found]
    return {name: int(number) for name, number in found}


def test_the_eleventh_guess(ada: Any, attempt: Any, refused: Any) -> None:
    """Ten wrong passwords are told so; then there is a wait, for this client only."""
    for number in range(1, 11):
        answer = attempt(ada["email"], WRONG)
        refused(answer, 401, "invalid_credentials")
        assert left(answer) == {"login": 10 - number, "login-client": 30 - number}
    for password in (WRONG, PASSWORD):
        answer = attempt(ada["email"], password)
        refused(answer, 429, "rate_limited")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert '"login";q=10;w=900' in answer.headers["RateLimit-Policy"]
        assert left(answer)["login"] == 0
    assert attempt(ada["email"], PASSWORD, THERE).status_code == 200


def test_another_account_is_not_meant(ada: Any, bob: Any, attempt: Any, use_up: Any) -> None:
    """Whoever has guessed at one account may still sign in to their own."""
    use_up(users.GUESSES, 10, ada["email"], HERE)
    assert attempt(ada["email"], PASSWORD).status_code == 429
    assert attempt(bob["email"], PASSWORD).status_code == 200


def test_signing_in_starts_anew(ada: Any, attempt: Any, use_up: Any) -> None:
    """Nine wrong ones and a right one leave ten tries again."""
    use_up(users.GUESSES, 9, ada["email"], HERE)
    answer = attempt(ada["email"], PASSWORD)
    assert answer.status_code == 200
    assert left(answer)["login"] == 0
    assert left(attempt(ada["email"], PASSWORD))["login"] == 9


@pytest.mark.parametrize("spelling", ["ADA@example.com", "\uff41da@example.com"])
def test_spellings_are_one_account(ada: Any, attempt: Any, use_up: Any, spelling: str) -> None:
    """Case and width of the address give no more tries."""
    use_up(users.GUESSES, 10, ada["email"], HERE)
    assert attempt(spelling, PASSWORD).status_code == 429


HEADERS = ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "Via"]


@pytest.mark.parametrize("name", HEADERS)
def test_what_clients_claim(ada: Any, attempt: Any, use_up: Any, name: str) -> None:
    """No header of an untrusted peer makes it another client."""
    use_up(users.GUESSES, 10, ada["email"], HERE)
    for value in ("10.9.9.9", "for=10.9.9.9", f"10.9.9.9, {THERE}"):
        assert attempt(ada["email"], PASSWORD, **{name: value}).status_code == 429


def test_a_trusted_proxy(tmp_path: Path) -> None:
    """Behind one proxy its last address counts; what clients put before it does not."""
    app = create_app(Settings(data_dir=tmp_path, trusted_proxies=1, log_level="error"))
    with app.app_context():
        db.create_all()
    client, body = app.test_client(), {"email": "ada@example.com", "password": WRONG}
    with app.test_request_context():
        for _ in range(10):
            ratelimit.count(users.GUESSES, body["email"], THERE)
    for header, status in [
        (THERE, 429),
        (f"1.2.3.4, {THERE}", 429),
        (f"{THERE}, 1.2.3.4", 401),
        ("", 401),
    ]:
        answer = client.post(LOGIN, json=body, headers={"X-Forwarded-For": header})
        assert answer.status_code == status, header
    with app.app_context():
        db.engine.dispose()


def test_spraying(ada: Any, attempt: Any, use_up: Any, refused: Any) -> None:
    """One client that tries many accounts has to wait, whichever comes next; others do not."""
    use_up(service.SPRAYS, 28, HERE)
    for number in range(2):
        refused(attempt(f"u{number}@example.com", WRONG), 401, "invalid_credentials")
    for email in ("u99@example.com", ada["email"]):
        answer = attempt(email, PASSWORD)
        refused(answer, 429, "rate_limited")
        assert '"login-client";q=30;w=900' in answer.headers["RateLimit-Policy"]
        assert left(answer)["login-client"] == 0
    assert attempt(ada["email"], PASSWORD, THERE).status_code == 200


def test_spraying_at_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of sixty that start together no more are tried than may be, but for those in their turn."""
    tried: list[str] = []

    def slow(_stored: str | None, password: str) -> None:
        tried.append(password)
        time.sleep(0.01)

    monkeypatch.setattr(passwords, "verified", slow)
    with ThreadPoolExecutor(60) as crowd:
        for number in range(60):
            body = {"email": f"u{number}@example.com", "password": WRONG}
            crowd.submit(app.test_client().post, LOGIN, json=body)
    assert 30 <= len(tried) <= 32


def test_right_passwords_are_no_spraying(ada: Any, attempt: Any, use_up: Any) -> None:
    """Signing in often is nothing bad."""
    use_up(service.SPRAYS, 29, HERE)
    for _ in range(3):
        assert attempt(ada["email"], PASSWORD).status_code == 200


def test_registering(
    client: FlaskClient, use_up: Any, refused: Any, unchanged: Any, app: Flask
) -> None:
    """So many accounts in an hour are enough for one client."""
    use_up(service.REGISTRATIONS, 119, HERE)
    body = {"email": "new@example.com", "password": PASSWORD}
    answer = client.post("/api/v1/auth/register", json=body)
    assert left(answer) == {"register": 0}
    body["email"] = "newer@example.com"
    with unchanged(app):
        refused(client.post("/api/v1/auth/register", json=body), 429, "rate_limited")
    elsewhere = {"REMOTE_ADDR": THERE}
    answer = client.post("/api/v1/auth/register", json=body, environ_base=elsewhere)
    assert answer.status_code == 201


def test_guessing_with_a_stolen_token(
    client: FlaskClient, ada: Any, refused: Any, use_up: Any
) -> None:
    """Changing the password and deleting the account count the same wrong passwords."""
    use_up(users.GUESSES, 9, ada["id"], HERE)
    more = {"headers": ada["headers"]}
    change = {"current_password": WRONG, "new_password": "another one of mine"}
    refused(client.post("/api/v1/auth/password", json=change, **more), 403, "invalid_credentials")
    answer = client.delete("/api/v1/users/me", json={"password": PASSWORD}, **more)
    refused(answer, 429, "rate_limited")
    assert client.get("/api/v1/users/me", **more).status_code == 200


def test_the_wait_ends(app: Flask, ada: Any, attempt: Any, use_up: Any) -> None:
    """When the window is over one may try again, and forgotten counters are swept up."""
    use_up(users.GUESSES, 10, ada["email"], HERE)
    use_up(service.SPRAYS, 1, THERE)
    with app.app_context():
        db.session.execute(update(RateCounter).values(expires=RateCounter.expires - 3600 - 901))
        db.session.commit()
    answer = attempt(ada["email"], WRONG)
    assert answer.status_code == 401
    with app.app_context():
        counters = db.session.scalars(select(RateCounter)).all()
        assert [counter.hits for counter in counters] == [1, 1]


def test_what_is_kept(app: Flask, ada: Any, use_up: Any) -> None:
    """The table of counters does not tell who tried to sign in from where."""
    use_up(users.GUESSES, 1, ada["email"], HERE)
    with app.app_context():
        (key,) = db.session.scalars(select(RateCounter.key_hash))
    assert len(key) == 64
    assert set(key) <= set("0123456789abcdef")


def test_switched_off(tmp_path: Path) -> None:
    """With the setting off nobody waits, and no field pretends otherwise."""
    app = create_app(Settings(data_dir=tmp_path, rate_limits=False, log_level="error"))
    with app.app_context():
        db.create_all()
    body = {"email": "ada@example.com", "password": WRONG}
    for _ in range(11):
        answer = app.test_client().post(LOGIN, json=body)
    assert answer.status_code == 401
    assert "RateLimit" not in answer.headers
    with app.app_context():
        db.engine.dispose()


@pytest.mark.slow
def test_workers_share_the_count(serve: Any) -> None:
    """Of 30 guesses at once over two workers ten are tried; another client still gets in."""
    server = serve(PERCEPT_SERVICES="accounts")
    server.sign_in("ada@example.com")
    body = {"email": "ada@example.com", "password": WRONG}
    with ThreadPoolExecutor(30) as crowd:
        answers = list(crowd.map(lambda _: server.post(LOGIN, json=body), range(30)))
    assert Counter(answer.status_code for answer in answers) == {401: 10, 429: 20}
    assert all("Retry-After" in a.headers for a in answers if a.status_code == 429)
    for number in range(10):
        forged = {"X-Forwarded-For": f"10.0.0.{number}"}
        assert server.post(LOGIN, json=body, headers=forged).status_code == 429
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(transport=elsewhere, timeout=30) as client:
        good = {**body, "password": PASSWORD}
        assert client.post(server.url + LOGIN, json=good).status_code == 200
