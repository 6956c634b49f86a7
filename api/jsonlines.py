"""Log lines as JSON, one object a line on standard error. No Flask: gunicorn's master logs too."""

import json
import logging
import sys
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; what clients sent is escaped by that alone."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(level: str, *filters: logging.Filter) -> None:
    """Sends every log line of this process through `JsonLines`; filters may add fields."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for one in filters:
        handler.addFilter(one)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
