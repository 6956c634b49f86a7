"""How well and how fast pages are read, by engine and by kind of page.

    .venv/bin/python tests/benchmarks/ocr.py PAGES.JSONL [--kind receipt]

PAGES.JSONL has `file`, `text` and `kind` in each line. PERCEPT_DATA_DIR may name a folder with
pulled models; without Tesseract's data there is one engine. Prints the character error rate (lower
case, no punctuation, spaces folded, at most 1) of each kind, the means without scenes, the seconds
of work of a page, and how many times longer `auto` takes than the engine it has chosen.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from pages import error_rate

from api.enginekit.pool import EnginePool
from api.enginekit.store import ModelStore
from api.errors import Unusable
from api.services.ocr import engines, guest
from api.services.ocr.service import AUTO, CHOICES, Readers, readers

LIMITS = guest.Limits(40_000_000, 50)
SCENES = "scene"


@dataclass
class Result:
    """What reading all pages in one way has given."""

    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    seconds: list[float] = field(default_factory=list)
    chosen: list[str] = field(default_factory=list)

    def mean(self, kind: str = "") -> float:
        """The mean rate of one kind, or of all but scenes."""
        kinds = [kind] if kind else [name for name in self.rates if not name.startswith(SCENES)]
        return statistics.mean(rate for name in kinds for rate in self.rates[name])


def ways(models: Path) -> dict[str, Readers]:
    """The ways to read that are installed."""
    settings_choose = lambda entry: next(iter(entry.engines))  # noqa: E731
    pool = EnginePool("ocr", engines.ENGINES, settings_choose, ModelStore(models))
    found = {}
    for engine in CHOICES:
        try:
            found[engine] = readers(pool.store, pool.get, engine, None)
        except Unusable as error:
            sys.stderr.write(f"{engine}: {error}\n")
    return found


def measure(table: Path, wanted: str, found: dict[str, Readers]) -> dict[str, Result]:
    """Read every page in every way."""
    results = {engine: Result() for engine in found}
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    for row in (row for row in rows if wanted in row["kind"]):
        _, sheet = guest.first((table.parent / row["file"]).read_bytes(), LIMITS)
        for engine, way in found.items():
            started = time.process_time()
            chosen, reading = way.read(sheet.pixels)
            results[engine].seconds.append(time.process_time() - started)
            results[engine].chosen.append(chosen)
            text = "\n".join(line.text for line in reading.lines)
            results[engine].rates[row["kind"]].append(error_rate(text, row["text"]))
    return results


def overhead(results: dict[str, Result]) -> float:
    """The median over the pages of auto's time by that of the engine it has chosen."""
    auto = results[AUTO]
    own = [results[engine].seconds[n] for n, engine in enumerate(auto.chosen)]
    return statistics.median(mine / its for mine, its in zip(auto.seconds, own, strict=True))


def report(results: dict[str, Result]) -> str:
    """The table, as text."""
    lines = ["".join([f"{'kind':24}", *(f"{engine:>11}" for engine in results)])]
    for kind in sorted(results[AUTO].rates):
        rates = (f"{result.mean(kind):11.3f}" for result in results.values())
        lines.append("".join([f"{kind:24}", *rates]))
    means = (f"{result.mean():11.3f}" for result in results.values())
    lines.append("".join([f"{'mean without scenes':24}", *means]))
    seconds = (f"{statistics.median(result.seconds):11.2f}" for result in results.values())
    lines.append("".join([f"{'median seconds a page':24}", *seconds]))
    lines.append(f"auto chose tesseract {results[AUTO].chosen.count('tesseract')} times")
    lines.append(f"auto's time by that of its choice: {overhead(results):.2f}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    parser.add_argument("--kind", default="")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(os.environ.get("PERCEPT_DATA_DIR", scratch)).resolve()
        results = measure(args.pages, args.kind, ways(data / "models"))
    sys.stdout.write(report(results) + "\n")


if __name__ == "__main__":
    main()
