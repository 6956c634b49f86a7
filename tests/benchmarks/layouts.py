"""In what order pages are read: the character error rate of each kind of layout.

    .venv/bin/python tests/benchmarks/layouts.py [--engine rapidocr] [--pages 3] [--fonts FOLDER]

Draws so many pages of each kind, every third one as a scanner would give it. Without a folder with
fonts, all pages have the same typeface. PERCEPT_DATA_DIR may name a folder with pulled models.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from drawing import LAYOUTS
from layouts import drawn, worn
from pages import error_rate

from api.enginekit.pool import EnginePool
from api.enginekit.store import ModelStore
from api.services.ocr import engines
from api.services.ocr.service import CHOICES, Readers, readers


def rates(way: Readers, kind: str, pages: int, fonts: list[Path]) -> list[float]:
    """The error rates of some pages of a kind."""
    found = []
    for seed in range(pages):
        drawing = drawn(kind, seed, fonts)
        page = worn(drawing.page(), seed) if seed % 3 == 2 else drawing.page()
        _, reading = way.read(np.asarray(page))
        text = "\n".join(line.text for line in reading.lines)
        found.append(error_rate(text, "\n".join(drawing.text)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=CHOICES, default="rapidocr")
    parser.add_argument("--pages", type=int, default=3)
    parser.add_argument("--fonts", type=Path)
    args = parser.parse_args()
    fonts = sorted(args.fonts.rglob("*.[ot]tf")) if args.fonts else []
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(os.environ.get("PERCEPT_DATA_DIR", scratch)).resolve()
        store = ModelStore(data / "models")
        pool = EnginePool("ocr", engines.ENGINES, lambda entry: next(iter(entry.engines)), store)
        way = readers(store, pool.get, args.engine, None)
        every = {kind: rates(way, kind, args.pages, fonts) for kind in sorted(LAYOUTS)}
    for kind, found in every.items():
        sys.stdout.write(f"{kind:20}{statistics.mean(found):.3f}\n")
    mean = statistics.mean(rate for found in every.values() for rate in found)
    sys.stdout.write(f"{'mean':20}{mean:.4f}\n")


if __name__ == "__main__":
    main()
