"""Pages for tests: drawn here, and how far what was read is from what is written."""

import io
import unicodedata
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def drawn(
    lines: Sequence[str], size: tuple[int, int] = (900, 500), at: tuple[int, int] = (60, 50)
) -> Image.Image:
    """Black text on white, a line every 48 pixels."""
    page = Image.new("RGB", size, "white")
    write(page, lines, at)
    return page


def write(page: Image.Image, lines: Sequence[str], at: tuple[int, int], height: int = 30) -> None:
    """Add lines to a page from this place downwards."""
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(height)
    for n, line in enumerate(lines):
        pen.text((at[0], at[1] + n * height * 8 // 5), line, "black", font)


def file_of(page: Image.Image, kind: str = "PNG", **more: object) -> bytes:
    """The page as a file."""
    out = io.BytesIO()
    page.save(out, kind, **more)
    return out.getvalue()


def plain(text: str) -> str:
    """In lower case, without punctuation and signs, with single spaces."""
    kept = (c for c in text.lower() if unicodedata.category(c)[0] not in "PS")
    return " ".join("".join(kept).split())


def error_rate(found: str, expected: str) -> float:
    """The share of characters that are wrong, missing or too many, at most 1."""
    one, other = plain(expected), plain(found)
    letters = np.array([ord(c) for c in other], np.int64)
    places = np.arange(len(other) + 1)
    row = places
    for n, letter in enumerate(map(ord, one), 1):
        before, row = row, np.empty_like(places)
        row[0] = n
        row[1:] = np.minimum(before[1:] + 1, before[:-1] + (letters != letter))
        row = np.minimum.accumulate(row - places) + places
    return min(1.0, float(row[-1]) / max(1, len(one)))
