"""Faults of the disk, the database and the system, in words that clients understand."""

import errno

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.db.database import reserve
from api.errors import N_, OUT_OF_FILES, NotReady, PerceptError
from api.http.refusals import busy
from api.storage.reserve import FULL

FULL_TEXT = N_("The server's disk is full. Please try again later.")
READ_ONLY_TEXT = N_("Nothing can be stored at the moment: the disk is read-only.")
AWAY = N_("The database is not responding. Please try again.")
# Of SQLite (result codes, of which the lowest byte counts) and of PostgreSQL (SQLSTATE).
FULL_CODES, READ_ONLY_CODES = (13, "53100"), (8, "25006")


def known(error: Exception) -> PerceptError | None:
    """Return what to tell clients; None if the error is a bug."""
    if isinstance(error, DBAPIError):
        return _of_database(error)
    if isinstance(error, PoolTimeout):
        return NotReady(AWAY, "not_available")
    number = getattr(error, "errno", None)
    if number in OUT_OF_FILES:  # see ulimit -n
        return busy()
    if number in FULL:
        return NotReady(FULL_TEXT, "storage_full")
    return NotReady(READ_ONLY_TEXT, "storage_read_only") if number == errno.EROFS else None


def _of_database(error: DBAPIError) -> NotReady | None:
    code = getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorcode", 0) & 255
    if code in FULL_CODES:
        if held := reserve():  # the next request finds space
            held.release()
        return NotReady(FULL_TEXT, "storage_full")
    if code in READ_ONLY_CODES:
        return NotReady(READ_ONLY_TEXT, "storage_read_only")
    return NotReady(AWAY, "not_available") if isinstance(error, OperationalError) else None
