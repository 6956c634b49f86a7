"""Small things that tests of jobs and uploads share."""

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


def files(app: Flask) -> list[str]:
    """The names of the files that are stored."""
    folder = Path(app.config["SETTINGS"].storage)
    return sorted(file.name for file in folder.rglob("*") if file.is_file())


def count(app: Flask, table: Any) -> int:
    """How many rows a table has."""
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(table)) or 0
