"""Puts files where they were said to go: what all tests of uploads do."""

from dataclasses import dataclass
from typing import Any

import httpx
from flask import Flask
from flask.testing import FlaskClient

from api.extensions import db

UPLOADS, LIMIT = "/api/v1/uploads", 1_000_000
CHUNKED = {
    "wsgi.input_terminated": True,
    "HTTP_TRANSFER_ENCODING": "chunked",
    "CONTENT_LENGTH": "",
}
Place = dict[str, Any]


@dataclass
class Uploader:
    """Somebody who uploads files."""

    client: FlaskClient
    headers: dict[str, str]

    def ask(self, **wish: Any) -> Place:
        """Where to put a file."""
        answer = self.client.post(UPLOADS, json=wish, headers=self.headers)
        assert answer.status_code == 201, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    def put(self, place: Place, content: bytes = b"abc", **more: Any) -> Any:
        """Puts it there: here, or at S3."""
        if not place["url"].startswith("http://localhost/"):
            return httpx.put(place["url"], content=content, headers=place["headers"])
        headers = {**place["headers"], **more.pop("headers", {})}
        return self.client.put(place["url"], data=content, headers=headers, **more)

    def upload(self, content: bytes = b"abc", **wish: Any) -> str:
        """The id of a file that was put."""
        place = self.ask(**wish)
        assert self.put(place, content).status_code in (200, 204)
        return str(place["id"])

    def state(self, place: Place) -> Any:
        """How it stands."""
        return self.client.get(f"{UPLOADS}/{place['id']}", headers=self.headers)


def stored(app: Flask) -> dict[str, bytes]:
    """What lies in the storage, by name."""
    storage = app.extensions["storage"]
    return {name: storage.read(name) for name, _ in storage.names()}


def change(app: Flask, statement: Any) -> None:
    """Changes rows behind the application's back."""
    with app.app_context():
        db.session.execute(statement)
        db.session.commit()
