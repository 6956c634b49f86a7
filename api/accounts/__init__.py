"""Every folder here is a feature that owns tables. Adding a folder adds the feature."""

import importlib
import pkgutil
from collections.abc import Iterator

from flask_restx import Namespace


def found() -> Iterator[Namespace]:
    """The namespaces of each folder, in alphabetical order."""
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg:
            yield importlib.import_module(f"{__name__}.{module.name}.routes").namespace
