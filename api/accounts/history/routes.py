"""/history: list, read, download and delete."""

from typing import IO, Any
from uuid import UUID

from flask import Response, request
from flask_restx import Resource
from werkzeug.wsgi import wrap_file

from api.accounts.history import schemas, service
from api.accounts.history.schemas import entry_json, namespace, summary_json
from api.errors import NotFound
from api.http import paging
from api.http.auth import caller, signed_in
from api.http.history import storage
from api.http.options import takes_options
from api.http.refusals import NO_RANGE, refusal
from api.http.restx import Binary, answers_with
from api.http.times import time_of
from api.media import extension
from api.models import HistoryEntry

ANY_TYPE = "*/*"
SIGNED_SECONDS = 300


@namespace.route("")
class History(Resource):
    """Your entries."""

    @namespace.doc("list_history")
    @signed_in(namespace, "history:read")
    @takes_options(namespace, *schemas.FILTERS, *paging.OPTIONS)
    @namespace.response(200, "Your history, newest first", schemas.entry_list)
    def get(self, options: dict[str, Any]) -> paging.Page:
        """List your history."""
        query = service.mine(caller())
        if options["service"]:
            query = query.where(HistoryEntry.service == options["service"])
        if options["from"]:
            query = query.where(HistoryEntry.created_at >= time_of("from", options["from"]))
        if options["to"]:
            query = query.where(HistoryEntry.created_at < time_of("to", options["to"]))
        return paging.page(query, HistoryEntry.id, options, summary_json)

    @namespace.doc("delete_history")
    @signed_in(namespace, "history:write")
    @namespace.response(204, "The history and its files were deleted")
    def delete(self) -> tuple[str, int]:
        """Delete your whole history."""
        service.remove_all(caller())
        return "", 204


@namespace.route("/<uuid:entry_id>")
class Entry(Resource):
    """One of your entries."""

    @namespace.doc("get_history_entry")
    @signed_in(namespace, "history:read")
    @namespace.response(200, "The entry with its result", schemas.entry)
    @refusal(namespace, 404, "You have no such entry", service.missing())
    def get(self, entry_id: UUID) -> dict[str, Any]:
        """Get a history entry."""
        return entry_json(service.get(caller(), entry_id))

    @namespace.doc("delete_history_entry")
    @signed_in(namespace, "history:write")
    @namespace.response(204, "The entry and its files were deleted")
    @refusal(namespace, 404, "You have no such entry", service.missing())
    def delete(self, entry_id: UUID) -> tuple[str, int]:
        """Delete a history entry."""
        service.remove(caller(), entry_id)
        return "", 204


def _download(entry_id: UUID, kind: str, options: dict[str, Any]) -> Response:
    row = service.get(caller(), entry_id)
    name, media_type = getattr(row, kind), getattr(row, f"{kind}_type")
    if name is None:
        raise NotFound("This history entry has no such file.")
    shown = f"percept-{entry_id}-{kind}{extension(media_type)}"
    try:
        size = storage().size(name)
        if options["redirect"] and (url := _elsewhere(name, media_type, shown)):
            return Response(status=307, headers={"Location": url})
        stream = storage().open(name)
    except FileNotFoundError:
        raise NotFound("This history entry has no such file.") from None
    return _sent(stream, size, media_type, shown)


def _elsewhere(name: str, media_type: str, shown: str) -> str | None:
    return storage().signed_url(name, SIGNED_SECONDS, media_type=media_type, download_name=shown)


def _sent(stream: IO[bytes], size: int, media_type: str, shown: str) -> Response:
    answer = Response(
        wrap_file(request.environ, stream), content_type=media_type, direct_passthrough=True
    )
    answer.headers.set("Content-Disposition", "attachment", filename=shown)
    answer.content_length, answer.accept_ranges = size, "bytes"
    answer.make_conditional(request, _wants_a_part(size), size)
    return answer


def _wants_a_part(size: int) -> bool:
    # The whole file is a good answer to whoever wants many parts, other units or all there is.
    wanted = request.range
    return wanted is not None and (
        wanted.units == "bytes" and len(wanted.ranges) == 1 and wanted.ranges[0][0] >= -size
    )


@namespace.route("/<uuid:entry_id>/input")
class Input(Resource):
    """The file that came in."""

    @namespace.doc("download_input")
    @signed_in(namespace, "history:read")
    @takes_options(namespace, schemas.REDIRECT)
    @answers_with(namespace, "The file, as an attachment", Binary(), ANY_TYPE)
    @namespace.response(307, "The file is at the URL in `Location`")
    @refusal(namespace, 404, "You have no such entry, or it has no such file", service.missing())
    @refusal(namespace, 416, "The file does not have this byte range", NO_RANGE)
    def get(self, entry_id: UUID, options: dict[str, Any]) -> Response:
        """Download the file that you sent."""
        return _download(entry_id, "input", options)


@namespace.route("/<uuid:entry_id>/output")
class Output(Resource):
    """The file that was answered."""

    @namespace.doc("download_output")
    @signed_in(namespace, "history:read")
    @takes_options(namespace, schemas.REDIRECT)
    @answers_with(namespace, "The file, as an attachment", Binary(), ANY_TYPE)
    @namespace.response(307, "The file is at the URL in `Location`")
    @refusal(namespace, 404, "You have no such entry, or it has no such file", service.missing())
    @refusal(namespace, 416, "The file does not have this byte range", NO_RANGE)
    def get(self, entry_id: UUID, options: dict[str, Any]) -> Response:
        """Download the file that the service returned."""
        return _download(entry_id, "output", options)
