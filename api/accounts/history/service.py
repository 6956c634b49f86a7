"""Finds and deletes history; keeps rows and files together."""

import re
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Select, delete, select

from api.db.database import reuse_space
from api.errors import NotFound
from api.extensions import db
from api.http.auth import Caller
from api.http.deletions import delete_files
from api.http.history import storage
from api.models import UNFINISHED, HistoryEntry, Job, Upload, now

AT_ONCE, FEW = 500, 50
OUR_NAME = re.compile(
    r"[0-9a-f-]{36}/(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"-((?P<entry>([0-9]+-)?(input|output))|(?P<job>request-[0-9]+)|(?P<upload>upload))"
    r"(-part-[0-9a-f]+)?"
)


def mine(who: Caller) -> Select[Any]:
    """The caller's entries."""
    return select(HistoryEntry).where(HistoryEntry.user_id == who.user_id)


def missing() -> NotFound:
    """Return the refusal of an entry that the caller does not have."""
    return NotFound("There is no such history entry.")


def get(who: Caller, entry_id: UUID) -> HistoryEntry:
    """One of the caller's entries.

    Raises:
        NotFound: the caller has none of that id.
    """
    row: HistoryEntry | None = db.session.scalar(mine(who).where(HistoryEntry.id == entry_id))
    if row is None:
        raise missing()
    return row


def remove(who: Caller, entry_id: UUID) -> None:
    """Delete one entry and its files.

    Raises:
        NotFound: the caller has none of that id.
    """
    chosen = delete(HistoryEntry).where(
        HistoryEntry.user_id == who.user_id, HistoryEntry.id == entry_id
    )
    if not _remove(chosen):
        raise missing()


def remove_all(who: Caller) -> None:
    """Delete everything that the caller has asked until now."""
    _remove_many(HistoryEntry.user_id == who.user_id, HistoryEntry.created_at <= now())


def prune(days: int) -> int:
    """Delete entries older than so many days; return their number. 0 days: nothing."""
    limit = now() - timedelta(days=days)
    return _remove_many(HistoryEntry.created_at < limit) if days else 0


def _remove_many(*which: ColumnElement[bool]) -> int:
    """Delete a few at a time, and one by one on a full disk: SQLite logs all that it deletes."""
    total, chosen = 0, select(HistoryEntry.id).where(*which)
    while True:
        few = chosen.limit(1 if reuse_space() else FEW)
        gone = _remove(delete(HistoryEntry).where(HistoryEntry.id.in_(few)))
        if not gone:
            return total
        total += gone


def repair() -> int:
    """Remove files that no row needs, left by a crash; how many there were.

    Younger ones are spared: a server may be between writing a file and its row.
    """
    limit = now() - storage().settled_after
    old = (name for name, written in storage().names() if written < limit)
    total = 0
    while names := list(islice(old, AT_ONCE)):
        strays = _without_row(names)
        delete_files(*strays)
        total += len(strays)
    return total


def _without_row(names: list[str]) -> list[str]:
    """Those of our names that nothing needs; other people's files in the folder stay.

    An entry needs the files that it names, an unfinished job and an upload all of theirs.
    """
    ours = [found for name in names if (found := OUR_NAME.fullmatch(name))]
    ids = {kind: [UUID(m["id"]) for m in ours if m[kind]] for kind in ("entry", "job", "upload")}
    entry = select(HistoryEntry.input, HistoryEntry.output)
    rows = db.session.execute(entry.where(HistoryEntry.id.in_(ids["entry"])))
    named = {name for row in rows for name in row}
    job = select(Job.id).where(Job.id.in_(ids["job"]), Job.status.in_(UNFINISHED))
    upload = select(Upload.id).where(Upload.id.in_(ids["upload"]))
    alive = {*db.session.scalars(job), *db.session.scalars(upload)}
    return [m[0] for m in ours if m[0] not in named and (m["entry"] or UUID(m["id"]) not in alive)]


def _remove(chosen: Delete) -> int:
    # Rows first: a crash now leaves files that housekeeping removes, not rows without files.
    columns = (HistoryEntry.input, HistoryEntry.output)
    gone = db.session.execute(chosen.returning(*columns)).all()
    db.session.commit()
    delete_files(*(name for names in gone for name in names if name))
    return len(gone)
