"""/auth/api-keys: keys for programs."""

from typing import Any
from uuid import UUID

from flask_restx import Resource
from sqlalchemy import select

from api.accounts.keys import schemas, service
from api.accounts.keys.schemas import key_json, namespace
from api.http import paging
from api.http.auth import caller, signed_in
from api.http.idempotency import idempotent
from api.http.options import takes_options
from api.http.restx import takes
from api.models import ApiKey


@namespace.route("")
class Keys(Resource):
    """Your keys."""

    @signed_in(namespace, "account")
    @takes_options(namespace, *paging.OPTIONS)
    @namespace.response(200, "The newest keys first", schemas.key_list)
    def get(self, options: dict[str, Any]) -> paging.Page:
        """List your API keys."""
        mine = select(ApiKey).where(ApiKey.user_id == caller().user_id)
        return paging.page(mine, ApiKey.id, options, key_json)

    @signed_in(namespace, "account")
    @takes(namespace, schemas.creation)
    @idempotent(namespace)
    @namespace.response(201, "The new key, shown this once", schemas.new_api_key)
    @namespace.response(409, "You have 50 keys already")
    def post(self, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Make an API key; without `scopes` it has all of yours.

        A key that is made with a key ends with that key. No key can give rights: to make an
        administrator, to change roles, to enable an account or to reset a password, sign in.
        Keys outlive sessions and a changed password, until they expire or are deleted.
        """
        row, key = service.create(caller(), **body)
        return {**key_json(row), "key": key}, 201


@namespace.route("/<uuid:key_id>")
class OneKey(Resource):
    """One of your keys."""

    @signed_in(namespace, "account")
    @namespace.response(204, "The key has ended")
    @namespace.response(404, "You have no such key")
    def delete(self, key_id: UUID) -> tuple[str, int]:
        """End an API key; it stops working at once."""
        service.end(caller(), key_id)
        return "", 204
