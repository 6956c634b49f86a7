"""Which engine reads a page: the one that is asked for, or the one that suits the page."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from api.enginekit.installed import InstalledModels
from api.enginekit.pool import Loaded
from api.errors import NotReady, Overloaded, Unusable
from api.services.ocr.engines import ENGINES, Picture, Reading
from api.services.ocr.service.suitability import is_convincing, is_plain

TASK, AUTO, RAPIDOCR, TESSERACT = "ocr", "auto", "rapidocr", "tesseract"
CHOICES = (AUTO, *ENGINES)
Lend = Callable[[str | None], Loaded]


@dataclass(frozen=True)
class Readers:
    """The models that may read the pages, by engine, and the language to read."""

    by_engine: dict[str, Loaded]
    language: str | None

    def read(self, picture: Picture) -> tuple[str, Reading]:
        """The engine that has read the page, and what it says."""
        if set(self.by_engine) == {RAPIDOCR, TESSERACT}:
            return self._better(picture)
        ((engine, model),) = self.by_engine.items()
        return engine, model.engine.read(picture, self.language)

    def of(self, engine: str | None) -> Loaded:
        """The model of an engine that has read pages; any, where none was needed."""
        return self.by_engine.get(engine or "") or next(iter(self.by_engine.values()))

    def _better(self, picture: Picture) -> tuple[str, Reading]:
        """Tesseract takes half the time: it begins where it may do well, and is believed if so.

        A page that takes it too long is left to RapidOCR.
        """
        if is_plain(picture):
            with suppress(Unusable, Overloaded):
                reading = self.by_engine[TESSERACT].engine.read(picture, self.language)
                if is_convincing(picture, reading):
                    return TESSERACT, reading
        return RAPIDOCR, self.by_engine[RAPIDOCR].engine.read(picture, self.language)


def readers(store: InstalledModels, lend: Lend, engine: str, language: str | None) -> Readers:
    """The models for an engine, or those that are installed for AUTO, which know the language.

    Raises:
        Unusable: `model_not_installed`, `language_not_available`.
        NotReady: no model is there, or none can be loaded.
    """
    code = language and language.lower().replace("_", "-").partition("-")[0]
    entries = sorted(store.entries(TASK), key=lambda e: (bool(store.installed(e.name)), e.rank))
    models = {kind: entry.name for entry in entries for kind in entry.engines}
    if engine == AUTO:
        there = {kind: name for kind, name in models.items() if store.installed(name)}
        loaded = _those_that_load(there, lend)
    else:
        loaded = {engine: lend(models[engine])}
    able = {k: model for k, model in loaded.items() if not code or code in model.engine.languages}
    if not able:
        raise _nobody_reads(code or "", loaded)
    return Readers(able, code)


def _those_that_load(models: dict[str, str], lend: Lend) -> dict[str, Loaded]:
    """One that is damaged does not stop the other."""
    loaded = {}
    for engine, name in models.items():
        with suppress(NotReady):
            loaded[engine] = lend(name)
    # If there is none, the default one says why.
    return loaded or {AUTO: lend(None)}


def _nobody_reads(language: str, loaded: dict[str, Loaded]) -> Unusable:
    known = sorted({code for model in loaded.values() for code in model.engine.languages})
    return Unusable(
        "No installed model reads %(language)s; available: %(known)s. Tesseract reads the "
        "languages whose data files are in its folder: percept models pull tessdata",
        "language_not_available",
        language=language,
        known=", ".join(known),
    )
