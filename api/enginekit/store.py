"""The models store: how the models on this machine change.

A model is put together out of sight, under a lock, and appears by one rename.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from api.enginekit.catalogue import MANIFEST, Entry, is_model_name, read_catalogue
from api.enginekit.download import PATIENCE_S, Progress, fetch, problem_of, read_text, source_of
from api.enginekit.installation import (
    Converter,
    discard,
    draft,
    keep_only,
    locked,
    publish,
    take_in,
)
from api.enginekit.installed import BUILTIN, CATALOGUE, CHOICES, InstalledModels
from api.enginekit.labels import read_labels, write_labels
from api.enginekit.manifest import problems, read_manifest, write_manifest
from api.errors import Conflict, NotFound, Unusable

LABELS = "labels.json"


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


class ModelStore(InstalledModels):
    """Installed models, and the verbs of `percept models`.

    `mirror`, a folder or URL, stands in for the internet. `converters` make the engines' files,
    by task; the models of a task without one are used as they come.
    """

    def __init__(
        self,
        folder: Path,
        builtin: Path = BUILTIN,
        mirror: str = "",
        converters: Mapping[str, Converter] | None = None,
    ):
        super().__init__(folder, builtin)
        self.mirror = mirror
        self.converters = dict(converters or {})

    def read_mirror(self, patience_s: float = PATIENCE_S) -> None:
        """Lays the mirror's catalogue, if it has one, over the built-in one.

        Raises:
            NotReady: `model_unreachable`.
            Unusable: `catalogue_broken`.
        """
        if not self.mirror:
            return
        try:
            overlay = read_text(f"{self.mirror.rstrip('/')}/{CATALOGUE}", patience_s)
        except NotFound:
            return
        read_catalogue((self.builtin / CATALOGUE).read_text("utf-8"), overlay)
        self._overlay = overlay

    def pull(self, name: str, progress: Progress = silent, deadline_s: float | None = None) -> Path:
        """The folder of the model, which is fetched, checked and converted if it is missing.

        `deadline_s` is the longest wait for a first byte or for another process.

        Raises:
            NotFound, NotReady, Conflict, Unusable: why not, in one line.
        """
        if home := self.installed(name):
            return home
        patience_s, wait_s = (PATIENCE_S, -1) if deadline_s is None else (deadline_s, deadline_s)
        self.read_mirror(patience_s)
        entry = self._pullable(name)
        with draft(self.folder, name, wait_s, keep=True) as folder:
            if home := self.installed(name):  # another process was first
                return home
            keep_only(folder, {file.name for file in entry.files})
            for file in entry.files:
                source = source_of(entry, file, self.mirror)
                fetch(source, file, folder / file.name, progress, patience_s)
            return self._install(entry, folder, progress)

    def add(self, entry: Entry, model: Path, labels: Path, progress: Progress = silent) -> Path:
        """The folder of a user's own model (.keras, SavedModel or .tflite), now installed.

        Of `entry` the name, task, title, licence and input count.

        Raises:
            NotFound, NotReady, Conflict, Unusable: why not, in one line.
            OSError: the labels cannot be read.
        """
        if entry.name in self._known():
            raise Conflict(
                "A model named %(name)s already exists.", code="model_exists", name=entry.name
            )
        classes = read_labels(labels)
        own = Entry(
            name=entry.name,
            task=entry.task,
            title=entry.title,
            languages=("en", "es") if all(label.es for label in classes) else ("en",),
            licence=entry.licence,
            labels=LABELS,
            input=entry.input,
        )
        with draft(self.folder, own.name, keep=False) as folder:
            take_in(model, folder)
            write_labels(folder / LABELS, classes)
            return self._install(own, folder, progress)

    def remove(self, name: str) -> None:
        """Uninstalls a model; what has it loaded keeps it until it ends.

        Raises:
            NotFound: `model_not_found`, `model_not_installed`.
            Conflict: `model_embedded`: it is part of the server.
        """
        if is_model_name(name) and (self.folder / name).is_dir():
            with locked(self.folder, name):
                discard(self.folder / name)
            self._forget(name)
        elif self.entry(name).embedded:
            raise Conflict(
                "%(name)s is part of the server and cannot be removed.",
                code="model_embedded",
                name=name,
            )
        else:
            raise _not_installed(name)

    def verify(self, name: str) -> list[str]:
        """What is wrong with the files of an installed model; empty if all is well.

        Raises:
            NotFound: `model_not_found`, `model_not_installed`.
        """
        if is_model_name(name) and (self.folder / name / MANIFEST).exists():
            try:
                return problems(self.folder / name, read_manifest(self.folder / name))
            except Unusable as error:
                return [str(error)]
        entry, home = self.entry(name), self.installed(name)
        if not home:
            raise _not_installed(name)
        if entry.system and home == Path(entry.system):  # the operating system answers for it
            return []
        return [text for file in entry.files if (text := problem_of(file, home / file.name))]

    def set_default(self, task: str, name: str) -> None:
        """Chooses the model that answers for `task` unless another is named.

        Raises:
            NotFound: `model_not_found` (also if it is for another task), `model_not_installed`.
        """
        if self.entry(name).task != task:
            raise NotFound(
                "%(name)s is not a model for %(task)s.",
                code="model_not_found",
                name=name,
                task=task,
            )
        if not self.installed(name):
            raise _not_installed(name)
        with locked(self.folder, ".defaults"):
            self._write_choices(self._choices() | {task: name})

    def _forget(self, name: str) -> None:
        with locked(self.folder, ".defaults"):
            self._write_choices({t: n for t, n in self._choices().items() if n != name})

    def _write_choices(self, choices: Mapping[str, str]) -> None:
        new = self.folder / f".{CHOICES}"
        new.write_text(json.dumps(choices, indent=2, sort_keys=True) + "\n", "utf-8")
        new.replace(self.folder / CHOICES)

    def _pullable(self, name: str) -> Entry:
        entry = self.entry(name)
        if entry.embedded or not entry.files:
            raise NotFound(
                "Cannot download %(name)s: the catalogue lists no files for it.",
                code="model_file_missing",
                name=name,
            )
        return entry

    def _install(self, entry: Entry, folder: Path, progress: Progress) -> Path:
        write_manifest(folder, entry)
        if convert := self.converters.get(entry.task):
            progress("converting", 0, 0)
            convert(folder)
        write_manifest(folder, read_manifest(folder).entry, pinned=True)
        publish(folder, self.folder / entry.name)
        return self.folder / entry.name


def _not_installed(name: str) -> NotFound:
    return NotFound("%(name)s is not installed.", code="model_not_installed", name=name)
