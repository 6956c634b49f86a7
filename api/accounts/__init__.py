"""Every folder here is a feature that owns tables. Adding a folder adds the feature."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # who only asks for the names need not wait for Flask
    from flask_restx import Namespace

# What can be offered apart from the accounts, by folder.
APART = {"history": "history", "jobs": "jobs", "uploads": "jobs"}


def found(wanted: set[str]) -> Iterator["Namespace"]:
    """The namespaces of the wanted folders, in alphabetical order."""
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg and APART.get(module.name, "accounts") in wanted:
            yield importlib.import_module(f"{__name__}.{module.name}.routes").namespace
