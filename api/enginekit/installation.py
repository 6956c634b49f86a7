"""Putting a model together out of sight, and showing it in one step."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from api.errors import N_, Conflict, NotFound, NotReady, Unusable

PARTIAL, LOCKS = ".partial", ".locks"
CONVERSION_LIMIT_S = 1800
REFUSED_H5 = N_(
    "%(file)s is a complete model in .h5 format, which can run any code when it is loaded. Save "
    "it as .keras instead."
)

# Makes the engines' files in a model's folder and notes them in its manifest.
Converter = Callable[[Path], None]


@contextmanager
def draft(store: Path, name: str, wait_s: float = -1, *, keep: bool) -> Iterator[Path]:
    """Lends the folder where one model is put together, to one process at a time.

    `wait_s` is how long to wait for another process, -1 for ever. With `keep`, what is there
    stays for the next attempt.

    Raises:
        Conflict: `model_busy`: another process is at it.
        NotReady: `model_not_stored`: the disk is full, or may not be written.
    """
    folder = store / PARTIAL / name
    with locked(store, name, wait_s):
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield folder
        finally:
            if not keep:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(store: Path, name: str, wait_s: float = -1) -> Iterator[None]:
    """Keeps other processes from changing this model; the same errors as `draft`."""
    try:
        (store / LOCKS).mkdir(parents=True, exist_ok=True)
        with _taken(FileLock(store / LOCKS / f"{name}.lock", timeout=wait_s), name):
            yield
    except OSError as error:
        raise NotReady(
            "Cannot store %(name)s: %(reason)s (%(file)s).",
            code="model_not_stored",
            name=name,
            reason=error.strerror or type(error).__name__,
            file=error.filename or store,
        ) from error


@contextmanager
def _taken(lock: FileLock, name: str) -> Iterator[None]:
    try:
        lock.acquire()
    except Timeout:
        raise Conflict(
            "Another process is installing or removing %(name)s.", code="model_busy", name=name
        ) from None
    try:
        yield
    finally:
        lock.release()


def keep_only(folder: Path, names: set[str]) -> None:
    """Removes what an earlier attempt left in the folder beside these files."""
    for path in folder.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def publish(folder: Path, target: Path) -> None:
    """Shows a finished folder under its name; what was there and unusable goes away."""
    if target.exists():
        discard(target)
    folder.replace(target)


def discard(folder: Path) -> None:
    """Makes an installed model disappear in one step, then frees its space."""
    partial = folder.parent / PARTIAL
    partial.mkdir(exist_ok=True)
    bin_ = Path(tempfile.mkdtemp(prefix=".removed-", dir=partial))
    folder.replace(bin_ / folder.name)
    shutil.rmtree(bin_)


def take_in(model: Path, folder: Path) -> None:
    """Copies a user's model to where a converter looks for it.

    `.tflite` becomes `model.tflite`, `.keras` becomes `source.keras`, a SavedModel `saved_model/`.

    Raises:
        NotFound: `model_file_missing`.
        Unusable: `model_format`: in no form that is accepted.
    """
    kind = model.suffix.lower()
    if not model.exists():
        raise NotFound("%(file)s does not exist.", code="model_file_missing", file=model)
    if kind in (".h5", ".hdf5"):
        raise Unusable(REFUSED_H5, code="model_format", file=model.name)
    if (model / "saved_model.pb").is_file():
        _copy_tree(model, folder / "saved_model")
    elif model.is_file() and kind in (".tflite", ".keras"):
        shutil.copyfile(model, folder / ("model.tflite" if kind == ".tflite" else "source.keras"))
    else:
        raise Unusable(
            "%(file)s must be a .keras file, a SavedModel folder or a .tflite file.",
            code="model_format",
            file=model.name,
        )


def in_child(module: str) -> Converter:
    """A converter that runs `python -m module FOLDER`, so that what it imports stays outside."""

    def convert(folder: Path) -> None:
        command = [sys.executable, "-m", module, str(folder)]
        try:
            done = subprocess.run(  # noqa: S603 - our own module, no shell
                command, capture_output=True, text=True, timeout=CONVERSION_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise _not_converted(folder, f"it took over {CONVERSION_LIMIT_S} s") from None
        if done.returncode:
            errors = re.findall(r"^error: (.+)$", done.stderr, re.MULTILINE)
            lost = f"the conversion ended with {done.returncode}; is there enough memory?"
            raise _not_converted(folder, errors[-1] if errors else lost)

    return convert


def _copy_tree(source: Path, target: Path) -> None:
    # Not shutil.copytree: it copies read-only folder modes, and such a copy cannot be removed.
    for file in source.rglob("*"):
        if file.is_file():
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)


def _not_converted(folder: Path, reason: str) -> Unusable:
    return Unusable(
        "Cannot convert %(name)s: %(reason)s",
        code="model_not_converted",
        name=folder.name,
        reason=reason,
    )
