"""Small things that tests of the history, jobs and uploads share."""

import io
from pathlib import Path
from typing import Any

from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from api.extensions import db


def picture(size: tuple[int, int] = (40, 30)) -> bytes:
    """A small PNG."""
    stream = io.BytesIO()
    Image.new("RGB", size, "orange").save(stream, "PNG")
    return stream.getvalue()


def set_to(app: Flask, **changes: Any) -> None:
    """Changes settings of an application that is there already."""
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update=changes)


def root(app: Flask) -> Path:
    """The folder of the stored files."""
    return Path(app.config["SETTINGS"].storage)


def contents(app: Flask) -> dict[str, bytes]:
    """The stored files, by their whole names."""
    found = [file for file in root(app).rglob("*") if file.is_file()]
    return {str(file.relative_to(root(app))): file.read_bytes() for file in found}


def files(app: Flask) -> list[str]:
    """The names of the stored files, without their owners."""
    return sorted(name.rpartition("/")[2] for name in contents(app))


def count(app: Flask, table: Any) -> int:
    """How many rows a table has."""
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0
