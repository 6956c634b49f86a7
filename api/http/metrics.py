"""Prometheus metrics, added up over all gunicorn workers."""

import contextlib
import hmac
import time
from collections.abc import Iterator

import psutil
from flask import Blueprint, Flask, Response, current_app, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from api.config import Settings, metrics_folder
from api.errors import NotSignedIn
from api.http import metric_files

REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
metric_files.use()
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

requests = Counter("percept_http_requests", "Requests.", ["route", "method", "status"])
latency = Histogram(
    "percept_http_request_seconds", "Time to answer.", ["route", "method"], buckets=REQUEST_SECONDS
)
in_flight = Gauge("percept_http_in_flight", "Requests being answered.", multiprocess_mode="livesum")
stages = Histogram(
    "percept_inference_seconds",
    "Time of each stage of an inference.",
    ["service", "model", "engine", "stage"],
    buckets=STAGE_SECONDS,
)
loads = Counter("percept_model_loads", "Times a model was loaded.", ["service", "model", "engine"])
loaded = Gauge(
    "percept_model_loaded",
    "1 in each worker that holds the model.",
    ["service", "model"],
    multiprocess_mode="liveall",
)
load_seconds = Gauge(
    "percept_model_load_seconds",
    "Time the latest load took.",
    ["service", "model"],
    multiprocess_mode="livemax",
)
guests_lost = Counter(
    "percept_guests_lost", "Child processes that hung, died or ate memory.", ["task", "reason"]
)
blueprint = Blueprint("metrics", __name__)


def model_changed(service: str, model: str, engine: str, seconds: float | None) -> None:
    """Count a model that this worker has loaded in so many seconds, or let go (None)."""
    loaded.labels(service, model).set(0 if seconds is None else 1)
    if seconds is not None:
        loads.labels(service, model, engine).inc()
        load_seconds.labels(service, model).set(seconds)


def inference_stage(service: str, model: str, engine: str, stage: str, seconds: float) -> None:
    """Count the time of one stage of an inference."""
    stages.labels(service, model, engine, stage).observe(seconds)


def guest_lost(task: str, reason: str) -> None:
    """Count a child process that hung, died or ran out of memory."""
    guests_lost.labels(task, reason).inc()


class ProcessMemory(Collector):
    """Resident memory of the gunicorn master, its workers and their guests, read when asked."""

    def collect(self) -> Iterator[Metric]:
        """One sample a process."""
        family = GaugeMetricFamily(
            "percept_process_resident_memory_bytes", "Resident memory.", labels=["role", "pid"]
        )
        for role, process in _family():
            try:
                family.add_metric([role, str(process.pid)], process.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        yield family


def _family() -> list[tuple[str, psutil.Process]]:
    own = psutil.Process()
    if metrics_folder() is None:  # not under gunicorn: this process is all there is
        return [("server", own), *_descendants([own])]
    master = own.parent()
    if master is None:
        return [("worker", own)]
    workers = master.children()
    return [("master", master), *(("worker", w) for w in workers), *_descendants(workers)]


def _descendants(parents: list[psutil.Process]) -> list[tuple[str, psutil.Process]]:
    """The guests, and the two small processes of each parent that start them and tidy up."""
    found: list[tuple[str, psutil.Process]] = []
    for parent in parents:
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [("guest", child) for child in parent.children(recursive=True)]
    return found


@blueprint.get("/metrics")
def expose() -> Response:
    """All metrics as Prometheus text."""
    _check_token(current_app.config["SETTINGS"])
    registry = CollectorRegistry()
    if metrics_folder() is None:
        text = generate_latest(REGISTRY)
    else:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # not typed upstream
        text = b""
    registry.register(ProcessMemory())
    for collector in current_app.extensions["collectors"]:
        registry.register(collector)
    return Response(text + generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _check_token(settings: Settings) -> None:
    wanted = settings.metrics_token.get_secret_value()
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if wanted and not hmac.compare_digest(given.encode(), wanted.encode()):
        raise NotSignedIn("This URL requires the metrics token.", "token_invalid")


def _begin() -> None:
    g.metrics_started = time.perf_counter()
    in_flight.inc()


def _end(response: Response) -> Response:
    # The rule, not the path: a path would make a new series for every id that is ever sent.
    route = str(request.url_rule or "none")
    method = request.method if request.method in METHODS else "other"
    requests.labels(route, method, response.status_code).inc()
    latency.labels(route, method).observe(time.perf_counter() - g.metrics_started)
    return response


def _leave(_: BaseException | None) -> None:
    if g.pop("metrics_started", None) is not None:
        in_flight.dec()


def init_app(app: Flask) -> None:
    """Counts every request and serves /metrics; `collectors` are read when it is asked."""
    app.extensions["collectors"] = []
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)
    app.register_blueprint(blueprint)
