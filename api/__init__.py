"""Percept: one server that sees, reads, speaks and listens. `api.create_app` puts it together."""

import importlib
import sys
from typing import Any

from api.silence import silence_libraries

# Every process imports this package before any library: servers, workers, commands, child
# processes, and `make`. So it, and what it imports, must run on any Python 3.
if not (3, 11) <= sys.version_info < (3, 14):
    sys.exit(
        "Percept needs Python 3.11, 3.12 or 3.13, but this is "
        f"{sys.version_info[0]}.{sys.version_info[1]}. Name another: make run PYTHON=python3.12"
    )
silence_libraries()


def __getattr__(name: str) -> Any:
    # On demand, so that reading the settings does not import the whole server: gunicorn's
    # master stays small and a reload runs new code; the commands answer at once.
    if name == "create_app":
        return importlib.import_module("api.app").create_app
    raise AttributeError(name)
