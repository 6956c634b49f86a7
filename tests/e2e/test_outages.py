"""PostgreSQL or Redis goes away under load and comes back; two servers share both."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from backends import PostgresServer, RedisServer, running
from outages import Writer, outage
from servers import Server, start, stop

pytestmark = pytest.mark.slow
# The full ten times thirty seconds are tests/benchmarks/outages.py.
AWAY_SECONDS = 4.0
HANG_SECONDS = 5.0
ME, AUTH = "/api/v1/users/me", "/api/v1/auth"
WRONG = {"email": "ada@example.com", "password": "ten thousand small lambs"}


@dataclass
class House:
    """Two servers, and what they lean on."""

    one: Server
    other: Server
    postgres: PostgresServer
    redis: RedisServer


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two servers on one database and one Redis."""
    with running(PostgresServer) as postgres, running(RedisServer) as redis:
        common = {
            "DATABASE_URL": postgres.fresh("percept"),
            "REDIS_URL": redis.url,
            "PERCEPT_SECRET": "0123456789abcdefghijklmnopqrstuvwxyz",
            "PERCEPT_SERVICES": "accounts",
            "PERCEPT_WORKERS": "1",
        }
        one, other = (start(tmp_path_factory.mktemp(name), **common) for name in ("one", "other"))
        yield House(one, other, postgres, redis)
        assert [stop(one), stop(other)] == [0, 0]


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_postgres_goes_and_comes(house: House, how: str) -> None:
    """503 soon, back soon, nothing that was acknowledged is lost."""
    writer = Writer(house.one, f"postgres.{how}@example.com")
    seen = outage(house.one, [writer.write, writer.read], house.postgres, how, AWAY_SECONDS)
    assert seen.failures == []
    assert set(seen.answers) == {200, 201, 503}
    assert seen.longest < HANG_SECONDS
    assert seen.back < HANG_SECONDS
    assert writer.missing() == set()


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_redis_goes_and_comes(house: House, how: str) -> None:
    """Nobody is refused: the limits of signing in count in the database meanwhile."""
    email = f"redis.{how}@example.com"
    writer = Writer(house.one, email)
    right = {"email": email, "password": "ten thousand small lamps"}
    asks = [writer.write, writer.read, lambda c: c.post(f"{AUTH}/login", json=right)]
    seen = outage(house.one, asks, house.redis, how, 1.0)
    assert (seen.failures, set(seen.answers)) == ([], {200, 201})
    assert seen.longest < HANG_SECONDS


def test_signed_out_everywhere(house: House) -> None:
    """Who signs out on one server is signed out on the other once the answer is there."""
    for number in range(5):
        headers = house.one.bearer(f"ada{number}@example.com")
        assert house.other.get(ME, headers=headers).status_code == 200
        assert house.one.post(f"{AUTH}/logout", headers=headers).status_code == 204
        assert house.other.get(ME, headers=headers).status_code == 401


def test_guesses_count_everywhere(house: House) -> None:
    """Ten guesses are ten, on whichever server; and again once Redis has forgotten them."""
    house.one.sign_in("ada@example.com")
    for _ in range(2):
        statuses = [
            server.post(f"{AUTH}/login", json=WRONG).status_code
            for server in [house.one, house.other] * 6
        ]
        assert statuses == [401] * 10 + [429] * 2
        house.redis.flush()
