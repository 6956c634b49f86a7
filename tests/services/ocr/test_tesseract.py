"""What Tesseract alone does: it may be cut off, and reads sideways text in one direction."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tesserocr
from pages import drawn
from PIL import Image

from api.errors import Overloaded, Unusable
from api.services.ocr.engines.blocks import Limit, blocks_of

pytestmark = pytest.mark.slow
DENSE = np.asarray(drawn(["many words of small print " * 3] * 12, (1600, 700)))
MODE = tesserocr.PSM.AUTO_OSD


@pytest.fixture(scope="module")
def api(shared: Path) -> Any:
    """An interface to English data."""
    folder = shared / "models" / "tessdata"
    with tesserocr.PyTessBaseAPI(path=f"{folder}/", lang="eng", psm=MODE) as made:
        yield made


@pytest.mark.parametrize(("work", "refusal"), [(0.0, Unusable), (60.0, Overloaded)])
def test_cut_off(api: Any, work: float, refusal: type[Exception]) -> None:
    """A page that takes too long is refused: for good if it takes so much work, else for now."""
    with pytest.raises(refusal) as found:
        list(blocks_of(api, DENSE, MODE, Limit(clock_s=0.05, work_s=work)))
    assert found.value.code == "reading_took_too_long"  # type: ignore[attr-defined]
    assert list(blocks_of(api, DENSE[:120], MODE))  # the next page is read as ever


def test_sideways_text_that_makes_no_sense(api: Any) -> None:
    """Scribbles at the margin are left out, and the page is read as it is."""
    page = drawn(["Nothing else is written here", "but two lines of plain text."], at=(120, 50))
    noise = np.random.default_rng(5).integers(0, 2, (40, 4)) * 255
    scribble = Image.fromarray(noise.astype(np.uint8)).resize((32, 320), Image.Resampling.NEAREST)
    page.paste(scribble, (20, 60))
    found = [word.text for block in blocks_of(api, np.asarray(page), MODE) for word in block.words]
    assert " ".join(found).startswith("Nothing else is written here but two lines of plain text.")
    assert len(found) <= 12
