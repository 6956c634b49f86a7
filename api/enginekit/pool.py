"""Loads each model once in this process and lends it; remembers what failed and why."""

import contextlib
import importlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from api.enginekit.catalogue import Entry
from api.enginekit.installed import InstalledModels, left_out
from api.errors import N_, NotReady, PerceptError, Unusable

log = logging.getLogger(__name__)


class Engine(Protocol):
    """What every engine can do, whatever it computes."""

    def warm_up(self) -> None:
        """Compute once, so that the first request does not pay for it."""


@dataclass(frozen=True)
class Loaded:
    """A model in memory."""

    model: str
    engine_name: str
    engine: Any
    entry: Entry
    folder: Path


def _unheard(_loaded: Loaded, _seconds: float | None) -> None:
    """Nobody asked to hear of loads."""


class EnginePool:
    """The models of one service in this process.

    `engines` maps an engine's name to "module:Class"; only the chosen one is imported.
    `choose` says which engine runs a model. `on_change` hears of every load, with the seconds
    that it took, and of every model that leaves memory, with None.
    """

    def __init__(
        self,
        service: str,
        engines: Mapping[str, str],
        choose: Callable[[Entry], str],
        store: InstalledModels,
        on_change: Callable[[Loaded, float | None], None] = _unheard,
    ):
        self.service = service
        self.store = store
        self._engines = engines
        self._choose = choose
        self._on_change = on_change
        self._loaded: dict[str, Loaded] = {}
        self._used: dict[str, float] = {}
        self._failed: dict[str, str] = {}
        self._resting: set[str] = set()
        self._lock = threading.Lock()

    def get(self, model: str | None = None) -> Loaded:
        """The model of this name (the default one if None), loaded on first use.

        Raises:
            Unusable: there is no such model for this service, or it is not installed.
            NotReady: no model is installed at all, or this one cannot be loaded.
        """
        name = model or self.store.default(self.service)
        if name is None and (packages := self.left_out()):
            raise _without(packages)
        if name is None:
            raise NotReady("No model for %(task)s is installed.", task=self.service)
        if (loaded := self._loaded.get(name)) is None:
            folder = self._folder(name)
            with self._lock:
                loaded = self._loaded.get(name) or self._load(name, folder)
                self._loaded[name] = loaded
        self._used[name] = time.monotonic()
        return loaded

    def unload_idle(self, seconds: float) -> None:
        """Let go of the models that nobody has asked for in so long; the next call loads again."""
        limit = time.monotonic() - seconds
        with self._lock:
            for name in [n for n in self._loaded if self._used.get(n, limit) < limit]:
                self._on_change(self._loaded.pop(name), None)
                self._resting.add(name)

    def loaded(self) -> list[str]:
        """The names of the models in memory."""
        return sorted(self._loaded)

    def missing(self) -> list[str]:
        """Why this service cannot work yet; empty when its default model is loaded.

        A model that was let go because nobody used it counts as loaded.
        """
        name = self.store.default(self.service)
        if name is None:
            needed = [] if self.left_out() else self.store.entries(self.service)
            return [f"{self.service}: no model is installed."] if needed else []
        if name in self._loaded or name in self._resting:
            return []
        return [f"{self.service}: {name} {self._failed.get(name, 'is not loaded yet.')}"]

    def left_out(self) -> list[str]:
        """Return the packages without which this service has no model in this installation."""
        entries = self.store.entries(self.service) if not self.store.default(self.service) else []
        return [package for entry in entries if entry.embedded for package in left_out(entry)]

    def warm(self) -> None:
        """Load the default model now. A failure is kept for `missing`, not raised."""
        with contextlib.suppress(PerceptError):
            self.get()

    def _folder(self, name: str) -> Path:
        known = [entry.name for entry in self.store.entries(self.service)]
        if name not in known:
            raise Unusable(
                "There is no model named %(name)s for this service.", "model_not_found", name=name
            )
        folder = self.store.installed(name)
        if folder is None and (packages := left_out(self.store.entry(name))):
            raise _without(packages)
        if folder is None:
            raise Unusable(
                "The model %(name)s is not installed: percept models pull %(name)s",
                "model_not_installed",
                name=name,
            )
        return folder

    def _load(self, name: str, folder: Path) -> Loaded:
        started = time.perf_counter()
        try:
            entry = self.store.entry(name)
            engine_name = self._choose(entry)
            module, _, kind = self._engines[engine_name].partition(":")
            engine = getattr(importlib.import_module(module), kind)(folder, entry)
            engine.warm_up()
        # Whatever a damaged file makes a native library raise, the server goes on without it.
        except Exception as error:
            log.exception("the model %s cannot be loaded", name)
            self._resting.discard(name)
            self._failed[name] = f"cannot be loaded ({type(error).__name__})."
            message = N_(
                "The model %(name)s cannot be loaded. Check it with percept models verify."
            )
            raise NotReady(message, name=name) from error
        self._failed.pop(name, None)
        loaded = Loaded(name, engine_name, engine, entry, folder)
        self._on_change(loaded, time.perf_counter() - started)
        return loaded


def _without(packages: list[str]) -> Unusable:
    return Unusable(
        "This server is installed without what this needs: %(packages)s.",
        "engine_not_installed",
        packages=", ".join(packages),
    )
