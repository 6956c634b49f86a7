"""Metrics of jobs: what this process did, and how many there are in the table."""

from collections.abc import Iterator
from datetime import datetime

from flask import Flask
from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from api.extensions import db
from api.models import UNFINISHED, Job, now

SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
attempts = Counter("percept_job_attempts", "Attempts at jobs.", ["service"])
seconds = Histogram(
    "percept_job_seconds",
    "Time of one attempt at a job, by what became of it.",
    ["service", "outcome"],
    buckets=SECONDS,
)
returned = Counter("percept_jobs_returned", "Jobs taken from workers that died.", ["service"])
webhooks = Counter("percept_webhooks", "Tries to tell that a job has ended.", ["outcome"])


def started(service: str) -> None:
    """Count an attempt."""
    attempts.labels(service).inc()


def ended(service: str, outcome: str, spent_s: float) -> None:
    """Count what an attempt took, and its outcome: succeeded, failed, retried or unwanted."""
    seconds.labels(service, outcome).observe(spent_s)


def told(outcome: str) -> None:
    """Count a try to tell that a job has ended: delivered or failed."""
    webhooks.labels(outcome).inc()


class JobsInTable(Collector):
    """The unfinished jobs, and the age of the oldest that waits; read when asked."""

    def __init__(self, app: Flask):
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """One sample for each service and status; none while the database is away."""
        count = GaugeMetricFamily("percept_jobs", "Unfinished jobs.", labels=["service", "status"])
        oldest = GaugeMetricFamily(
            "percept_jobs_oldest_seconds", "Age of the oldest queued job.", labels=["service"]
        )
        for service, status, jobs, since in self._rows():
            count.add_metric([service, status], jobs)
            if status == "queued":
                oldest.add_metric([service], max(0.0, (now() - since).total_seconds()))
        yield from (count, oldest)

    def _rows(self) -> list[tuple[str, str, int, datetime]]:
        query = select(Job.service, Job.status, func.count(), func.min(Job.created_at))
        query = query.where(Job.status.in_(UNFINISHED)).group_by(Job.service, Job.status)
        try:
            with self._app.app_context():
                return [(s, status, n, t) for s, status, n, t in db.session.execute(query)]
        except SQLAlchemyError:
            return []


def init_app(app: Flask) -> None:
    """Shows the table of jobs on /metrics of this process."""
    app.extensions["collectors"].append(JobsInTable(app))
