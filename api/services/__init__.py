"""Every folder here is a service. Adding a folder adds the service."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what runs in a child process is in here too, and needs none of it
    from flask_restx import Namespace


@dataclass(frozen=True)
class Service:
    """A service: its name, its routes, and the module with its table of engines."""

    name: str
    namespace: "Namespace"
    engines: ModuleType


def names() -> list[str]:
    """The names of all services, in alphabetical order."""
    return [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]


def found(wanted: set[str]) -> Iterator[Service]:
    """The wanted services; the others are not even imported."""
    for name in names():
        if name in wanted:
            folder = f"{__name__}.{name}"
            routes = importlib.import_module(f"{folder}.routes")
            engines = importlib.import_module(f"{folder}.engines")
            yield Service(name, routes.namespace, engines)
