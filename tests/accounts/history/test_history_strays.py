"""What housekeeping removes: files without a row, and entries that are old."""

import os
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update
from stored import contents, count, root

from api.accounts.history import service
from api.extensions import db
from api.models import HistoryEntry, new_id, now
from api.storage import File

OLD = time.time() - 3600
BOTH = {kind: File(b"sound", "audio/wav") for kind in ("input", "output")}


def stray(app: Flask, name: str, when: float = OLD) -> str:
    """A file in the storage that no entry names."""
    path = root(app) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    os.utime(path, (when, when))
    return name


def test_strays_are_removed(app: Flask, remember: Any) -> None:
    """Files whose row was never written, or is gone, go; those of an entry stay."""
    remember(**BOTH)
    kept = set(contents(app))
    for kind in ("input", "output"):
        stray(app, f"{new_id()}/{new_id()}-{kind}")
    for name in kept:
        os.utime(root(app) / name, (OLD, OLD))
    with app.app_context():
        assert (service.repair(), service.repair()) == (2, 0)
    assert set(contents(app)) == kept


def test_a_row_that_names_one_file(app: Flask, remember: Any) -> None:
    """A second file with the same id that the row does not name is a stray."""
    entry = remember(**BOTH)
    with app.app_context():
        row = update(HistoryEntry).where(HistoryEntry.id == UUID(entry))
        db.session.execute(row.values(output=None))
        db.session.commit()
    for name in contents(app):
        os.utime(root(app) / name, (OLD, OLD))
    with app.app_context():
        assert service.repair() == 1
    (kept,) = set(contents(app))
    assert kept.endswith(f"{entry}-input")


def test_young_files_are_spared(app: Flask) -> None:
    """Their row may be on its way."""
    young = stray(app, f"{new_id()}/{new_id()}-input", time.time() - 5)
    old = stray(app, f"{new_id()}/{new_id()}-input", time.time() - 15)
    with app.app_context():
        assert service.repair() == 1
    assert (young in set(contents(app)), old in set(contents(app))) == (True, False)


def test_what_is_not_ours_stays(app: Flask) -> None:
    """Whoever shares the folder keeps their files."""
    names = {"README", "backup/2026.tar", f"{new_id()}/notes.txt", f"{new_id()}-input"}
    for name in names:
        stray(app, name)
    with app.app_context():
        assert service.repair() == 0
    assert set(contents(app)) == names


def test_many_strays(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than are looked up at once."""
    monkeypatch.setattr(service, "AT_ONCE", 3)
    for _ in range(10):
        stray(app, f"{new_id()}/{new_id()}-input")
    with app.app_context():
        assert service.repair() == 10
    assert set(contents(app)) == set()


def test_old_entries_go_with_their_files(
    app: Flask, remember: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After so many days, however many there are; 0 days means never."""
    monkeypatch.setattr(service, "AT_ONCE", 2)
    for age in (0, 1, 3, 5, 8, 9, 400):
        remember(**BOTH, created_at=now() - timedelta(days=age, minutes=1))
    with app.app_context():
        assert [service.prune(days) for days in (0, 7, 7, 2)] == [0, 3, 0, 2]
    assert (count(app, HistoryEntry), len(contents(app))) == (2, 4)
