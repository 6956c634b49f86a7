"""Fonts whose letters may not be what is shown: their lines must be compared with the page."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from api.enginekit.pages import Line
from api.services.ocr.guest.bare import WHITE, Pixels
from api.services.ocr.guest.letters import Letter, font_of
from api.services.ocr.guest.plausible import is_plausible
from api.services.ocr.guest.sheet import Sample

# What a scanner's program has recognised is doubted sooner: prose has 0.3 and more.
COMMON_IF_INVISIBLE = 0.2
# So many letters of a font are looked at; a third of a page.
LOOKED_AT = 1500
# So many lines make a sample, each with so many pixels around it.
LINES, MARGIN = 6, 10


def doubtful(letters: Iterable[Letter], trusted: frozenset[str]) -> frozenset[int]:
    """Return the styles whose text is not plausible, but for those of trusted fonts."""
    texts = defaultdict(list)
    for letter in letters:
        texts[letter.style].append(letter.sign)
    return frozenset(
        style
        for style, signs in texts.items()
        if style
        and not _is_plausible("".join(signs[:LOOKED_AT]), style)
        and font_of(style) not in trusted
    )


def _is_plausible(text: str, style: int) -> bool:
    return is_plausible(text, COMMON_IF_INVISIBLE if style % 2 else 0)


def sample_of(lines: Sequence[Line], page: Pixels, styles: Iterable[int]) -> Sample | None:
    """Return what some lines of these styles say, and how they look, one below the other."""
    fit = sorted((line for line in lines if _is_level(line)), key=lambda line: -len(line.text))
    chosen = [line for line in lines if line in fit[:LINES]][:LINES]
    if not chosen:
        return None
    cuts = [_cut(line, page) for line in chosen]
    width = max(cut.shape[1] for cut in cuts)
    high = sum(cut.shape[0] for cut in cuts)
    pixels, top = np.full((high, width, 3), WHITE, np.uint8), 0
    for cut in cuts:
        pixels[top : top + cut.shape[0], : cut.shape[1]] = cut
        top += cut.shape[0]
    fonts = frozenset(filter(None, map(font_of, styles)))
    return Sample("\n".join(line.text for line in chosen), pixels, fonts)


def _is_level(line: Line) -> bool:
    (left, top), _, (right, bottom), _ = line.polygon
    return right - left > bottom - top > 0


def _cut(line: Line, page: Pixels) -> Pixels:
    (left, top), _, (right, bottom), _ = ((int(x), int(y)) for x, y in line.polygon)
    return page[max(0, top - MARGIN) : bottom + MARGIN, max(0, left - MARGIN) : right + MARGIN]
