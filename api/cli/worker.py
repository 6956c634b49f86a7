"""percept worker: does jobs that come through Redis."""

import click

from api.cli.checks import check
from api.config import BadSetting, allow_many_files, load_settings, log_to, return_memory
from api.server.relay import redirect_stderr


@click.command()
@click.option("--port", type=int, help="Serve /metrics for Prometheus on this port.")
def worker(port: int | None) -> None:
    """Run jobs of the services in PERCEPT_SERVICES, one at a time.

    On SIGTERM, the worker completes its job. Start one worker per core, on any number of
    machines.
    """
    settings = load_settings()
    if not settings.redis_url:
        raise BadSetting("REDIS_URL: percept worker needs it")
    if not settings.uses_rq:
        raise BadSetting("PERCEPT_QUEUE: percept worker needs rq or auto, not local")
    check(settings)
    log_to(redirect_stderr(settings.log_level))
    return_memory()
    allow_many_files()
    from api import housekeeping
    from api.app import create_app
    from api.enginekit import guests
    from api.http.inference import pools
    from api.jobs.redis_worker import serve
    from api.server.metrics_server import serve_metrics

    app = create_app(settings)
    guests.warm_up()
    for pool in pools(app).values():
        pool.warm()
    if port:
        serve_metrics(settings.host, port)
    housekeeping.start(app, first=False)
    with app.app_context():
        serve(settings.redis_url, list(pools(app)))
