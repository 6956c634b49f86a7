"""Every folder here is a feature that owns tables. Adding a folder adds the feature."""

import importlib
import pkgutil
from collections.abc import Iterator

from flask_restx import Namespace

# What can be offered by itself; the others belong together.
APART = {"history"}


def found(wanted: set[str]) -> Iterator[Namespace]:
    """The namespaces of the wanted folders, in alphabetical order."""
    for module in pkgutil.iter_modules(__path__):
        offer = module.name if module.name in APART else "accounts"
        if module.ispkg and offer in wanted:
            yield importlib.import_module(f"{__name__}.{module.name}.routes").namespace
