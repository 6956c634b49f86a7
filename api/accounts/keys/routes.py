"""/auth/api-keys: keys for programs."""

from typing import Any
from uuid import UUID

from flask_restx import Resource
from sqlalchemy import select

from api.accounts.keys import schemas, service
from api.accounts.keys.schemas import key_json, namespace
from api.errors import NotFound
from api.http import paging
from api.http.auth import caller, signed_in
from api.http.idempotency import idempotent
from api.http.options import takes_options
from api.http.refusals import refusal
from api.http.restx import takes
from api.models import ApiKey


@namespace.route("")
class Keys(Resource):
    """Your keys."""

    @namespace.doc("list_api_keys")
    @signed_in(namespace, "account")
    @takes_options(namespace, *paging.OPTIONS)
    @namespace.response(200, "Your API keys, newest first", schemas.key_list)
    def get(self, options: dict[str, Any]) -> paging.Page:
        """List your API keys."""
        mine = select(ApiKey).where(ApiKey.user_id == caller().user_id)
        return paging.page(mine, ApiKey.id, options, key_json)

    @namespace.doc("create_api_key")
    @signed_in(namespace, "account")
    @takes(namespace, schemas.creation)
    @idempotent(namespace)
    @namespace.response(201, "The new key; it is shown only once", schemas.new_api_key)
    @refusal(namespace, 409, "You have 50 keys already", service.too_many())
    def post(self, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """Create an API key; without `scopes`, it has all your scopes.

        A key that was created with another key ends with that key. A key can't create
        administrators, change roles, enable accounts or reset passwords; sign in for that. Keys
        stay valid after a sign-out or a changed password, until they expire or are revoked.
        """
        row, key = service.create(caller(), **body)
        return {**key_json(row), "key": key}, 201


@namespace.route("/<uuid:key_id>")
class OneKey(Resource):
    """One of your keys."""

    @namespace.doc("revoke_api_key")
    @signed_in(namespace, "account")
    @namespace.response(204, "The key was revoked")
    @refusal(namespace, 404, "You have no such key", NotFound("There is no such API key."))
    def delete(self, key_id: UUID) -> tuple[str, int]:
        """Revoke an API key; it stops working immediately."""
        service.end(caller(), key_id)
        return "", 204
