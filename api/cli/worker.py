"""percept worker: does jobs that come through Redis."""

import click

from api.config import BadSetting, load_settings, return_memory


@click.command()
@click.option("--port", type=int, help="Serve /metrics for Prometheus on this port.")
def worker(port: int | None) -> None:
    """Do jobs of the services in PERCEPT_SERVICES (all where it is empty), one at a time.

    SIGTERM lets the running job end. Start as many as there are cores, on as many machines as
    you like.
    """
    settings = load_settings()
    if not settings.redis_url:
        raise BadSetting("REDIS_URL: percept worker needs one")
    if not settings.uses_rq:
        raise BadSetting("PERCEPT_QUEUE: local leaves nothing to percept worker")
    return_memory()
    from api import housekeeping
    from api.app import create_app
    from api.enginekit import guests
    from api.http.inference import pools
    from api.http.metrics_server import serve_metrics
    from api.jobs.redis_worker import serve

    app = create_app(settings)
    guests.warm_up()
    for pool in pools(app).values():
        pool.warm()
    if port:
        serve_metrics(settings.host, port)
    housekeeping.start(app, first=False)
    with app.app_context():
        serve(settings.redis_url, list(pools(app)))
