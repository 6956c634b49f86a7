"""Samples become a file, in a process that has one file at a time."""

from typing import TYPE_CHECKING

from api.errors import N_, Unusable
from api.services.tts.guest.coding import Coding

if TYPE_CHECKING:  # the server imports this module, and must not import FFmpeg
    from api.services.tts.guest.ffmpeg import Encoding


_open: "list[Encoding]" = []


def begin(coding: Coding, rate: int, whole: bool) -> None:
    """Begin a file of samples, which are so many a second; `whole` if it is wanted at the end."""
    try:
        from api.services.tts.guest.ffmpeg import Encoding
    except ModuleNotFoundError:
        message = N_("This format's encoder is not installed. Use wav.")
        raise Unusable(message, "encoder_not_installed") from None

    _open[:] = [Encoding(coding, rate, whole)]


def add(samples: bytes) -> bytes:
    """Add 16-bit mono samples; return the next part of the file."""
    return _open[0].add(samples)


def finish() -> bytes:
    """Return the rest of the file."""
    return _open.pop().finish()
