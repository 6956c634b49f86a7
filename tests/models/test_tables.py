"""The tables: what the database itself keeps true, whoever writes to it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from api.extensions import db
from api.models import ApiKey, HistoryEntry, RateCounter, Session, User, new_id, now


def add_user(email: str = "ada@x.io") -> User:
    user = User(email=email, email_key=email, password_hash="x")
    db.session.add(user)
    db.session.flush()
    db.session.add(Session(user_id=user.id, expires_at=now()))
    db.session.add(
        ApiKey(user_id=user.id, name="n", prefix="p", key_hash=email, scopes=("tts", "ocr"))
    )
    db.session.add(
        HistoryEntry(
            user_id=user.id, service="ocr", model="m", options={}, duration_ms=1.5, result={"n": 1}
        )
    )
    db.session.commit()
    return user


def test_deletes_cascade_in_the_database(migrated: Flask) -> None:
    """What is theirs goes with a user, also when plain SQL deletes it; others' stays."""
    ada, bob = add_user("ada@x.io"), add_user("bob@x.io")
    bob_id = bob.id
    db.session.execute(delete(User).where(User.id == ada.id))
    db.session.commit()
    for table in (Session, ApiKey, HistoryEntry):
        assert db.session.scalars(select(table.user_id)).all() == [bob_id]
    db.session.execute(text("DELETE FROM users"))
    db.session.commit()
    for table in (Session, ApiKey, HistoryEntry):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_a_key_ends_with_the_one_that_made_it(migrated: Flask) -> None:
    """Also what was made by what it made; the keys beside it stay."""
    ada = add_user()
    ends = {"user_id": ada.id, "name": "n", "prefix": "p", "scopes": ("ocr",)}
    first = ApiKey(key_hash="1", **ends)
    db.session.add(first)
    db.session.flush()
    second = ApiKey(key_hash="2", made_by=first.id, **ends)
    db.session.add(second)
    db.session.flush()
    db.session.add(ApiKey(key_hash="3", made_by=second.id, **ends))
    db.session.commit()
    db.session.execute(delete(ApiKey).where(ApiKey.id == first.id))
    db.session.commit()
    assert db.session.scalars(select(ApiKey.key_hash)).all() == ["ada@x.io"]


def test_nobody_has_no_session(migrated: Flask) -> None:
    """Foreign keys are watched on every connection."""
    with pytest.raises(IntegrityError):
        db.session.execute(insert(Session).values(user_id=new_id(), expires_at=now()))
    db.session.rollback()
    if db.engine.dialect.name == "sqlite":
        for _ in range(3):
            with db.engine.connect() as connection, db.engine.connect() as another:
                for one in (connection, another):
                    assert one.execute(text("PRAGMA foreign_keys")).scalar() == 1
                    assert one.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_one_address_one_row(migrated: Flask) -> None:
    """Two accounts with one key cannot be, whatever the code thinks."""
    add_user()
    with pytest.raises(IntegrityError):
        add_user()
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(User)) == 1


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 3, 29, 2, 30, 15, 123456, UTC),
        datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime(1, 1, 2, tzinfo=UTC),
        datetime(9999, 12, 30, 23, 59, 59, 999999, UTC),
    ],
    ids=str,
)
def test_times_are_in_utc(migrated: Flask, time: datetime) -> None:
    """Whatever zone a time is given in, it comes back aware, in UTC, to the microsecond."""
    add_user().last_login_at = time
    db.session.commit()
    (kept,) = db.session.scalars(select(User.last_login_at))
    assert kept == time
    assert kept is not None
    assert kept.utcoffset() == timedelta(0)
    assert db.session.scalar(select(func.count()).where(User.last_login_at <= time)) == 1
    assert db.session.scalar(select(func.count()).where(User.last_login_at < time)) == 0


def test_defaults(migrated: Flask) -> None:
    """The database fills in what a row written by hand leaves out."""
    db.session.execute(
        text(
            "INSERT INTO users (id, created_at, email, email_key, password_hash) "
            "VALUES (:id, :now, 'a', 'a', 'x')"
        ),
        {"id": new_id().hex, "now": now().isoformat(" ")},
    )
    db.session.commit()
    user = db.session.scalars(select(User)).one()
    assert (user.roles, user.active, user.email_verified) == (("user",), True, False)
    assert (user.locale, user.name, user.last_login_at) == ("en", None, None)
    assert (now() - user.created_at) < timedelta(minutes=1)


def test_words(migrated: Flask) -> None:
    """A list of words keeps its order, and may be empty."""
    add_user()
    key = db.session.scalars(select(ApiKey)).one()
    assert key.scopes == ("tts", "ocr")
    key.scopes = ()
    db.session.commit()
    assert db.session.scalars(select(ApiKey.scopes)).one() == ()


def test_counters_are_exact(migrated: Flask) -> None:
    """The end of a window is kept as precisely as the clock tells it."""
    db.session.add(RateCounter(key_hash="k", hits=2**31 - 1, expires=1795226157.123456))
    db.session.commit()
    assert db.session.scalars(select(RateCounter.expires)).one() == 1795226157.123456


def test_results_are_read_only_where_they_are_shown(migrated: Flask) -> None:
    """A list of entries leaves the results, which may be large, in the database."""
    add_user()
    entry = db.session.scalars(select(HistoryEntry)).one()
    assert "result" not in entry.__dict__
    assert (entry.result, entry.duration_ms) == ({"n": 1}, 1.5)


def test_ids_follow_time() -> None:
    """Ids are UUIDv7, unique, and in the order in which they were made."""
    ids = [new_id() for _ in range(2000)]
    assert {one.version for one in ids} == {7}
    assert ids == sorted(set(ids))
