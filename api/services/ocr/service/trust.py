"""Whether lines of a text layer say what the page shows: some are read by sight and compared."""

from difflib import SequenceMatcher

from api.services.ocr.guest import Sample, common_share, plain
from api.services.ocr.service.choice import Readers

# Letters in common, in order: of right text nearly all, of wrong maps of letters a third.
ALIKE, NEARLY_ALIKE = 0.6, 0.93
# What was read counts if the reader is so sure, and has read such a share of the letters.
SURE, ENOUGH = 0.8, 0.4
# What was read makes more sense if it has more common words by such a share of all words.
MORE_SENSE = 0.12
# The last letter of Latin scripts; what stands after it no engine may be able to read.
LATIN = "\u024f"


def is_wrong(sample: Sample, readers: Readers) -> bool:
    """Return whether the lines show something else than they say."""
    reading = readers.read(sample.pixels)[1]
    seen = "\n".join(line.text for line in reading.lines)
    said, shown = _letters(sample.text), _letters(seen)
    if len(shown) < ENOUGH * len(said) or reading.confidence < SURE:
        return False
    alike = SequenceMatcher(None, said, shown, autojunk=False).ratio()
    makes_sense = common_share(seen) >= common_share(sample.text) + MORE_SENSE
    if makes_sense:
        return alike < NEARLY_ALIKE
    is_latin = sum(sign <= LATIN for sign in said) >= len(said) / 2
    return is_latin and alike < ALIKE


def _letters(text: str) -> str:
    return "".join(sign for sign in plain(text) if sign.isalnum())
