"""A request id and a log line for every request."""

import logging
import re
import time

from flask import Flask, Response, g, has_request_context, request

from api import jsonlines
from api.config import Settings, log_stream
from api.models import new_id

SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
access = logging.getLogger("percept.access")


class WithRequestId(logging.Filter):
    """Adds the id of the current request to a log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record through."""
        if has_request_context():
            fields = getattr(record, "fields", {})
            record.fields = {**fields, "request_id": g.get("request_id", "")}
        return True


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if SANE_ID.fullmatch(given) else str(new_id())
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    fields = {
        "method": request.method[:16],
        "route": str(request.url_rule or "none"),
        "status": response.status_code,
        "ms": round(1000 * (time.perf_counter() - g.started), 1),
        "address": request.remote_addr,
    }
    access.info("request", extra={"fields": fields})
    return response


def init_app(app: Flask, settings: Settings) -> None:
    """Gives every request an id and a log line. Must come before whatever uses either."""
    jsonlines.configure(settings.log_level, WithRequestId(), stream=log_stream())
    app.before_request(_begin)
    app.after_request(_end)
