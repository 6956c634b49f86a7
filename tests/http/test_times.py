"""Times as clients write them become moments in UTC, or a refusal that names the field."""

from datetime import UTC, datetime

import pytest

from api.errors import Invalid
from api.http.times import time_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T12:00:00Z", "2026-01-01t12:00:00z", "2026-01-01T12:00:00.000Z",
        "2026-01-01T12:00:00.000000000Z", "2026-01-01T12:00:00", "2026-01-01 12:00:00",
        "2026-01-01 12:00", "2026-01-01T12:00Z", "2026-01-01T14:00:00+02:00",
        "2026-01-01T06:30:00-05:30", "2026-01-01T14:00:00 02:00", "2026-01-01T14:00 0200",
        "2026-01-01 14:00:00 02:00", "2026-01-01T14:00:00.0 02:00", "20260101T120000Z",
    ],
)  # fmt: skip
def test_one_moment_in_many_ways(text: str) -> None:
    """With any zone or none, which is UTC; with a plus or the blank that it became in a query."""
    found = time_of("from", text)
    assert (found, found.utcoffset()) == (NOON, NOON.utcoffset())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01 02:00", datetime(2026, 1, 1, 2, tzinfo=UTC)),
        ("2024-02-29T23:59:59.999999Z", datetime(2024, 2, 29, 23, 59, 59, 999999, UTC)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_others(text: str, expected: datetime) -> None:
    """A date is its first moment; the blank before a time is no lost plus."""
    assert time_of("from", text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "now", "yesterday", "1767225600", "2026-13-01", "2026-02-30", "2026-01-01T24:01:00Z",
     "2026-01-01T12:60:00Z", "01/02/2026", "2026-01-01T12:00:00+25:00", "2026-01-01T12:00:00ZZ",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01", "-2026-01-01",
     "2026-01-01T12:00:00 UTC", "T12:00", "\u0662026-01-01", "2026-01-01\n"],
)  # fmt: skip
def test_no_moment(text: str) -> None:
    """It is told which field is wrong and what a time looks like."""
    with pytest.raises(Invalid) as caught:
        time_of("from", text)
    (error,) = caught.value.errors
    assert (error.field, error.message) == ("from", "Must be a time such as 2030-01-01T00:00:00Z.")
