"""What models are known and installed: all that the server needs, and nothing that downloads.

Reading takes no lock, opens no connection and is cheap enough for every request.
"""

import importlib.util
import json
import logging
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from api.enginekit.catalogue import MANIFEST, Entry, is_model_name, read_catalogue
from api.enginekit.manifest import Manifest, read_manifest
from api.errors import NotFound, Unusable

BUILTIN = Path(__file__).resolve().parents[2] / "models_store"
CATALOGUE, CHOICES = "catalog.toml", "defaults.json"
# Packages that engines need and that an installation may leave out: they are under the GPL, or
# bundle what is (see NOTICE).
PACKAGES = {
    "espeak": "espeakng_loader",
    "moonshine": "av",
    "piper": "piper",
    "tesseract": "tesserocr",
    "whisper": "av",
}
log = logging.getLogger(__name__)


class InstalledModels:
    """Models in `folder` (one folder each, with its manifest), beside the built-in ones."""

    def __init__(self, folder: Path, builtin: Path = BUILTIN):
        self.folder = folder
        self.builtin = builtin
        self._overlay = ""  # the mirror's catalogue, where somebody has read it

    def entries(self, task: str | None = None) -> list[Entry]:
        """Every known model, by task and name. An installed one is as it was when installed."""
        chosen = (entry for entry in self._known().values() if task in (None, entry.task))
        return sorted(chosen, key=lambda entry: (entry.task, entry.name))

    def entry(self, name: str) -> Entry:
        """The model of that name.

        Raises:
            NotFound: `model_not_found`.
        """
        if entry := self._known().get(name):
            return entry
        raise NotFound("There is no model named %(name)s.", code="model_not_found", name=name)

    def installed(self, name: str) -> Path | None:
        """The folder with the model's usable files, or None."""
        if manifest := self._manifest(name):
            return None if left_out(manifest.entry) else self.folder / name
        entry = self._catalogue().get(name)
        if not entry or not entry.engines or left_out(entry):
            return None
        for home in self._homes(entry):
            if all((home / file).exists() for file in entry.engines.values()):
                return home
        return None

    def size(self, name: str) -> int:
        """Bytes on disk if installed, else bytes to pull; 0 if unknown.

        Raises:
            NotFound: `model_not_found`.
        """
        if manifest := self._manifest(name):
            return sum(pin.bytes for pin in manifest.contents.values())
        entry = self.entry(name)
        if home := self.installed(name):
            return sum(_bytes(home / file) for file in entry.engines.values())
        sizes = [file.bytes for file in entry.files]
        return sum(sizes) if all(sizes) else 0

    def default(self, task: str) -> str | None:
        """The model that answers unless another is named: the chosen one, else by rank."""
        chosen = self._choices().get(task, "")
        if chosen and self.installed(chosen):
            return chosen
        ranked = [e for e in self.entries(task) if e.rank and self.installed(e.name)]
        return max(ranked, key=lambda entry: entry.rank).name if ranked else None

    def _homes(self, entry: Entry) -> Iterator[Path]:
        """Where a model may lie that nobody has pulled."""
        if entry.embedded and entry.package:
            spec = importlib.util.find_spec(entry.package)
            yield from map(Path, spec.submodule_search_locations or () if spec else ())
        elif entry.embedded:
            yield self.builtin / entry.name
        if entry.system:
            yield Path(entry.system)

    def _known(self) -> dict[str, Entry]:
        return self._catalogue() | {m.entry.name: m.entry for m in self._manifests()}

    def _catalogue(self) -> dict[str, Entry]:
        file = self.builtin / CATALOGUE
        return _parsed(file, file.stat().st_mtime_ns, self._overlay)

    def _manifests(self) -> Iterator[Manifest]:
        folders = self.folder.iterdir() if self.folder.is_dir() else ()
        for folder in folders:
            if manifest := self._manifest(folder.name):
                yield manifest

    def _manifest(self, name: str) -> Manifest | None:
        if not is_model_name(name):
            return None
        folder = self.folder / name
        try:
            return _usable(folder, (folder / MANIFEST).stat().st_mtime_ns)
        except OSError:
            return None

    def _choices(self) -> dict[str, str]:
        try:
            choices = json.loads((self.folder / CHOICES).read_bytes())
        except (OSError, ValueError):
            return {}
        return choices if isinstance(choices, dict) else {}


def left_out(entry: Entry) -> list[str]:
    """Return the packages that the model's engines need and this installation has left out."""
    return [PACKAGES[name] for name in entry.engines if name in PACKAGES and not _has(name)]


@cache
def _has(engine: str) -> bool:
    return importlib.util.find_spec(PACKAGES[engine]) is not None


@lru_cache(maxsize=64)
def _bytes(place: Path) -> int:
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file())


@lru_cache(maxsize=8)
def _parsed(file: Path, _mtime_ns: int, overlay: str) -> dict[str, Entry]:
    return read_catalogue(file.read_text("utf-8"), overlay)


@lru_cache(maxsize=256)
def _usable(folder: Path, _mtime_ns: int) -> Manifest | None:
    """The manifest, or None if it is broken: one bad folder must not take the others down."""
    try:
        return read_manifest(folder)
    except Unusable as error:
        log.warning("%s Reinstall the model.", error)
        return None
