"""Tells clients that their jobs have ended, as often as it takes, but not for ever."""

import json
import logging

from flask import current_app

from api.extensions import db
from api.http import job_metrics
from api.http.jobs import job_json
from api.http.times import rfc3339
from api.jobs import states, webhooks
from api.models import Job

log = logging.getLogger(__name__)


def send_due() -> int:
    """Send the messages that are due, one after the other; how many went well."""
    delivered = 0
    while row := states.next_callback(webhooks.DELAYS):
        delivered += _send(row)
    return delivered


def _send(row: Job) -> bool:
    settings, body = current_app.config["SETTINGS"], _message(row)
    url, message_id = str(row.callback_url), f"msg_{row.id}"
    db.session.close()  # the other side may take its time
    try:
        webhooks.send(settings, url, message_id, body)
    except webhooks.NotDelivered as error:
        log.warning("callback of job %s: %s", row.id, error)
        job_metrics.told("failed")
        return False
    job_metrics.told("delivered")
    states.called_back(row.id)
    return True


def _message(row: Job) -> bytes:
    """In the form that Standard Webhooks recommends."""
    message = {
        "type": f"job.{row.status}",
        "timestamp": rfc3339(row.finished_at) if row.finished_at else None,
        "data": job_json(row),
    }
    return json.dumps(message, ensure_ascii=False).encode()
