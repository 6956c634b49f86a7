"""Whether this process is alive, and whether it can do its work."""

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from api.extensions import db
from api.http.errors import RETRY_SECONDS, problem
from api.http.inference import pools

health = Blueprint("health", __name__, url_prefix="/health")


@health.get("/live")
def live() -> Response:
    """200 while the process serves."""
    return jsonify(status="live")


@health.get("/ready")
def ready() -> Response:
    """200 when the database answers and every default model is loaded, else 503 with reasons."""
    reasons = _database() + [reason for pool in pools().values() for reason in pool.missing()]
    if reasons:
        headers = {"Retry-After": RETRY_SECONDS}
        return problem(503, "not_ready", " ".join(reasons), headers, reasons=reasons)
    left_out = {name for name, pool in pools().items() if pool.left_out()}
    return jsonify(status="ready", services=sorted(_offered() - left_out))


def _offered() -> frozenset[str]:
    offered: frozenset[str] = current_app.extensions["percept"].offered
    return offered


def _database() -> list[str]:
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return ["The database does not answer."]
    return []
