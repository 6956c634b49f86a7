"""gunicorn's configuration: workers x threads, warm-up after the fork, metrics, draining."""

from typing import Any

from gunicorn.glogging import Logger

from api import jsonlines
from api.config import load_settings, log_stream

settings = load_settings()

host = f"[{settings.host}]" if ":" in settings.host else settings.host  # IPv6
bind = f"{host}:{settings.port}"
worker_class = "api.server.worker.PatientWorker"
workers = settings.workers
threads = settings.threads
worker_connections = max(1000, 2 * threads)
backlog = 512
timeout = 120
graceful_timeout = 30
keepalive = 15
# The whole request line and all headers stay within what any real client sends.
limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190
# Proxy headers are read by the application, and only as PERCEPT_TRUSTED_PROXIES says.
forwarded_allow_ips = ""
# Each worker imports the application by itself, so that a reload runs new code and no
# model, thread or connection is ever shared through a fork.
preload_app = False
accesslog = None
control_socket_disable = True
loglevel = settings.log_level


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's own lines look like ours, from the first one on."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn before it says anything."""
        super().setup(cfg)
        jsonlines.configure(settings.log_level, stream=log_stream())
        self.error_log.handlers.clear()
        self.error_log.propagate = True


logger_class = JsonLogger


def post_worker_init(worker: Any) -> None:
    """Start the guests and load the default models before the first request is accepted."""
    from api import housekeeping, working  # not in the master, which stays small
    from api.enginekit import guests

    guests.warm_up()
    app = worker.app.wsgi()
    for pool in app.extensions["pools"].values():
        pool.warm()
    housekeeping.start(app, first=worker.age == 1)
    working.start_threads(app)


def worker_exit(server: Any, worker: Any) -> None:
    """Let others go on with the jobs of a worker that ends."""
    from api import working

    working.give_back()


def child_exit(server: Any, worker: Any) -> None:
    """Tidy up the metrics of a worker that has ended."""
    from api.http import metric_files  # only now is their folder known

    metric_files.end(settings.metrics_dir, worker.pid)
