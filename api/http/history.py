"""Writes down what was asked and answered: first the files, then the row that names them.

A crash in between leaves a file without a row, which housekeeping removes; a row without its
files cannot come to be.
"""

from typing import Any
from uuid import UUID

from flask import Flask, current_app
from sqlalchemy.exc import IntegrityError

from api.config import BadSetting, Settings
from api.db.database import may_be_done
from api.errors import NotSignedIn
from api.extensions import db
from api.http.deletions import delete_files
from api.http.jobs import running
from api.jobs import states
from api.jobs.running import Unwanted
from api.models import HistoryEntry
from api.storage import File, Storage


def init_app(app: Flask, settings: Settings) -> None:
    """Opens the storage.

    Raises:
        BadSetting: there cannot be a folder at its address.
    """
    try:
        app.extensions["storage"] = Storage(settings.storage)
    except OSError as error:
        raise BadSetting(f"PERCEPT_STORAGE_URL: {error}") from None


def storage() -> Storage:
    """Where the files are."""
    return current_app.extensions["storage"]  # type: ignore[no-any-return]


def stores_files() -> bool:
    """Whether the files that come in and go out are kept."""
    return bool(current_app.config["SETTINGS"].store_inputs)


def write(entry_id: UUID, user_id: UUID, files: dict[str, File | None], **columns: Any) -> None:
    """Add an entry; `files` are its `input` and `output`. It ends the job that it is written by.

    Raises:
        NotReady: a file cannot be stored; then nothing is.
        NotSignedIn: the user was deleted meanwhile.
        Unwanted: the job was cancelled or given to another worker; nothing is stored.
    """
    job = running()
    # Nobody has seen the output of a job yet: it is kept in any case.
    kinds = {"input", "output"} if stores_files() else {"output"} if job else set()
    kept = {kind: file for kind, file in files.items() if file is not None and kind in kinds}
    # Two attempts at one job do not share names: one of them will take its files away again.
    attempt = f"{job.claim.attempt}-" if job else ""
    names = {kind: f"{user_id}/{entry_id}-{attempt}{kind}" for kind in kept}
    types = {f"{kind}_type": file.media_type for kind, file in kept.items()}
    try:
        for kind, file in kept.items():
            storage().put(names[kind], file.content)
        if job and not states.succeed(job.claim):
            raise Unwanted
        db.session.add(HistoryEntry(id=entry_id, user_id=user_id, **columns, **names, **types))
        db.session.commit()
    except BaseException as error:
        db.session.rollback()
        # In doubt they stay: better files without a row than a row without its files.
        if not may_be_done(error):
            delete_files(*names.values())
        if isinstance(error, IntegrityError):
            gone = "This session has ended. Please sign in again."
            raise NotSignedIn(gone, "token_revoked") from None
        raise
