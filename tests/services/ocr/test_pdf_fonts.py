"""Fonts whose letters are not what is shown: their text is compared with the page."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import hostile_pdf
import numpy as np
import pytest
from pages import error_rate

from api.enginekit.pages import Line, Word
from api.enginekit.stopwatch import Stopwatch
from api.services.ocr import guest, service
from api.services.ocr.engines import Picture, Reading
from api.services.ocr.guest import Sample, pdf
from api.services.ocr.guest.plausible import is_plausible
from api.services.ocr.service.trust import is_wrong

LIMITS = guest.Limits(40_000_000, 50)
BODY = [
    "The tenant moves in on the first of April",
    "and pays nine hundred pounds a month for it.",
    "Pets are allowed, except for crocodiles.",
    "Both parties have read and understood this.",
]
CODES = ["QXZ ZWK HBV PLM", "KLD MMF GTV XKB", "PQB CCF XKW DDH", "RSV VVB PLM GHK"]
BOX = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


def page(lines: list[str], shift: int = 0, heading: str = "", count: int = 1) -> bytes:
    """Pages whose font says of each letter that it is another, so many further on."""
    rows = "\n".join(f"<{code:02X}> <{code + shift:04X}>" for code in range(33, 123))
    table = f"begincmap 1 begincodespacerange <00> <FF> endcodespacerange 90 beginbfchar\n{rows}"
    content = f"BT /F1 12 Tf 60 780 Td ({heading}) Tj /F2 12 Tf"
    content += "".join(f" 0 -30 Td ({line}) Tj" for line in lines) + " ET"
    font = hostile_pdf.HELVETICA.replace(b"Helvetica", b"Wrong").replace(
        b">>", b"/Encoding/WinAnsiEncoding/ToUnicode 6 0 R>>"
    )
    cmap = hostile_pdf.stream(f"{table}\nendbfchar endcmap".encode())
    fonts = b"/Font<</F1 3 0 R/F2 5 0 R>>"
    return hostile_pdf.pages(count, content.encode(), fonts, font, cmap)


class Reader:
    """Reads the same lines from every picture, and counts them."""

    def __init__(self, *lines: str, confidence: float = 0.95):
        words = [Word(line, confidence, BOX) for line in lines]
        self.lines = tuple(Line(word.text, confidence, BOX, (word,)) for word in words)
        self.count = 0

    def read(self, picture: Picture, _language: str | None = None) -> Reading:
        """The lines, whatever is shown."""
        assert picture.size
        self.count += 1
        return Reading(0, self.lines)


def readers(reader: Reader) -> service.Readers:
    """Only this reader."""
    model: Any = SimpleNamespace(engine=reader)
    return service.Readers({"rapidocr": model}, None)


PROSE = {
    "english": "The tenant moves in on the first of April and pays every month.",
    "spanish": "El inquilino paga novecientos euros cada mes por la casa del molino.",
    "polish": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.",
    "greek": "Στην αρχή του μήνα πληρώνει ευρώ από το σπίτι και τον κήπο με τα δέντρα.",
    "russian": "Квартира сдаётся на один год, и за неё платят первого числа, если не уедут.",
    "chinese": "人人生而自由,在尊严和权利上一律平等。他们有理性和良心,应以兄弟关系的精神对待。",
    "japanese": "すべての人間は、生まれながらにして自由であり、かつ、尊厳について平等である。",
    "arabic": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق وقد وهبوا عقلاً",
    "hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता प्राप्त है।",
    "figures": "12.50 17.20 99.10 4711 88.10 22.90 17.44 9021 100 200",
    "names": "Anna Schmidt Linz Peter Huber Graz Maria Gruber Wels Lucy Stone Hull",
    "short": "Annual report 2026",
}
GIBBERISH = {
    "punctuation": "!\"#$%&'%()\"\"*\"#$'+,)'$-\"'-,./\"'%$'01&&'2%#\"'34",
    "next letter": "Uif ufobou npwft jo po uif gjstu pg Bqsjm boe qbzt fwfsz npoui",
    "one letter": "aaa aaaaaa aaaaa aa aa aaa aaaaa aa aaaaa aaa aaaa aaaaa",
    "capitals within": "tHE TeNanT mOVEs iN oN tHe fIRST oF aPRIL aND pAYs eVERy mONTH",
    "rare characters": "一丁㐀㐁㐂㐃㐄㐅㐆㐇㐈㐉㐊㐋㐌㐍㐎㐏㐐㐑㐒㐓㐔㐕㐖㐗",
}


@pytest.mark.parametrize("name", PROSE)
def test_plausible(name: str) -> None:
    """Texts in many languages, figures and titles are not doubted."""
    assert is_plausible(PROSE[name])


@pytest.mark.parametrize("name", GIBBERISH)
def test_implausible(name: str) -> None:
    """Other signs than are shown make no words."""
    assert not is_plausible(GIBBERISH[name])


def test_only_what_is_doubted_is_sampled() -> None:
    """Prose costs no comparison; shuffled letters come with a picture of their lines."""
    assert pdf.read(page(BODY), 1, LIMITS).sample is None
    sheet = pdf.read(page(BODY, 1), 1, LIMITS)
    assert sheet.lines[0].text.startswith("Uif ufobou npwft")
    assert sheet.sample is not None
    assert sheet.sample.text.startswith("Uif ufobou npwft")
    assert (sheet.sample.pixels < 100).sum() > 1000


def test_a_wrong_font_is_read_by_sight() -> None:
    """Where the page shows other words than the font says, OCR has the word."""
    reader = Reader(*BODY)
    found = service.read(page(BODY, 1), LIMITS, readers(reader), Stopwatch())
    assert (found.text, found.pages[0].engine, reader.count) == ("\n".join(BODY), "rapidocr", 2)


def test_a_right_font_is_trusted_for_the_document() -> None:
    """Codes make no words, but are what is shown; the next page is not compared again."""
    reader = Reader(*CODES)
    found = service.read(page(CODES, count=3), LIMITS, readers(reader), Stopwatch())
    assert [p.engine for p in found.pages] == ["text_layer"] * 3
    assert (found.pages[2].text, reader.count) == ("\n".join(CODES), 1)


def test_other_fonts_keep_their_text() -> None:
    """What is in a right font is kept, and not drawn for OCR; the rest is."""
    heading = "This is the agreement for the house at the mill that is to be let in April"
    sheet = guest.distrusted(page(BODY[:2], 1, heading), 1, LIMITS)
    assert [line.text for line in sheet.lines] == [heading]
    assert sheet.pixels is not None
    rows = np.flatnonzero((sheet.pixels < 100).any(axis=(1, 2))) * 72 / 200
    assert 842 - rows.min() == pytest.approx(760, abs=5)


@pytest.mark.parametrize(
    ("said", "shown", "confidence", "wrong"),
    [
        ("Uif ufobou npwft jo po uif gjstu", "The tenant moves in on the first", 0.95, True),
        ("Uif ufobou npwft jo po uif gjstu", "The tenant moves in on the first", 0.6, False),
        ("Uif ufobou npwft jo po uif gjstu", "The", 0.95, False),
        ("\ue001\ue002\ue003 \ue004\ue005\ue006", "The house is to let", 0.95, True),
        ("Tbe tenanl mowes iu ou lhe firsl", "The tenant moves in on the first", 0.95, True),
        ("Anna Schmidt Linz Peter Huber", "Anna Schmidt Linz Peter Huber", 0.95, False),
        ("Анна Петрова Тверь Олег Кузнецов", "AHHa NeTpoBa TBepb Oner Ky3HeuoB", 0.95, False),
    ],
)
def test_comparing(said: str, shown: str, confidence: float, wrong: bool) -> None:
    """Only a confident reading of other letters counts, and none of a script it cannot read."""
    sample = Sample(said, np.zeros((9, 9, 3), np.uint8))
    assert is_wrong(sample, readers(Reader(shown, confidence=confidence))) == wrong


@pytest.mark.slow
def test_a_font_without_letters(text_of_report: Callable[[str], str]) -> None:
    """A font of drawings whose codes are no letters is read as it looks."""
    found = text_of_report("type3_33_g.pdf")
    expected = (
        "Rental agreement for the house at Mill Lane 4.\n"
        "The tenant pays 850 euros on the first day of each month.\n"
        "Notice must be given three months before leaving."
    )
    assert error_rate(found[: len(expected)], expected) < 0.03
