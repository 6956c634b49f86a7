"""What is written on a page over its content: values of form fields, comments, stamps."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from pypdfium2 import raw

from api.enginekit.pages import Line
from api.services.ocr.guest.bare import texts
from api.services.ocr.guest.letters import Box, Letter, address, spread
from api.services.ocr.guest.projection import Projection
from api.services.ocr.guest.textlayer import lines_of

# Viewers show what these say in a window of its own, or mark content that is read anyway.
NOT_ON_THE_PAGE = {
    raw.FPDF_ANNOT_LINK,
    raw.FPDF_ANNOT_POPUP,
    raw.FPDF_ANNOT_TEXT,
    raw.FPDF_ANNOT_HIGHLIGHT,
    raw.FPDF_ANNOT_UNDERLINE,
    raw.FPDF_ANNOT_SQUIGGLY,
    raw.FPDF_ANNOT_STRIKEOUT,
    raw.FPDF_ANNOT_INK,
}
HAVE_CONTENTS = {raw.FPDF_ANNOT_FREETEXT, raw.FPDF_ANNOT_STAMP}
HIDDEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
MARKS = {raw.FPDF_FORMFIELD_CHECKBOX: "☑", raw.FPDF_FORMFIELD_RADIOBUTTON: "◉"}
COMB = 1 << 24


@dataclass
class Annotations:
    """What the annotations of a page say.

    Attributes:
        drawn: whether some are part of the page's content now.
        letters: of those that have no appearance, and check marks.
        combs: the values of fields with a box for each letter, by the place of the field. Their
            appearance would be read as words of one letter.
    """

    drawn: bool = False
    letters: list[list[Letter]] = field(default_factory=list)
    combs: dict[Box, str] = field(default_factory=dict)


def flatten(opened: Any, page: Any) -> Annotations | None:
    """Make annotations part of the content of a page, which must be loaded anew to see them.

    Hidden ones vanish. None where the page has none that show text.
    """
    numbers = range(raw.FPDFPage_GetAnnotCount(page))
    if all(_kind(page, number) in NOT_ON_THE_PAGE for number in numbers):
        return None
    found = Annotations()
    for number in reversed(numbers):
        if not _noted(opened, page, number, found):
            raw.FPDFPage_RemoveAnnot(page, number)
    found.letters.reverse()
    found.drawn = raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
    return found


def owners(page: Any) -> dict[int, int]:
    """Return for each text object of a page's annotations, now drawn, which of them it is of."""
    last = raw.FPDFPage_GetObject(page, raw.FPDFPage_CountObjects(page) - 1)
    found: dict[int, int] = {}
    for number, annotation in enumerate(_inner(last), 1):
        for text in texts([annotation]):
            found[address(text)] = number
    return found


def lines(
    letters: list[Letter], found: Annotations, to_pixels: Projection
) -> tuple[tuple[Line, ...], ...]:
    """Return the lines of each annotation whose letters are among these, and of the others."""
    groups = [list(group) for owner, group in groupby(letters, lambda one: one.owner) if owner]
    shown = [_uncombed(group, found.combs) for group in groups]
    return tuple(lines_of(group, to_pixels) for group in shown + found.letters)


def _uncombed(letters: list[Letter], combs: dict[Box, str]) -> list[Letter]:
    lefts, bottoms, rights, tops = zip(*(letter.box for letter in letters), strict=True)
    middle, height = (min(lefts) + max(rights)) / 2, (min(bottoms) + max(tops)) / 2
    for (left, bottom, right, top), value in combs.items():
        if left < middle < right and bottom < height < top and value:
            return spread(value, (min(lefts), min(bottoms), max(rights), max(tops)))
    return letters


def _inner(one: Any) -> Iterator[Any]:
    if raw.FPDFPageObj_GetType(one) == raw.FPDF_PAGEOBJ_FORM:
        for n in range(raw.FPDFFormObj_CountObjects(one)):
            yield raw.FPDFFormObj_GetObject(one, n)


@contextmanager
def _annotation(page: Any, number: int) -> Iterator[Any]:
    one = raw.FPDFPage_GetAnnot(page, number)
    try:
        yield one
    finally:
        raw.FPDFPage_CloseAnnot(one)


def _kind(page: Any, number: int) -> int:
    with _annotation(page, number) as one:
        return int(raw.FPDFAnnot_GetSubtype(one))


def _noted(opened: Any, page: Any, number: int, found: Annotations) -> bool:
    """Note what the appearance does not tell; return whether to draw the annotation."""
    with _annotation(page, number) as one:
        if raw.FPDFAnnot_GetFlags(one) & HIDDEN:
            return False
        box, form = _box(one), opened.formenv
        if raw.FPDFAnnot_GetSubtype(one) in HAVE_CONTENTS:
            if not _has_appearance(one):
                text = _string(raw.FPDFAnnot_GetStringValue, one, b"Contents")
                found.letters.append(spread(text, box))
        elif form and (mark := MARKS.get(raw.FPDFAnnot_GetFormFieldType(form, one))):
            if raw.FPDFAnnot_IsChecked(form, one):
                found.letters.append(spread(mark, box))
            return False
        elif form and raw.FPDFAnnot_GetFormFieldFlags(form, one) & COMB:
            found.combs[box] = _string(raw.FPDFAnnot_GetFormFieldValue, form, one)
    return True


def _has_appearance(one: Any) -> bool:
    empty = ctypes.sizeof(ctypes.c_ushort)  # the zero at the end
    return bool(raw.FPDFAnnot_GetAP(one, raw.FPDF_ANNOT_APPEARANCEMODE_NORMAL, None, 0) > empty)


def _box(one: Any) -> Box:
    found = raw.FS_RECTF()
    raw.FPDFAnnot_GetRect(one, found)
    left, right = sorted((found.left, found.right))
    bottom, top = sorted((found.bottom, found.top))
    return left, bottom, right, top


def _string(get: Any, *about: Any) -> str:
    size = get(*about, None, 0)
    buffer = ctypes.create_string_buffer(size)
    get(*about, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0")
