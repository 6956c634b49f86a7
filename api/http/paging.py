"""Lists a page at a time, by cursor."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import request
from sqlalchemy import Select

from api.errors import invalid
from api.extensions import db
from api.http.options import Option
from api.http.proxies import public

T = TypeVar("T")
OPTIONS = (
    Option("limit", "Number of entries to return.", int, 20, 1, 100),
    Option("cursor", "`next_cursor` of the previous page."),
)


Page = tuple[dict[str, Any], int, dict[str, str]]


def page(
    query: Select[Any], key: Any, options: dict[str, Any], show: Callable[[Any], dict[str, Any]]
) -> Page:
    """One page of the rows, newest first; ids are UUIDv7, so the last one is the cursor."""
    if options["cursor"] is not None:
        query = query.where(key < _id(options["cursor"]))
    query = query.order_by(key.desc()).limit(options["limit"] + 1)
    rows = db.session.execute(query).scalars().all()
    return answer(rows, options["limit"], lambda row: str(row.id), show)


def answer(
    found: Sequence[T],
    limit: int,
    cursor_of: Callable[[T], str],
    show: Callable[[T], dict[str, Any]],
) -> Page:
    """The first `limit` of what was found, and where the rest begins."""
    items = found[:limit]
    cursor = cursor_of(items[-1]) if len(found) > limit else None
    headers = {"Link": _link(limit, cursor)} if cursor else {}
    return {"items": [show(item) for item in items], "next_cursor": cursor}, 200, headers


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise invalid("cursor", "This value is invalid.") from None


def _link(limit: int, cursor: str) -> str:
    kept = {k: v for k, v in request.args.items() if k not in ("limit", "cursor")}
    query = urlencode({**kept, "limit": limit, "cursor": cursor})
    return f'<{public(request.path)}?{query}>; rel="next"'
