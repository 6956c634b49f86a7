"""The manifest of an installed model: its entry, and size and hash of every file beside it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from api.enginekit.catalogue import MANIFEST, Entry, one_line
from api.errors import Unusable


@dataclass(frozen=True)
class Pin:
    """What a file was when the model was installed."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Everything the engines need (`entry`), and the pins by path relative to the folder."""

    entry: Entry
    contents: dict[str, Pin]


_MANIFEST = TypeAdapter(Manifest)


def read_manifest(folder: Path) -> Manifest:
    """The manifest in a model's folder.

    Raises:
        OSError: it cannot be opened.
        Unusable: `model_damaged`: it is not a manifest, or that of another model.
    """
    try:
        manifest = _MANIFEST.validate_json((folder / MANIFEST).read_bytes())
    except ValidationError as error:
        raise _damaged(folder, one_line(error)) from None
    if manifest.entry.name != folder.name:
        raise _damaged(folder, f"it is that of {manifest.entry.name}")
    return manifest


def write_manifest(folder: Path, entry: Entry, *, pinned: bool = False) -> None:
    """Writes the manifest, with the pins of what is in the folder now if `pinned`."""
    pins = {path: pin(folder / path) for path in _paths(folder)} if pinned else {}
    text = _MANIFEST.dump_json(Manifest(entry, pins), indent=2, exclude_none=True)
    (folder / MANIFEST).write_bytes(text + b"\n")


def pin(file: Path) -> Pin:
    """Size and hash of a file."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Pin(file.stat().st_size, digest)


def problems(folder: Path, manifest: Manifest) -> list[str]:
    """What is missing from the folder or no longer what was installed; empty if all is well."""
    return [
        text for path, was in manifest.contents.items() if (text := _problem(folder, path, was))
    ]


def _problem(folder: Path, path: str, was: Pin) -> str:
    try:
        now = pin(folder / path)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return "" if now == was else f"{path} is not the file that was installed"


def _paths(folder: Path) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file != folder / MANIFEST:
            yield file.relative_to(folder).as_posix()


def _damaged(folder: Path, reason: str) -> Unusable:
    return Unusable(
        "The manifest of %(name)s is invalid: %(reason)s.",
        code="model_damaged",
        name=folder.name,
        reason=reason,
    )
