"""Housekeeping: what each worker does now and then, and that nothing makes it give up."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from api import housekeeping
from api.accounts.history import service as history
from api.housekeeping import Housekeeper
from api.models import new_id


def calls(monkeypatch: pytest.MonkeyPatch, name: str, result: Any = 0) -> list[tuple[Any, ...]]:
    """How often the history was asked for this, and with what."""
    heard: list[tuple[Any, ...]] = []

    def hear(*args: Any) -> Any:
        heard.append(args)
        if isinstance(result, Exception):
            raise result
        return result

    monkeypatch.setattr(history, name, hear)
    return heard


def set_to(app: Flask, **changes: Any) -> None:
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update=changes)


def stray(app: Flask) -> Path:
    """A file in the storage, an hour old, that no entry names."""
    path = Path(app.config["SETTINGS"].storage) / f"{new_id()}/{new_id()}-input"
    path.parent.mkdir()
    path.write_bytes(b"x")
    os.utime(path, (time.time() - 3600,) * 2)
    return path


def test_strays_go_at_the_start_and_daily(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was too young for the first look is gone after the second, all else a day later."""
    keeper, there, clock = Housekeeper(app, first=True), [], [time.monotonic()]
    monkeypatch.setattr(housekeeping.time, "monotonic", lambda: clock[0])
    for pause in (7.0, 7.0, 7.0, housekeeping.DAY, 7.0, housekeeping.DAY):
        left = stray(app)
        keeper.round()
        there.append(left.exists())
        clock[0] += pause
    assert there == [False, True, False, True, False, True]


def test_only_the_first_worker_looks_for_strays(app: Flask) -> None:
    """The others have enough to do."""
    left = stray(app)
    Housekeeper(app, first=False).round()
    assert left.exists()


def test_old_entries_are_pruned_once_an_hour(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the first minute, then an hour later; not at all without PERCEPT_HISTORY_DAYS."""
    asked, clock = calls(monkeypatch, "prune"), [1000.0]
    monkeypatch.setattr(housekeeping.time, "monotonic", lambda: clock[0])
    for days in (0, 7):
        set_to(app, history_days=days)
        keeper = Housekeeper(app, first=False)
        for _ in range(70):  # a little more than an hour
            keeper.round()
            clock[0] += housekeeping.MINUTE
    assert asked == [(7,), (7,)]


def test_expired_uploads_go_every_minute(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also after the hourly round of the rest."""
    pruned, clock = [], [1000.0]
    monkeypatch.setattr(housekeeping.uploads, "prune", lambda: pruned.append(1) or 0)
    monkeypatch.setattr(housekeeping.time, "monotonic", lambda: clock[0])
    keeper = Housekeeper(app, first=False)
    for _ in range(130):
        keeper.round()
        clock[0] += housekeeping.MINUTE
    assert len(pruned) >= 128


def test_a_database_that_is_away(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told in one line without what was asked of it, and the rounds go on."""
    calls(monkeypatch, "repair", OperationalError("SELECT secret", {}, Exception("gone")))
    keeper = Housekeeper(app, first=True)
    with caplog.at_level("WARNING"):
        keeper.round()
    assert [line.getMessage() for line in caplog.records] == ["housekeeping: OperationalError"]
    asked = calls(monkeypatch, "repair")
    late = time.monotonic() + 15
    monkeypatch.setattr(housekeeping.time, "monotonic", lambda: late)
    keeper.round()
    assert asked == [()]


def test_a_full_disk_is_no_line_in_each_round(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What makes room on a full disk says that it is full, which is no number to be logged."""
    monkeypatch.setattr(housekeeping.database, "reuse_space", lambda: True)
    with caplog.at_level("INFO"):
        Housekeeper(app, first=False).round()
    assert [line.getMessage() for line in caplog.records] == []


def test_idle_models_leave(app: Flask) -> None:
    """After PERCEPT_UNLOAD_AFTER_MINUTES; with 0 they stay. The server stays ready, and loads."""
    client, pool = app.test_client(), app.extensions["pools"]["classify"]
    pool.warm()
    pool._used["everyday_10"] = time.monotonic() - 120
    found = {}
    for minutes in (0, 3, 1):
        set_to(app, unload_after_minutes=minutes)
        Housekeeper(app, first=False).round()
        found[minutes] = pool.loaded()
    assert found == {0: ["everyday_10"], 3: ["everyday_10"], 1: []}
    reasons = client.get("/health/ready").get_json().get("reasons", [])
    assert not [reason for reason in reasons if reason.startswith("classify")]
    gauge = 'percept_model_loaded{model="everyday_10",service="classify"} %s.0'
    assert gauge % 0 in client.get("/metrics").text
    pool.get()
    assert gauge % 1 in client.get("/metrics").text
