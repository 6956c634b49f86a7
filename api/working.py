"""Does jobs, one at a time in each thread, and tells that it is alive meanwhile."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from flask import Flask, current_app

from api.errors import NotReady
from api.http import deferral, job_metrics
from api.http.deletions import delete_files
from api.http.errors import described
from api.http.inference import pools
from api.jobs import states
from api.jobs.local_queue import LocalQueue
from api.jobs.queue import queue
from api.jobs.running import Running, Unwanted
from api.jobs.states import Claim

LOOK_EVERY_S = 1.0
LOOK_AT_PROGRESS_S = 0.5
log = logging.getLogger(__name__)
_running: dict[Running, Flask] = {}


def perform(job_id: str) -> None:
    """Do this job, unless somebody else has it; called by RQ within an application context."""
    # The proxy would lead nowhere in the thread of the heartbeat.
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if claim := states.claim(list(pools(app)), UUID(job_id)):
        work(app, claim)


def work(app: Flask, claim: Claim) -> None:
    """One attempt at a job, from the claim to its end or to the next attempt."""
    running, started = Running(claim), time.monotonic()
    job_metrics.started(claim.service)
    with app.app_context(), _beating(app, running):
        outcome = _attempt(app, running)
    seconds = time.monotonic() - started
    job_metrics.ended(claim.service, outcome, seconds)
    fields = {"job": str(claim.id), "attempt": claim.attempt, "ms": round(1000 * seconds, 1)}
    log.info("job %s", outcome, extra={"fields": fields})


def _attempt(app: Flask, running: Running) -> str:
    """What has become of it. Whatever cannot be written down now, the next reaper finds."""
    claim = running.claim
    try:
        fault = deferral.answer(app, running)
    except Unwanted:
        return "unwanted"
    if fault and fault.passing and states.retry(claim):
        return "retried"
    if fault and not states.fail(claim, fault.problem):
        return "unwanted"
    delete_files(*claim.request["files"])
    return "failed" if fault else "succeeded"


@contextmanager
def _beating(app: Flask, running: Running) -> Iterator[None]:
    """Writes down that the attempt goes on, and how far it is, from a thread of its own."""
    done = threading.Event()
    thread = threading.Thread(
        target=_beat, args=[app, running, done], name="heartbeat", daemon=True
    )
    thread.start()
    _running[running] = app
    try:
        yield
    finally:
        del _running[running]
        done.set()
        thread.join()


def _beat(app: Flask, running: Running, done: threading.Event) -> None:
    """Every BEAT_EVERY, or sooner where there is progress to tell of."""
    told, told_at = 0.0, time.monotonic()
    while not done.wait(LOOK_AT_PROGRESS_S):
        progress, now = running.progress, time.monotonic()
        if progress == told and now - told_at < states.BEAT_EVERY.total_seconds():
            continue
        told, told_at = progress, now
        try:
            with app.app_context():
                if not states.beat(running.claim, progress):
                    running.unwanted.set()
        # The database may be away for a while; the work need not end for that.
        except Exception as error:  # noqa: BLE001
            log.warning("heartbeat: %s", type(error).__name__)


def give_back() -> None:
    """Let others do the jobs that this process has not finished: it is about to end."""
    for running, app in list(_running.items()):
        running.unwanted.set()
        with app.app_context():
            states.give_back(running.claim)


def tidy_up() -> int:
    """Give the jobs of dead workers to others, and announce what no worker would hear of."""
    problem = described(
        NotReady("Every worker that started this job stopped unexpectedly.", "worker_lost")
    )
    lost = states.return_lost(problem)
    for job in lost:
        job_metrics.returned.labels(job.service).inc()
        if job.status == "failed":
            delete_files(*job.request["files"])
    unheard = queue().missing(states.waiting())
    back = [(job.id, job.service) for job in lost if job.status == "queued"]
    queue().announce(*back, *unheard)
    return len(lost) + len(unheard)


def start_threads(app: Flask) -> None:
    """Do jobs in threads of this process, where the queue is local."""
    line = queue(app)
    if isinstance(line, LocalQueue) and pools(app):
        for number in range(app.config["SETTINGS"].job_threads):
            name = f"jobs-{number}"
            threading.Thread(target=_look, args=[app, line], name=name, daemon=True).start()


def _look(app: Flask, line: LocalQueue) -> None:
    while True:
        try:
            with app.app_context():
                claim = states.claim(list(pools(app)))
            if claim:
                work(app, claim)
                continue
        # The database may be away; this thread must live to look again.
        except Exception as error:  # noqa: BLE001
            log.warning("jobs: %s", type(error).__name__)
        line.news.wait(LOOK_EVERY_S)
        line.news.clear()
