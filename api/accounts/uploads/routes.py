"""/uploads: where to put a file, and what has become of it."""

from typing import Any
from uuid import UUID

from flask import current_app, request
from flask_restx import Resource

from api.accounts.uploads import schemas, service
from api.accounts.uploads.schemas import namespace, place_json, upload_json
from api.errors import WrongMediaType
from api.http import uploaded
from api.http.auth import caller, signed_in
from api.http.idempotency import idempotent
from api.http.proxies import public
from api.http.restx import takes
from api.http.tokens import SERVICES

SIGNED = {
    "expires": {"in": "query", "description": "From the URL that `POST /uploads` returns."},
    "signature": {"in": "query", "description": "From the URL that `POST /uploads` returns."},
    "file": {
        "in": "body",
        "required": True,
        "schema": {"type": "string", "format": "binary"},
    },
}


@namespace.route("")
class Uploads(Resource):
    """Your uploads."""

    @signed_in(namespace, *SERVICES)
    @takes(namespace, schemas.wish, optional=True)
    @idempotent(namespace)
    @namespace.response(201, "The upload, with the URL for its file", schemas.place)
    @namespace.response(503, "The file storage is not available")
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

    @signed_in(namespace, *SERVICES)
    @namespace.response(200, "The upload", schemas.upload)
    @namespace.response(404, "You have no such upload")
    @namespace.response(503, "The file storage is not available")
    def get(self, upload_id: UUID) -> dict[str, Any]:
        """Get an upload."""
        return upload_json(uploaded.get(caller().user_id, upload_id))

    @signed_in(namespace, *SERVICES)
    @namespace.response(204, "The upload and its file were deleted")
    @namespace.response(404, "You have no such upload")
    def delete(self, upload_id: UUID) -> tuple[str, int]:
        """Delete an upload."""
        service.remove(caller(), upload_id)
        return "", 204


@namespace.route("/<uuid:upload_id>/content")
class Content(Resource):
    """The file of an upload."""

    @namespace.doc(params=SIGNED, consumes=[uploaded.ANY_TYPE])
    @namespace.response(204, "The file was stored")
    @namespace.response(400, "The body is incomplete")
    @namespace.response(403, "The signature is invalid or has expired")
    @namespace.response(404, "The upload no longer exists, or its owner is disabled")
    @namespace.response(413, "The file is too large")
    @namespace.response(415, "The file does not have the announced media type")
    @namespace.response(422, "The file does not have the announced size")
    @namespace.response(503, "The file storage is not available")
    def put(self, upload_id: UUID) -> tuple[str, int]:
        """Send the file of an upload.

        Use the URL that `POST /uploads` returns. It needs no token.
        """
        given = (request.args.get(name, "") for name in ("expires", "signature"))
        row = service.signed(upload_id, *given)
        if row.media_type and request.mimetype != row.media_type.lower():
            raise WrongMediaType(
                "The Content-Type must be %(type)s, as announced.", type=row.media_type
            )
        service.store(row, uploaded.incoming(row.size))
        return "", 204
