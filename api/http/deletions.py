"""Deletes stored files; what the storage refuses to delete is tried again until it is gone.

See docs/decisions/037.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta

from flask import Flask, current_app
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from api.extensions import db
from api.models import PendingDeletion, now
from api.storage import Storage

RETRY_AFTER = timedelta(minutes=5)
AT_ONCE = 500
log = logging.getLogger(__name__)


def delete_files(*names: str) -> None:
    """Delete files that no row names any more, now or later."""
    _remember(_storage().remove(*names))


def delete_owner(owner: str) -> None:
    """Delete all files of a user who is gone, now or later."""
    if not _storage().remove_owner(owner):
        _remember([f"{owner}/"])


def retry() -> int:
    """Try again to delete what is due; return how many names are done with."""
    names = _due()
    owners = [name for name in names if name.endswith("/")]
    left = _storage().remove(*(name for name in names if not name.endswith("/")))
    left += [owner for owner in owners if not _storage().remove_owner(owner.rstrip("/"))]
    done = set(names) - set(left)
    db.session.execute(delete(PendingDeletion).where(PendingDeletion.name.in_(done)))
    db.session.commit()
    return len(done)


def _due() -> list[str]:
    """Return names whose time has come; no other process gets them for a while."""
    due = select(PendingDeletion.name).where(PendingDeletion.try_at <= now()).limit(AT_ONCE)
    if db.session.scalar(due.limit(1)) is None:  # an UPDATE of nothing would lock all of SQLite
        db.session.rollback()
        return []
    taken = update(PendingDeletion).where(PendingDeletion.name.in_(due))
    later = taken.values(try_at=now() + RETRY_AFTER).returning(PendingDeletion.name)
    names = list(db.session.scalars(later))
    db.session.commit()
    return names


def _remember(names: Iterable[str]) -> None:
    rows = [{"name": name, "try_at": now() + RETRY_AFTER} for name in names]
    if not rows:
        return
    log.warning("%d files could not be deleted; they will be tried again", len(rows))
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    try:
        with db.engine.begin() as connection:
            connection.execute(dialect.insert(PendingDeletion).on_conflict_do_nothing(), rows)
    except SQLAlchemyError as error:  # the daily search for files without a row finds them
        log.warning("the files to delete could not be noted: %s", type(error).__name__)


def _storage() -> Storage:
    found: Storage = current_app.extensions["storage"]
    return found


class PendingDeletions(Collector):
    """How many files are still to be deleted, and since when; read when asked."""

    def __init__(self, app: Flask):
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Yield one sample each; none while the database is away."""
        query = select(func.count(), func.min(PendingDeletion.created_at))
        try:
            with self._app.app_context():
                row = db.session.execute(query).one()
        except SQLAlchemyError:
            return
        count, since = row[0], row[1]
        age = max(0.0, (now() - since).total_seconds()) if count else 0.0
        yield GaugeMetricFamily(
            "percept_pending_deletions", "Files that the storage has not deleted yet.", count
        )
        yield GaugeMetricFamily(
            "percept_pending_deletions_oldest_seconds", "Age of the oldest of them.", age
        )


def init_app(app: Flask) -> None:
    """Show on /metrics what is still to be deleted."""
    app.extensions["collectors"].append(PendingDeletions(app))
