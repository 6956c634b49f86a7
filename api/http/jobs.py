"""A job on the wire, and the limits that hold for it."""

from typing import Any

from flask import current_app, g
from flask_restx import Namespace, fields

from api.extensions import db
from api.http.proxies import public
from api.http.restx import Id, NullableTime, ProblemObject, Time, model
from api.http.times import rfc3339
from api.jobs.running import Running
from api.models import STATUSES, HistoryEntry, Job

namespace = Namespace(
    "jobs", description="Requests that run in the background (`Prefer: respond-async`)."
)

COLUMNS = {
    "id": Id(
        required=True,
        description="Id of the job. After success, it is also the id of the history entry.",
    ),
    "service": fields.String(required=True, example="ocr"),
    "status": fields.String(required=True, enum=list(STATUSES), example="running"),
    "progress": fields.Float(
        required=True,
        min=0,
        max=1,
        example=0.4,
        description="Completed share, from 0 to 1, by pages, seconds of audio or sentences.",
    ),
    "created_at": Time(required=True),
    "finished_at": NullableTime(required=True),
}
summary = model(namespace, "Summary", **COLUMNS)
job = model(
    namespace,
    "Job",
    shown={
        "id": Id.__schema_example__,
        "service": "ocr",
        "status": "queued",
        "progress": 0,
        "created_at": Time.__schema_example__,
        "finished_at": None,
    },
    **COLUMNS,
    result=fields.Raw(
        description="Result, as the route would have returned it. If it is a file, `output` is "
        "its URL. Only if the job succeeded and its history entry exists.",
        example={"text": "Please open the window before you leave."},
    ),
    error=ProblemObject(
        description="Problem object, as the route would have returned it. Only if the job failed.",
    ),
)


def running() -> Running | None:
    """The attempt at a job that this context belongs to; None in an ordinary request."""
    return g.get("running")  # type: ignore[no-any-return]  # flask.g is untyped


def most(what: str) -> int:
    """The limit on pages, characters or audio_minutes: of jobs, or of who waits."""
    settings = current_app.config["SETTINGS"]
    return int(getattr(settings, f"job_max_{what}" if running() else f"max_{what}"))


def summary_json(row: Job) -> dict[str, Any]:
    """A job without its result."""
    return {
        "id": str(row.id),
        "service": row.service,
        "status": row.status,
        "progress": round(row.progress, 3),
        "created_at": rfc3339(row.created_at),
        "finished_at": rfc3339(row.finished_at) if row.finished_at else None,
    }


def job_json(row: Job) -> dict[str, Any]:
    """A job, with what came of it."""
    shown = summary_json(row)
    if row.status == "failed":
        shown["error"] = row.error
    if row.status == "succeeded" and (entry := db.session.get(HistoryEntry, row.id)):
        shown["result"] = _result(entry)
    return shown


def _result(entry: HistoryEntry) -> dict[str, Any]:
    answer = {
        "id": str(entry.id),
        "model": entry.model,
        "created_at": rfc3339(entry.created_at),
        "timing_ms": {"total": entry.duration_ms},
        **entry.result,
    }
    return answer | (
        {"output": public(f"/api/v1/history/{entry.id}/output")} if entry.output else {}
    )
