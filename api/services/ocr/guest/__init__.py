"""What runs in a child process: files from anywhere become pages, and pages become PDF files."""

from api.enginekit.stripping import without_metadata
from api.services.ocr.guest import pdf, pictures
from api.services.ocr.guest.paper import is_paper
from api.services.ocr.guest.pdf import is_pdf
from api.services.ocr.guest.pdfpage import ENOUGH_LETTERS
from api.services.ocr.guest.plausible import common_share, plain
from api.services.ocr.guest.searchable import joined, over_pdf, over_picture
from api.services.ocr.guest.sheet import Limits, Sample, Sheet, check_letters
from api.storage import File

NATIVE = ("api.enginekit.heif",)
__all__ = [
    "ENOUGH_LETTERS",
    "Limits",
    "Sample",
    "Sheet",
    "check_letters",
    "common_share",
    "copy",
    "distrusted",
    "first",
    "is_paper",
    "is_pdf",
    "joined",
    "over_pdf",
    "over_picture",
    "page",
    "plain",
]


def first(data: bytes, limits: Limits) -> tuple[int, Sheet]:
    """How many pages a file has, and the first one.

    Raises:
        Unusable, TooLarge: it cannot be read, or is too large.
    """
    count = (pdf.count if is_pdf(data) else pictures.count)(data, limits)
    return count, page(data, 1, limits)


def distrusted(data: bytes, number: int, limits: Limits) -> Sheet:
    """Return a page of a PDF file without text that was sampled; raises as `first` does."""
    return pdf.read(data, number, limits, distrust=True)


def page(data: bytes, number: int, limits: Limits) -> Sheet:
    """One page, numbered from 1; raises as `first` does."""
    read = pdf.read if is_pdf(data) else pictures.read
    return read(data, number, limits)


def copy(data: bytes) -> File:
    """The file to keep: pictures without metadata, PDF files as they are."""
    return File(data, "application/pdf") if is_pdf(data) else without_metadata(data)
