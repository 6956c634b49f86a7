"""Brings one file of a model here, goes on where it stopped, and checks it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from api.enginekit.catalogue import Entry, ModelFile
from api.enginekit.sources import Stream, open_source
from api.errors import NotFound, Unusable

PATIENCE_S = 30.0
MAX_TEXT_BYTES = 1 << 20

# Called with what is being done, bytes done and bytes in all (0: unknown).
Progress = Callable[[str, int, int], None]


def source_of(entry: Entry, file: ModelFile, mirror: str) -> str:
    """Where the file is: in the mirror if there is one, else at its own address.

    Raises:
        NotFound: `model_file_missing`: the catalogue gives no address.
    """
    if mirror:
        return f"{mirror.rstrip('/')}/{file.path or f'{entry.name}/{file.name}'}"
    if file.url:
        return file.url
    raise NotFound(
        "The catalogue has no url for %(file)s of %(name)s. A mirror (PERCEPT_MODELS_MIRROR) "
        "may have the file.",
        code="model_file_missing",
        file=file.name,
        name=entry.name,
    )


def fetch(
    source: str, file: ModelFile, target: Path, progress: Progress, patience_s: float = PATIENCE_S
) -> None:
    """Completes `target` from the URL or path `source`, and checks size and hash.

    What `target` already holds is taken as the beginning. A file that fails its check is deleted.

    Raises:
        NotFound, NotReady: as `open_source`.
        Unusable: `model_damaged`: the bytes are not those of the catalogue.
        OSError: `target` cannot be written.
    """
    have = target.stat().st_size if target.exists() else 0
    if not (file.bytes and have == file.bytes):
        start = have if have < (file.bytes or have + 1) else 0
        with open_source(source, start, patience_s) as stream:
            _write(stream, file, target, progress)
    check(file, target)


def read_text(source: str, patience_s: float = PATIENCE_S) -> str:
    """A small text, such as a mirror's catalogue; the same errors as `fetch`."""
    data = b""
    with open_source(source, 0, patience_s) as stream:
        while len(data) <= MAX_TEXT_BYTES and (chunk := next(stream.chunks, b"")):
            data += chunk
    if len(data) > MAX_TEXT_BYTES:
        raise Unusable(
            "The catalogue %(source)s is too large.", code="catalogue_broken", source=source
        )
    return data.decode("utf-8", errors="replace")


def check(file: ModelFile, target: Path) -> None:
    """Deletes the file and raises Unusable if it is not the one of the catalogue."""
    if problem := problem_of(file, target):
        target.unlink()
        raise Unusable(
            "%(problem)s. The file was deleted; pull the model again.",
            code="model_damaged",
            problem=problem,
        )


def problem_of(file: ModelFile, target: Path) -> str:
    """In what size or published hash differ from the catalogue; empty if in nothing."""
    try:
        size = target.stat().st_size
        found = hash_of(target, file.hash) if file.hash else ""
    except OSError as error:
        return f"{file.name} cannot be read: {error.strerror}"
    if file.bytes and size != file.bytes:
        return f"{file.name} has {size} bytes, not {file.bytes}"
    return f"{file.name} has the hash {found}, not {file.hash}" if found != file.hash else ""


def hash_of(target: Path, like: str) -> str:
    """The file's hash, written as `like` is: "md5:..." or "sha256:..."."""
    algorithm = like.partition(":")[0]
    with target.open("rb") as stream:
        # md5 is only what Keras publishes; such a file gets a sha256 when it is installed.
        digest = hashlib.file_digest(
            stream, lambda: hashlib.new(algorithm, usedforsecurity=algorithm != "md5")
        )
    return f"{algorithm}:{digest.hexdigest()}"


def _write(stream: Stream, file: ModelFile, target: Path, progress: Progress) -> None:
    done, total = stream.start, file.bytes or stream.total
    with target.open("ab") as out:
        out.truncate(done)
        progress(file.name, done, total)
        for chunk in stream.chunks:
            done += out.write(chunk)
            progress(file.name, done, total)
            if total and done > total:
                break  # `check` refuses it; the rest is not waited for
