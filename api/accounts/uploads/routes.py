"""/uploads: where to put a file, and what has become of it."""

from typing import Any
from uuid import UUID

from flask import current_app, request
from flask_restx import Resource

from api.accounts.uploads import schemas, service
from api.accounts.uploads.schemas import namespace, place_json, upload_json
from api.errors import NotReady, TooLarge, WrongMediaType
from api.http import uploaded
from api.http.auth import caller, signed_in
from api.http.idempotency import idempotent
from api.http.proxies import public
from api.http.refusals import UNREADABLE, refusal
from api.http.restx import takes
from api.http.tokens import SERVICES

AWAY = NotReady("The file storage is not available at the moment.", "storage_away")
TOO_LARGE = TooLarge(
    "The upload has %(size)s bytes; the limit is %(limit)s (PERCEPT_UPLOAD_MAX_MB).",
    size=200_000_001,
    limit=200_000_000,
)
SIGNED = {
    "expires": {"in": "query", "description": "From the URL that `POST /uploads` returns."},
    "signature": {"in": "query", "description": "From the URL that `POST /uploads` returns."},
    "file": {
        "in": "body",
        "required": True,
        "schema": {"type": "string", "format": "binary"},
    },
}


def _other_type(announced: str) -> WrongMediaType:
    return WrongMediaType("The Content-Type must be %(type)s, as announced.", type=announced)


@namespace.route("")
class Uploads(Resource):
    """Your uploads."""

    @namespace.doc("create_upload")
    @signed_in(namespace, *SERVICES)
    @takes(namespace, schemas.wish, optional=True)
    @idempotent(namespace)
    @namespace.response(201, "The upload, with the URL for its file", schemas.place)
    @refusal(namespace, 503, "The file storage is not available", AWAY)
    def post(self, body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Create an upload; other requests accept its `id` instead of a file.

        The body is optional. You can send the file again until the upload expires.
        """
        base = current_app.config["SETTINGS"].public_url or request.url_root
        row, url = service.create(caller(), base.rstrip("/") + request.path, **body)
        return place_json(row, url), 201, {"Location": public(f"{request.path}/{row.id}")}


@namespace.route("/<uuid:upload_id>")
class OneUpload(Resource):
    """One of your uploads."""

    @namespace.doc("get_upload")
    @signed_in(namespace, *SERVICES)
    @namespace.response(200, "The upload", schemas.upload)
    @refusal(namespace, 404, "You have no such upload", uploaded.missing())
    @refusal(namespace, 503, "The file storage is not available", AWAY)
    def get(self, upload_id: UUID) -> dict[str, Any]:
        """Get an upload."""
        return upload_json(uploaded.get(caller().user_id, upload_id))

    @namespace.doc("delete_upload")
    @signed_in(namespace, *SERVICES)
    @namespace.response(204, "The upload and its file were deleted")
    @refusal(namespace, 404, "You have no such upload", uploaded.missing())
    def delete(self, upload_id: UUID) -> tuple[str, int]:
        """Delete an upload."""
        service.remove(caller(), upload_id)
        return "", 204


@namespace.route("/<uuid:upload_id>/content")
class Content(Resource):
    """The file of an upload."""

    @namespace.doc("put_upload")
    @namespace.doc(params=SIGNED, consumes=[uploaded.ANY_TYPE])
    @namespace.response(204, "The file was stored")
    @refusal(namespace, 400, "The body is incomplete", UNREADABLE)
    @refusal(namespace, 403, "The signature is invalid or has expired", service.wrongly_signed())
    @refusal(
        namespace, 404, "The upload no longer exists, or its owner is disabled", uploaded.missing()
    )
    @refusal(namespace, 413, "The file is too large", TOO_LARGE)
    @refusal(
        namespace, 415, "The file does not have the announced media type", _other_type("image/png")
    )
    @refusal(
        namespace, 422, "The file does not have the announced size", uploaded.other_size(48213)
    )
    @refusal(namespace, 503, "The file storage is not available", AWAY)
    def put(self, upload_id: UUID) -> tuple[str, int]:
        """Send the file of an upload.

        Use the URL that `POST /uploads` returns. It needs no token.
        """
        given = (request.args.get(name, "") for name in ("expires", "signature"))
        row = service.signed(upload_id, *given)
        if row.media_type and request.mimetype != row.media_type.lower():
            raise _other_type(row.media_type)
        service.store(row, uploaded.incoming(row.size))
        return "", 204
