"""Rate limits count in Redis, and in the database while Redis is away."""

from pathlib import Path

import pytest
import redis
from backends import RedisServer
from flask import Flask
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from api.app import create_app
from api.config import Settings
from api.db import redis_counters
from api.db.counters import DatabaseCounters
from api.db.redis_counters import SharedCounters
from api.extensions import db

TEN = parse("10/minute")
WHO = "ada@example.com"


@pytest.fixture
def shared(app: Flask, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> FixedWindowRateLimiter:
    """A limiter that counts in Redis, and asks it again at once when it was away."""
    monkeypatch.setattr(redis_counters, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(redis_counters, "TIMEOUT_SECONDS", 0.1)
    return FixedWindowRateLimiter(SharedCounters(redis_url))


def left(limiter: FixedWindowRateLimiter) -> int:
    return int(limiter.get_window_stats(TEN, WHO).remaining)


def test_where_it_counts(tmp_path: Path, redis_url: str) -> None:
    """In Redis where there is one."""
    for url, kind in (("", DatabaseCounters), (redis_url, SharedCounters)):
        app = create_app(Settings(data_dir=tmp_path, redis_url=url, services=("accounts",)))
        assert type(app.extensions["limiter"].storage) is kind


def test_two_servers_share_a_counter(app: Flask, redis_url: str) -> None:
    """Ten are ten, whoever counts them, and the database hears nothing of it."""
    both = [FixedWindowRateLimiter(SharedCounters(redis_url)) for _ in range(2)]
    with app.app_context():
        assert [both[n % 2].hit(TEN, WHO) for n in range(12)] == [True] * 10 + [False] * 2
        assert [limiter.test(TEN, WHO) for limiter in both] == [False, False]
        both[0].clear(TEN, WHO)
        assert [left(limiter) for limiter in both] == [10, 10]
        assert left(FixedWindowRateLimiter(DatabaseCounters())) == 10


def test_no_names_in_redis(app: Flask, shared: FixedWindowRateLimiter, redis_url: str) -> None:
    """Nobody learns there who tried to sign in; and a counter ends with its window."""
    with app.app_context():
        shared.hit(TEN, WHO, "\udcff")
    with redis.from_url(redis_url) as client:
        (key,) = client.keys()
        assert b"ada" not in key
        assert 0 < client.ttl(key) <= 60


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_redis_goes_and_comes(
    app: Flask, shared: FixedWindowRateLimiter, redis_server: RedisServer, how: str
) -> None:
    """The limit holds meanwhile, in the database, and in Redis again after that."""
    with app.app_context():
        assert shared.hit(TEN, WHO)
        getattr(redis_server, how)()
        assert shared.hit(TEN, WHO, cost=4)
        assert left(shared) == 6
        assert left(FixedWindowRateLimiter(DatabaseCounters())) == 6
        assert not shared.hit(TEN, WHO, cost=7)
        redis_server.start() if how == "stop" else redis_server.thaw()
        # What was sent to a frozen one counts there too, once it goes on.
        assert left(shared) == 10 if how == "stop" else left(shared) <= 9


def test_not_every_request_waits(
    app: Flask, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once Redis did not answer, it is left alone for a while."""
    limiter = FixedWindowRateLimiter(SharedCounters(redis_server.url))
    redis_server.freeze()
    with app.app_context():
        limiter.hit(TEN, WHO)
        redis_server.thaw()
        limiter.hit(TEN, WHO)
        assert left(limiter) == 8
        with redis.from_url(redis_server.url) as client:
            assert client.keys() == []


def test_a_full_redis(app: Flask, shared: FixedWindowRateLimiter, redis_url: str) -> None:
    """A Redis without memory is as good as none."""
    with redis.from_url(redis_url) as client:
        client.config_set("maxmemory", "1kb")
        client.config_set("maxmemory-policy", "noeviction")
    with app.test_request_context():
        assert [shared.hit(TEN, WHO) for _ in range(11)] == [True] * 10 + [False]


def test_told_in_the_answer(tmp_path: Path, redis_url: str) -> None:
    """The RateLimit fields are the same ones."""
    app = create_app(Settings(data_dir=tmp_path, redis_url=redis_url, services=("accounts",)))
    with app.app_context():
        db.create_all()
    answer = app.test_client().post("/api/v1/auth/login", json={"email": WHO, "password": "x"})
    assert answer.headers["RateLimit"].startswith('"login";r=9;t=')
    with app.app_context():
        db.engine.dispose()
