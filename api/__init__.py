"""Percept: one server that sees, reads, speaks and listens. `api.create_app` puts it together."""

import importlib
from typing import Any


def __getattr__(name: str) -> Any:
    # On demand, so that reading the settings does not import the whole server: gunicorn's
    # master stays small and a reload runs new code; the commands answer at once.
    if name == "create_app":
        return importlib.import_module("api.app").create_app
    raise AttributeError(name)
