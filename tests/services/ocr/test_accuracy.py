"""How well real pages are read, by the embedded reader alone and with Tesseract's data."""

import json
from collections import defaultdict
from pathlib import Path
from statistics import mean

import layouts
import numpy as np
import pytest
from pages import error_rate

from api.config import Settings
from api.enginekit.pool import EnginePool
from api.enginekit.store import ModelStore
from api.services.ocr import engines, guest
from api.services.ocr.service import Readers, readers

pytestmark = pytest.mark.slow
LIMITS = guest.Limits(40_000_000, 50)
# Of most kinds, and for one engine alone those with columns, turned, askew, hard to see.
ALL = (
    "receipt_sroie_454", "tess_phototest.tif", "tess_phototest-rotated-L", "luchana_8",
    "Moreno_097", "skew11", "rennoisy_4", "ren2col", "screen_0",
)  # fmt: skip
HARD = ("Moreno_197", "rot90", "skew-3.5", "lowc_esprint_Buenos")


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> EnginePool:
    """The engines of a server that has pulled Tesseract's data."""
    store = ModelStore(tmp_path_factory.mktemp("models"), mirror=str(shared / "models"))
    store.pull("tessdata")
    return EnginePool("ocr", engines.ENGINES, engines.chooser(Settings()), store)


def rates(way: Readers, shared: Path, names: tuple[str, ...]) -> dict[str, list[float]]:
    """The character error rates of the pages with these names, by kind."""
    table = shared / "data" / "ocr" / "pages.jsonl"
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    found = defaultdict(list)
    for row in rows:
        if any(name in row["file"] for name in names):
            _, sheet = guest.first((table.parent / row["file"]).read_bytes(), LIMITS)
            assert sheet.pixels is not None
            _, reading = way.read(sheet.pixels)
            text = "\n".join(line.text for line in reading.lines)
            found[row["kind"]].append(error_rate(text, row["text"]))
    return found


def check(found: dict[str, list[float]], most: float) -> None:
    """Kind by kind, and all together."""
    assert found
    assert {kind: by for kind, by in found.items() if mean(by) > 0.2} == {}
    assert mean(rate for by in found.values() for rate in by) <= most


def test_one_engine_alone(pool: EnginePool, shared: Path) -> None:
    """With nothing pulled, at most 0.12 of the characters are wrong, even on hard pages."""
    alone = readers(pool.store, pool.get, "rapidocr", None)
    check(rates(alone, shared, HARD), 0.12)


@pytest.mark.parametrize("kind", ["columns-narrow", "form-wide", "grid-cells"])
def test_drawn_layouts(pool: EnginePool, kind: str) -> None:
    """Columns that the detector takes for one, wide labels and drawn cells are read in order."""
    page = layouts.drawn(kind, 1)
    _, reading = readers(pool.store, pool.get, "rapidocr", None).read(np.asarray(page.page()))
    text = "\n".join(line.text for line in reading.lines)
    assert error_rate(text, "\n".join(page.text)) <= 0.02


def test_the_better_of_two(pool: EnginePool, shared: Path) -> None:
    """With Tesseract's data, at most 0.08 are wrong on pages of all kinds."""
    both = readers(pool.store, pool.get, "auto", None)
    assert set(both.by_engine) == {"rapidocr", "tesseract"}
    check(rates(both, shared, ALL), 0.08)
