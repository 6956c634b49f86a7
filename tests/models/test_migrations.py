"""Migrations: they make the tables of the models, up and down, with data, and only whole."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from servers import PERCEPT, environment
from sqlalchemy import func, inspect, select, text, update

from api.cli.app import MIGRATIONS
from api.extensions import db
from api.models import (
    ApiKey,
    HistoryEntry,
    IdempotentAnswer,
    Job,
    PendingDeletion,
    RateCounter,
    Session,
    Upload,
    User,
    now,
)

TABLES = set(db.metadata.tables)


def fill() -> None:
    """A row in every table."""
    ada = User(email="ada@x.io", email_key="ada@x.io", password_hash="x")
    db.session.add(ada)
    db.session.flush()
    db.session.add_all(
        [
            Session(user_id=ada.id, expires_at=now()),
            ApiKey(user_id=ada.id, name="n", prefix="pct_", key_hash="h", scopes=("ocr", "tts")),
            IdempotentAnswer(key_hash="k", body_hash="b", status=201, sealed_answer=b"\0\xff"),
            RateCounter(key_hash="k", hits=1, expires=1e10),
            HistoryEntry(
                user_id=ada.id,
                service="ocr",
                model="m",
                options={"language": "es"},
                duration_ms=0.1,
                result={"text": "\0 ¿qué? \ud800"},
                input=f"{ada.id}/x-input",
                input_type="image/png",
            ),
            Job(user_id=ada.id, service="ocr", view="v", request={"path": "/"}, error={"a": "ñ"}),
            PendingDeletion(name=f"{ada.id}/x-output"),
            Upload(user_id=ada.id, media_type="a/b", size=1, file="f", expires_at=now()),
        ]
    )
    db.session.commit()


def counts() -> dict[str, int]:
    """How many rows each table has."""
    found = {
        name: db.session.scalar(select(func.count()).select_from(table)) or 0
        for name, table in db.metadata.tables.items()
    }
    db.session.rollback()
    return found


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def differences() -> list[Any]:
    """What `percept db migrate` would write."""
    with db.engine.connect() as connection:
        # SQLite tells defaults as they were written; `test_defaults` sees what they do.
        exact = connection.dialect.name != "sqlite"
        options = {"compare_type": True, "compare_server_default": exact}
        return compare_metadata(MigrationContext.configure(connection, opts=options), db.metadata)


def version() -> str | None:
    with db.engine.connect() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def test_the_tables_are_those_of_the_models(migrated: Flask) -> None:
    """Columns, types, defaults, keys and indexes: nothing is missing, nothing is left over."""
    assert tables() == TABLES
    assert differences() == []


def test_names_of_constraints(migrated: Flask) -> None:
    """Every constraint has its name, so that later migrations can drop it anywhere."""
    here = inspect(db.engine)
    for name, table in db.metadata.tables.items():
        found = {here.get_pk_constraint(name)["name"]}
        found |= {key["name"] for key in here.get_foreign_keys(name)}
        found |= {key["name"] for key in here.get_unique_constraints(name)}
        assert found == {str(constraint.name) for constraint in table.constraints}


def test_down_and_up_with_data(migrated: Flask) -> None:
    """All the way down leaves nothing, and up again gives tables that work."""
    for _ in range(2):
        fill()
        assert set(counts().values()) == {1}
        flask_migrate.downgrade(revision="base")
        assert tables() == set()
        flask_migrate.upgrade()
        assert counts() == dict.fromkeys(TABLES, 0)
    assert differences() == []


def test_every_step_down_and_up(migrated: Flask) -> None:
    """Each migration by itself can be undone and done again; there is one line of them."""
    revisions = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())
    fill()
    for _ in revisions:
        flask_migrate.downgrade()
    assert tables() == set()
    for _ in revisions:
        flask_migrate.upgrade(revision="+1")
    assert tables() == TABLES
    assert version() == revisions[0].revision


def test_without_history_and_with_it_again(migrated: Flask) -> None:
    """Undoing the history takes the entries and nobody's account."""
    fill()
    flask_migrate.downgrade(revision="0001")
    later = {"history", "jobs", "uploads", "pending_deletions"}
    assert tables() == TABLES - later
    flask_migrate.upgrade()
    assert counts() == dict.fromkeys(TABLES, 1) | dict.fromkeys(later, 0)


def test_temporary_passwords_and_back(migrated: Flask) -> None:
    """Undoing them keeps every account and key; only what the columns held is gone."""
    fill()
    db.session.execute(update(User).values(temporary_until=now()))
    key_id = db.session.scalars(select(ApiKey.id)).one()
    db.session.execute(update(ApiKey).values(made_by=key_id))
    db.session.commit()
    flask_migrate.downgrade(revision="0003")
    flask_migrate.upgrade()
    assert counts() == dict.fromkeys(TABLES, 1) | {"pending_deletions": 0}
    for column in (User.temporary_until, ApiKey.made_by):
        assert db.session.scalars(select(column)).all() == [None]
    db.session.rollback()
    assert differences() == []


def test_twice_is_once(migrated: Flask) -> None:
    """Setting up again changes nothing and loses nothing."""
    fill()
    flask_migrate.upgrade()
    assert set(counts().values()) == {1}


STEP = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{parent}", None, None


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("users") as users:
        users.alter_column("name", type_=sa.String(200))
    {then}


def downgrade():
    op.drop_table("half")
"""


def with_a_step(folder: Path, then: str) -> str:
    """A copy of the migrations with one more, which changes the table that others refer to."""
    copy = shutil.copytree(MIGRATIONS, folder / "migrations")
    parent = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    (copy / "versions" / "9999_step.py").write_text(STEP.format(parent=parent, then=then))
    return str(copy)


def test_changing_a_table_keeps_what_refers_to_it(migrated: Flask, tmp_path: Path) -> None:
    """On SQLite a table is copied and dropped; its users keep their sessions and keys."""
    fill()
    flask_migrate.upgrade(directory=with_a_step(tmp_path, "pass"))
    assert version() == "9999"
    assert set(counts().values()) == {1}
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_a_step_that_fails_leaves_nothing_half_done(migrated: Flask, tmp_path: Path) -> None:
    """The tables, the rows and the version are those from before."""
    fill()
    before = version()
    with pytest.raises(ZeroDivisionError):
        flask_migrate.upgrade(directory=with_a_step(tmp_path, "1 / 0"))
    assert version() == before
    assert tables() == TABLES
    assert set(counts().values()) == {1}
    assert differences() == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_three_servers_set_up_at_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """On one empty database all of them succeed, and the secret is one."""
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    surroundings = environment(tmp_path, **({"DATABASE_URL": url} if url else {}))
    setting_up = [
        subprocess.Popen([PERCEPT, "setup"], env=surroundings, cwd=tmp_path, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in setting_up:
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (0, b"")
