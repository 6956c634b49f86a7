"""Which engine reads a page."""

from pathlib import Path

import numpy as np
import pytest
from fake_reader import FakeReader, box
from pages import drawn

from api.enginekit.catalogue import Entry
from api.enginekit.installed import InstalledModels
from api.enginekit.pages import Line, Word
from api.enginekit.pool import Loaded
from api.errors import NotReady, Overloaded, PerceptError, Unusable
from api.services.ocr.engines import Picture, Reading
from api.services.ocr.service import Readers, readers
from api.services.ocr.service.language import language_of
from api.services.ocr.service.suitability import is_convincing, is_plain

PRINT = np.asarray(drawn(["Some words in print", "and a second line"] * 4))


def loaded(engine: str, *, broken: bool = False) -> Loaded:
    """A model of a fake engine."""
    entry = Entry(name=engine, task="ocr", languages=("en",), engines={engine: "x"})
    if broken:
        raise NotReady("The model cannot be loaded.")
    return Loaded(engine, engine, FakeReader(Path(), entry), entry, Path())


class Sure(FakeReader):
    """So sure of a page that it is believed."""

    def read(self, picture: Picture, language: str | None = None) -> Reading:
        """One word across all of the page."""
        height, width = picture.shape[:2]
        place = box(0, 0, width, height)
        return Reading(0, (Line("x", 0.97, place, (Word("x", 0.97, place),)),))


def both(*, sure: bool) -> Readers:
    """Both engines; whether Tesseract is sure of itself."""
    models = {name: loaded(name) for name in ("rapidocr", "tesseract")}
    if sure:
        entry = models["tesseract"].entry
        models["tesseract"] = Loaded("tesseract", "tesseract", Sure(Path(), entry), entry, Path())
    return Readers(models, None)


def test_tesseract_reads_what_it_is_sure_of() -> None:
    """Print with contrast and without noise; RapidOCR is not even asked."""
    found = both(sure=True)
    assert found.read(PRINT)[0] == "tesseract"
    assert found.by_engine["rapidocr"].engine.asked == []


def test_rapidocr_reads_what_tesseract_is_not_sure_of() -> None:
    """Both are asked, and RapidOCR is believed."""
    found = both(sure=False)
    engine, reading = found.read(PRINT)
    assert engine == "rapidocr"
    assert reading.lines[0].text.startswith("rapidocr")
    assert found.by_engine["tesseract"].engine.asked == [None]


@pytest.mark.parametrize("kind", [Overloaded, Unusable])
def test_rapidocr_reads_what_takes_tesseract_too_long(kind: type[PerceptError]) -> None:
    """Where there is no other engine, the refusal is the answer, never an empty page."""
    found = both(sure=True)

    class TooSlow(FakeReader):
        """Gives up."""

        def read(self, picture: Picture, language: str | None = None) -> Reading:
            raise kind("Reading the page takes too long.", "reading_took_too_long")

    entry = found.by_engine["tesseract"].entry
    slow = Loaded("tesseract", "tesseract", TooSlow(Path(), entry), entry, Path())
    found.by_engine["tesseract"] = slow
    assert found.read(PRINT)[0] == "rapidocr"
    with pytest.raises(kind):
        Readers({"tesseract": slow}, None).read(PRINT)


@pytest.mark.parametrize("kind", ["pale", "noisy"])
def test_rapidocr_reads_what_is_hard_to_see(kind: str) -> None:
    """Tesseract is not even asked where contrast is low or noise is high."""
    noise = np.random.default_rng(1).normal(0, 30, PRINT.shape)
    hard = PRINT * 0.2 + 150 if kind == "pale" else np.clip(PRINT + noise, 0, 255)
    picture = hard.astype(np.uint8)
    assert is_plain(PRINT)
    assert not is_plain(picture)
    assert both(sure=True).read(picture)[0] == "rapidocr"


def test_text_that_was_left_out_is_noticed() -> None:
    """A reader that is sure of half of the page is not believed."""
    height, width = PRINT.shape[:2]

    def read(share: float, sure: float) -> Reading:
        place = box(0, 0, width, height * share)
        return Reading(0, (Line("x", sure, place, (Word("x", sure, place),)),))

    assert is_convincing(PRINT, read(1, 0.95))
    assert not is_convincing(PRINT, read(1, 0.85))
    assert not is_convincing(PRINT, read(0.3, 0.95))
    assert not is_convincing(PRINT, Reading(0, ()))


def test_a_blank_page_is_read() -> None:
    """There is neither contrast nor ink on it."""
    assert both(sure=True).read(np.full((300, 200, 3), 255, np.uint8))[0] == "rapidocr"


def test_one_engine_alone(tmp_path: Path) -> None:
    """With nothing pulled there is one, which reads everything; others are told how to get."""
    store = InstalledModels(tmp_path)
    alone = readers(store, lambda name: loaded(name or "rapidocr"), "auto", None)
    assert set(alone.by_engine) == {"rapidocr"}
    assert alone.read(PRINT)[0] == "rapidocr"
    assert alone.of(None).model == "rapidocr"


def test_an_engine_that_does_not_know_the_language(tmp_path: Path) -> None:
    """It is not asked; where none knows it, the refusal says what would help."""
    store = InstalledModels(tmp_path)
    with pytest.raises(Unusable, match="available: en"):
        readers(store, lambda name: loaded(name or "rapidocr"), "auto", "fi")


def test_a_damaged_engine_does_not_stop_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that can be loaded reads; where none can, that is said."""
    store = InstalledModels(tmp_path)
    monkeypatch.setattr(store, "installed", lambda _: tmp_path)

    def lend(name: str | None) -> Loaded:
        return loaded(name or "rapidocr", broken=name != "rapidocr")

    assert set(readers(store, lend, "auto", None).by_engine) == {"rapidocr"}
    with pytest.raises(NotReady):
        readers(store, lambda _: loaded("x", broken=True), "auto", None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("the rain in Spain is on the plain", "en"),
        ("El perro de la casa y los gatos", "es"),
        ("Le train pour Lyon partira de la voie 3.", "fr"),
        ("TOTAL 7.00", "und"),
        ("", "und"),
    ],
)
def test_the_language_of_a_text(text: str, code: str) -> None:
    """It is told, unless the text is of names and numbers only."""
    assert language_of(text) == code
