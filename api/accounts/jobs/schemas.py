"""What jobs look like on the wire; one alone is in api/http/jobs.py."""

from flask_restx import fields

from api.http.jobs import namespace, summary
from api.http.options import Option
from api.http.restx import Cursor, model
from api.models import STATUSES

__all__ = ["FILTERS", "job_list", "namespace"]

FILTERS = (
    Option("service", "Only jobs of this service, such as `ocr`."),
    Option("status", "Only jobs with this status.", choices=STATUSES),
)
job_list = model(
    namespace,
    "List",
    items=fields.List(fields.Nested(summary), required=True),
    next_cursor=Cursor(required=True),
)
