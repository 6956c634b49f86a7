"""Media types by their other names."""

import pytest

from api.enginekit.image import MEDIA_TYPES as PICTURES
from api.media import ENDINGS, REGISTERED, extension, registered
from api.services.ocr.schemas import MEDIA_TYPES as PAGES
from api.services.stt.schemas import MEDIA_TYPES as RECORDINGS


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("image/jpg", "image/jpeg"),
        ("image/pjpeg", "image/jpeg"),
        ("image/x-png", "image/png"),
        ("image/x-ms-bmp", "image/bmp"),
        ("image/tif", "image/tiff"),
        ("application/x-pdf", "application/pdf"),
        ("audio/mp3", "audio/mpeg"),
        ("audio/x-wav", "audio/wav"),
        ("audio/wave", "audio/wav"),
        ("audio/vnd.wave", "audio/wav"),
        ("audio/x-m4a", "audio/mp4"),
        ("image/png", "image/png"),
        ("text/plain", "text/plain"),
        ("image/svg+xml", "image/svg+xml"),
    ],
)
def test_registered(sent: str, meant: str) -> None:
    """What a program calls a type leads to its registered name; the rest stays what it is."""
    assert registered(sent) == meant


def test_each_is_taken() -> None:
    """Every other name leads to a type that some route takes, and is none itself."""
    taken = {*PICTURES, *PAGES, *RECORDINGS}
    assert set(REGISTERED.values()) <= taken
    assert not set(REGISTERED) & taken


def test_endings() -> None:
    """Files of every type with other names have an ending; parameters do not matter."""
    assert set(REGISTERED.values()) <= set(ENDINGS)
    assert extension("text/plain; charset=utf-8") == ".txt"
    assert extension("application/x-strange") == ".bin"
