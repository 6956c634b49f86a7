"""Prefer: respond-async: an inference request becomes a job, whose view is called later."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Flask, Response, current_app, g, request
from flask_restx import Namespace
from sqlalchemy import func, select

from api.config import Settings
from api.db.database import may_be_done, refuse_if_full
from api.errors import NotReady, Overloaded, Unusable, invalid
from api.extensions import db
from api.http import jobs
from api.http.auth import Caller, caller, hold
from api.http.deletions import delete_files
from api.http.history import storage
from api.http.options import Option
from api.http.proxies import public
from api.http.uploaded import Uploaded
from api.jobs import states, webhooks
from api.jobs.queue import queue
from api.jobs.running import Running
from api.models import UNFINISHED, Job, new_id
from api.storage import File

View = Callable[..., Any]
PREFERENCE = "respond-async"
RETRY_AFTER = {"Retry-After": "1"}
CALLBACK = Option(
    "callback_url",
    "For jobs: URL to notify when the job ends (Standard Webhooks). Its host must be in "
    "`PERCEPT_WEBHOOK_HOSTS`.",
    longest=webhooks.LENGTH,
)
_views: dict[str, View] = {}


def respond_async(ns: Namespace) -> Callable[[View], View]:
    """Lets a view be called later: it then answers 202 and the job.

    What it is handed must be files, or plain JSON.
    """

    def decorate(view: View) -> View:
        name = f"{ns.name}.{view.__qualname__}"
        _views[name] = view

        @functools.wraps(view)
        def now_or_later(*args: Any, **given: Any) -> Any:
            callback_url = _callback_url(given)
            if not _is_preferred():
                if callback_url:
                    raise invalid("callback_url", "Requires the header Prefer: respond-async.")
                return view(*args, **given)
            job = defer(ns.name, name, given, callback_url)
            place = {"Location": public(f"/api/v1/jobs/{job.id}"), "Preference-Applied": PREFERENCE}
            return jobs.job_json(job), 202, {**place, **RETRY_AFTER}

        described = "`respond-async` returns 202 and a job."
        header = {"in": "header", "enum": [PREFERENCE], "description": described}
        ns.add_model(jobs.job.name, jobs.job)
        documented = ns.doc(params={"Prefer": header})(now_or_later)
        return ns.response(202, "The job that will run the request", jobs.job)(documented)  # type: ignore[no-any-return]

    return decorate


def _is_preferred() -> bool:
    wishes = ",".join(request.headers.getlist("Prefer")).lower().split(",")
    return PREFERENCE in (wish.partition(";")[0].strip() for wish in wishes)


def _callback_url(given: dict[str, Any]) -> str | None:
    """Takes the address out of the options or the body, where the view would not look for it."""
    settings: Settings = current_app.config["SETTINGS"]
    url = given.get("options", given.get("body", {})).pop(CALLBACK.name, None)
    return webhooks.check(url, settings) if url else None


def defer(service: str, view: str, given: dict[str, Any], callback_url: str | None) -> Job:
    """A queued job: first its files are stored, then its row, then workers hear of it.

    Raises:
        Overloaded: the caller has too many jobs.
        NotSignedIn: the caller was deleted or disabled meanwhile.
        NotReady: the queue or the storage is away; nothing is stored.
    """
    queue().check()
    refuse_if_full()
    _refuse_too_many(caller().user_id)
    db.session.close()  # what is stored next may take long
    job = Job(
        id=new_id(), user_id=caller().user_id, service=service, view=view, status="queued",
        callback_url=callback_url,
    )  # fmt: skip
    job.request = {
        "path": request.path,
        "language": request.headers.get("Accept-Language", ""),
        "request_id": g.request_id,
        "given": {},
        "files": [],
    }
    try:
        job.request["given"] = _with_files_stored(job, given)
        hold(caller())
        _refuse_too_many(caller().user_id)  # again: others may have come meanwhile
        db.session.add(job)
        db.session.commit()
    except BaseException as error:
        db.session.rollback()
        if not may_be_done(error):
            delete_files(*job.request["files"])
        raise
    _announce(job)
    return job


def _announce(job: Job) -> None:
    """Tell the workers. If that fails, withdraw the job, unless a worker has found it already.

    Raises:
        NotReady: the queue is away; nothing is stored.
    """
    try:
        queue().announce((job.id, job.service))
    except NotReady:
        if states.withdraw(job.id):
            delete_files(*job.request["files"])
            raise


def _refuse_too_many(user_id: UUID) -> None:
    unfinished = select(func.count()).where(Job.user_id == user_id, Job.status.in_(UNFINISHED))
    limit = current_app.config["SETTINGS"].max_jobs
    if (db.session.scalar(unfinished) or 0) >= limit:
        raise Overloaded(
            "You have %(limit)s unfinished jobs, which is the maximum.",
            "too_many_jobs",
            limit=limit,
        )


def _with_files_stored(job: Job, given: Any) -> Any:
    """The value with each File in the storage, and a note in its place."""
    if isinstance(given, dict):
        return {name: _with_files_stored(job, value) for name, value in given.items()}
    if isinstance(given, list):
        return [_with_files_stored(job, value) for value in given]
    if not isinstance(given, File):
        return given
    names = job.request["files"]
    names.append(f"{job.user_id}/{job.id}-request-{len(names)}")
    if isinstance(given, Uploaded):
        storage().put_stream(names[-1], given.pieces())
    else:
        storage().put(names[-1], given.content)
    return {"stored": names[-1], "media_type": given.media_type}


def _with_files_read(given: Any) -> Any:
    if isinstance(given, list):
        return [_with_files_read(value) for value in given]
    if not isinstance(given, dict):
        return given
    if given.keys() != {"stored", "media_type"}:
        return {name: _with_files_read(value) for name, value in given.items()}
    try:
        return File(storage().read(given["stored"]), given["media_type"])
    except FileNotFoundError:
        raise Unusable("The files of this job no longer exist.", "job_files_missing") from None


@dataclass(frozen=True)
class Fault:
    """What went wrong with an attempt at a job, and whether another may go well."""

    problem: dict[str, Any]
    passing: bool


def answer(app: Flask, running: Running) -> Fault | None:
    """One attempt at a job: calls its view, which writes the history and so ends the job.

    Raises:
        Unwanted: the attempt is no longer wanted.
    """
    claim = running.claim
    path, headers = claim.request["path"], {"Accept-Language": claim.request["language"]}
    with app.test_request_context(path, method="POST", headers=headers):
        g.running, g.request_id = running, claim.request["request_id"]
        g.caller = Caller(claim.user_id, (), frozenset({claim.service}))
        try:
            _finish(_views[claim.view](None, **_with_files_read(claim.request["given"])))
        # The client is told what it would have been told by the route, whatever that is.
        except Exception as error:  # noqa: BLE001
            refusal: Any = app.handle_user_exception(error)
            passing = refusal.status_code == 503 or getattr(error, "passing", False)
            return Fault(refusal.get_json(), passing)
    return None


def _finish(returned: Any) -> None:
    """A stream is done, and in the history, when its last byte is taken."""
    if isinstance(returned, Response):
        for _ in returned.iter_encoded():
            pass
        returned.close()
