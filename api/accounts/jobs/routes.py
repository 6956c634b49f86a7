"""/jobs: list, read, follow and cancel."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

from flask import Response, stream_with_context
from flask_restx import Resource

from api.accounts.jobs import schemas, service
from api.accounts.jobs.schemas import namespace
from api.errors import Conflict, NotFound
from api.http import paging
from api.http.auth import caller, signed_in
from api.http.jobs import job, job_json, summary_json
from api.http.options import takes_options
from api.http.refusals import busy, refusal
from api.http.restx import Binary, answers_with
from api.http.serving import draining
from api.models import UNFINISHED, Job

EVENTS = "text/event-stream"
FOLLOWED = (
    "Server-Sent Events. Each `data:` is the job as JSON, sent when it changes. The stream ends "
    "with the job, or with your session, key or account. If it breaks, request it again."
)
EVENT = f"data: {json.dumps(job.shown)}\n\n"


@namespace.route("")
class Jobs(Resource):
    """Your jobs."""

    @namespace.doc("list_jobs")
    @signed_in(namespace)
    @takes_options(namespace, *schemas.FILTERS, *paging.OPTIONS)
    @namespace.response(200, "Your jobs, newest first", schemas.job_list)
    def get(self, options: dict[str, Any]) -> paging.Page:
        """List your jobs, without their results."""
        query = service.mine(caller())
        for column in ("service", "status"):
            if options[column]:
                query = query.where(getattr(Job, column) == options[column])
        return paging.page(query, Job.id, options, summary_json)


@namespace.route("/<uuid:job_id>")
class OneJob(Resource):
    """One of your jobs."""

    @namespace.doc("get_job")
    @signed_in(namespace)
    @namespace.response(200, "The job, with `result` or `error` after it has ended", job)
    @refusal(namespace, 404, "You have no such job", NotFound("There is no such job."))
    def get(self, job_id: UUID) -> Any:
        """Get a job."""
        found = service.get(caller(), job_id)
        wait = {"Retry-After": "1"} if found.status in UNFINISHED else {}
        return job_json(found), 200, wait

    @namespace.doc("cancel_job")
    @signed_in(namespace)
    @namespace.response(204, "The job was cancelled; no result is stored")
    @refusal(namespace, 404, "You have no such job", NotFound("There is no such job."))
    @refusal(
        namespace,
        409,
        "The job has already ended",
        Conflict("This job has already ended.", "job_ended"),
    )
    def delete(self, job_id: UUID) -> tuple[str, int]:
        """Cancel a job."""
        service.cancel(caller(), job_id)
        return "", 204


@namespace.route("/<uuid:job_id>/events")
class Events(Resource):
    """How one of your jobs goes on."""

    @namespace.doc("follow_job")
    @signed_in(namespace)
    @answers_with(namespace, FOLLOWED, Binary(), EVENTS, shown={EVENTS: EVENT})
    @refusal(namespace, 404, "You have no such job", NotFound("There is no such job."))
    @refusal(namespace, 503, "Too many clients are following jobs", busy())
    def get(self, job_id: UUID) -> Response:
        """Follow a job until it ends."""
        service.get(caller(), job_id)
        with ExitStack() as held:
            held.enter_context(service.place())
            sent = _sent(service.changes(caller(), job_id, draining))
            answer = Response(stream_with_context(sent), content_type=EVENTS)
            # nginx would keep the events back until there are many.
            answer.headers["X-Accel-Buffering"] = "no"
            answer.call_on_close(held.pop_all().close)
        return answer


def _sent(changes: Iterator[dict[str, Any] | None]) -> Iterator[str]:
    for change in changes:
        yield f"data: {json.dumps(change, ensure_ascii=False)}\n\n" if change else ":\n\n"
