"""The same asserts for every reader of pages, on pages that are drawn here."""

import importlib
import threading
from pathlib import Path

import numpy as np
import pytest
from pages import drawn, error_rate, write
from PIL import Image

from api.config import Settings
from api.enginekit.catalogue import Entry
from api.enginekit.installed import InstalledModels
from api.enginekit.pages import Polygon
from api.services.ocr import engines
from api.services.ocr.engines import Reader, Reading

pytestmark = pytest.mark.slow
LINES = (
    "The lighthouse keeper counted",
    "seventeen ships before noon,",
    "and wrote 4,250 in the book.",
    "Nobody came to read it later.",
)


@pytest.fixture(scope="module", params=engines.ENGINES)
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Each engine in turn, loaded as the server loads it."""
    store = InstalledModels(tmp_path_factory.mktemp("models"))
    if request.param == "tesseract":
        tessdata = request.getfixturevalue("shared") / "models" / "tessdata"
        return load(request.param, tessdata, store.entry("tessdata"))
    folder = store.installed(request.param)
    assert folder is not None
    return load(request.param, folder, store.entry(request.param))


def load(name: str, folder: Path, entry: Entry) -> Reader:
    module, _, kind = engines.ENGINES[name].partition(":")
    made: Reader = getattr(importlib.import_module(module), kind)(folder, entry)
    made.warm_up()
    return made


def read(reader: Reader, page: Image.Image, language: str | None = None) -> Reading:
    return reader.read(np.asarray(page.convert("RGB")), language)


def texts(reading: Reading) -> list[str]:
    return [line.text for line in reading.lines]


def middle(polygon: Polygon) -> tuple[float, float]:
    xs, ys = zip(*polygon, strict=True)
    return sum(xs) / 4, sum(ys) / 4


def test_lines_in_order(reader: Reader) -> None:
    """Every line, letter for letter, from top to bottom; sure of it."""
    reading = read(reader, drawn(LINES))
    assert texts(reading) == list(LINES)
    assert reading.rotation == 0
    assert all(0.8 < line.confidence <= 1 for line in reading.lines)


def test_words_have_places(reader: Reader) -> None:
    """Words make up their line, stand in it from left to right, and where they are drawn."""
    reading = read(reader, drawn(LINES))
    for n, line in enumerate(reading.lines):
        assert line.text == " ".join(word.text for word in line.words)
        lefts = [word.polygon[0][0] for word in line.words]
        assert lefts == sorted(lefts)
        for word in line.words:
            x, y = middle(word.polygon)
            assert line.polygon[0][0] <= x <= line.polygon[1][0]
            assert y == pytest.approx(50 + 48 * n + 18, abs=10)
    first = reading.lines[0].words[0]
    (left, top), (right, _), (_, bottom), _ = first.polygon
    assert (left, right) == pytest.approx((60, 115), abs=12)
    assert bottom - top < 48


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_pages_turned(reader: Reader, degrees: int) -> None:
    """The way back is told; polygons begin where the text does, in the page as it was given."""
    page = drawn([*LINES, *LINES])
    reading = read(reader, page.rotate(degrees, expand=True))  # anticlockwise
    assert error_rate("\n".join(texts(reading)), "\n".join([*LINES, *LINES])) < 0.02
    assert reading.rotation == degrees
    begin, end, _, below = reading.lines[0].polygon
    along = {90: (0, -1), 180: (-1, 0), 270: (0, 1)}[degrees]
    length = np.subtract(end, begin) @ along
    assert length > 300
    assert abs(np.subtract(end, begin) @ along[::-1]) < 20
    assert np.hypot(*np.subtract(below, begin)) < 60
    corner = {90: (60, 840), 180: (840, 440), 270: (440, 60)}[degrees]
    assert begin == pytest.approx(corner, abs=30)


@pytest.mark.parametrize("degrees", [-4, 3])
def test_pages_askew(reader: Reader, degrees: float) -> None:
    """Lines stay whole and in order."""
    page = drawn([*LINES, *LINES]).rotate(degrees, Image.Resampling.BICUBIC, fillcolor="white")
    found = "\n".join(texts(read(reader, page)))
    assert error_rate(found, "\n".join([*LINES, *LINES])) < 0.05


@pytest.mark.parametrize(("turned", "note"), [(0, 90), (90, 90), (180, 270)])
def test_a_sideways_note(reader: Reader, turned: int, note: int) -> None:
    """The page is as most of its text is; a note at the margin follows it, as a line of its own."""
    page = drawn(LINES, at=(120, 50))
    page.paste(
        drawn(["Form 2231-B of 2026"], (360, 60), (10, 10)).rotate(note, expand=True), (20, 40)
    )
    reading = read(reader, page.rotate(turned, expand=True))
    assert reading.rotation == turned
    assert texts(reading) == [*LINES, "Form 2231-B of 2026"]
    begin, end, *_ = reading.lines[-1].polygon
    degrees = np.degrees(np.arctan2(begin[1] - end[1], end[0] - begin[0]))
    assert degrees % 360 == pytest.approx((turned + note) % 360, abs=3)


def test_numbered_lines(reader: Reader) -> None:
    """A column of numbers is no sideways text."""
    page = drawn([*LINES, *LINES], at=(140, 50))
    write(page, list("23456789"), (60, 50))
    reading = read(reader, page)
    assert reading.rotation == 0
    expected = [f"{n} {line}" for n, line in enumerate([*LINES, *LINES], 2)]
    assert error_rate("\n".join(texts(reading)), "\n".join(expected)) < 0.02


def test_a_very_long_line(reader: Reader) -> None:
    """A line of a log, as a screenshot shows it, is read to its end."""
    text = "2026-01-14 10:33:21 INFO the lighthouse keeper counted seventeen ships before noon "
    page = Image.new("RGB", (4100, 48), "white")
    write(page, [text * 5], (20, 10), 20)
    found = " ".join(texts(read(reader, page)))
    assert error_rate(found, text * 5) < 0.05


def test_two_columns(reader: Reader) -> None:
    """The left one is read to its end before the right one, under a heading across both."""
    page = Image.new("RGB", (1150, 640), "white")
    left, right = [*LINES, *LINES[:2]], [*LINES[::-1], *LINES[:2]]
    write(page, ["News of the harbour and of all who live there"], (60, 40), 42)
    write(page, left, (60, 160), 28)
    write(page, right, (620, 160), 28)
    found = "\n".join(texts(read(reader, page)))
    expected = "\n".join(["News of the harbour and of all who live there", *left, *right])
    assert error_rate(found, expected) < 0.03


def test_rows_of_a_table(reader: Reader) -> None:
    """Prices stand in the row of what they are for."""
    page = drawn(["Bread and butter", "Two cups of tea", "Strawberry cake", "Total to pay"])
    write(page, ["4.20", "5.00", "6.75", "15.95"], (600, 50))
    found = "\n".join(texts(read(reader, page)))
    expected = (
        "Bread and butter 4.20\nTwo cups of tea 5.00\nStrawberry cake 6.75\nTotal to pay 15.95"
    )
    assert error_rate(found, expected) < 0.05


def test_languages(reader: Reader) -> None:
    """Those that are known can be named."""
    assert {"en", "es"} <= set(reader.languages)
    for language in ("en", "es"):
        found = "\n".join(texts(read(reader, drawn(LINES), language)))
        assert error_rate(found, "\n".join(LINES)) < 0.03


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (2000, 9), (40, 30), (700, 700)])
def test_pictures_without_text(reader: Reader, size: tuple[int, int]) -> None:
    """Nothing is found in them, whatever their shape."""
    assert read(reader, Image.new("RGB", size, "white")) == Reading(0, ())


def test_many_threads(reader: Reader) -> None:
    """Used from four threads at once, it gives each its own page."""
    pages = [drawn([line]) for line in LINES]
    found: dict[int, list[str]] = {}

    def work(n: int) -> None:
        found[n] = texts(read(reader, pages[n], ("en", "es")[n % 2]))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(pages))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = [error_rate("\n".join(found[n]), line) for n, line in enumerate(LINES)]
    assert max(wrong) < 0.05


def test_each_model_has_one_engine() -> None:
    """The chooser names it."""
    choose = engines.chooser(Settings())
    for engine in engines.ENGINES:
        assert choose(Entry(name="x", task="ocr", engines={engine: "a"})) == engine
