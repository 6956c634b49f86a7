"""Times as clients write and read them."""

import re
from datetime import UTC, datetime

from api.errors import invalid

# In a query a plus means a blank: who does not write it as %2B still means +02:00.
LOST_PLUS = re.compile(r"([T:].*) (\d\d:?\d\d)\Z")


def time_of(field: str, text: str) -> datetime:
    """The time that an RFC 3339 text names; UTC where it names no zone.

    Raises:
        Invalid: it names none.
    """
    try:
        time = datetime.fromisoformat(LOST_PLUS.sub(r"\1+\2", text.upper()))
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid(field, "Must be a time such as 2030-01-01T00:00:00Z.") from None


def rfc3339(time: datetime) -> str:
    """The time as the API writes it: UTC with Z."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
