"""A copy of a picture to keep: without place, camera, comments, thumbnails or hidden tails."""

import io
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

from PIL import ExifTags, Image, TiffImagePlugin

from api.enginekit import jpeg
from api.enginekit.image import (
    DAMAGE,
    TURNS,
    frames,
    opened,
    orientation,
    read_image,
    to_rgb,
    upright,
)
from api.errors import Unusable
from api.storage import File

PNG, TIFF = b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
APP0, EXIF, ICC, ADOBE = 0xE0, 0xE1, 0xE2, 0xEE
PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
COLOURS = {b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"}
# What may say how the picture is turned.
TURNING = {b"eXIf", b"tEXt", b"zTXt", b"iTXt"}
MEANING = {"transparency", "icc_profile"}
PNG_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}
# A photograph of twelve megapixels takes 3 seconds and 14 MB as PNG, and 0.04 seconds and 4 MB as
# JPEG of a quality at which nobody sees a difference.
MOST_PIXELS_AS_PNG = 1_000_000
LONGEST_JPEG = 65_500  # pixels of a side
QUALITY = 95
PHOTOGRAPH: dict[str, Any] = {"compression": "jpeg", "quality": QUALITY}


def without_metadata(data: bytes, pages: int | None = None) -> File:
    """Return the same picture. JPEG and PNG keep every pixel as it is, and how it is turned.

    TIFF stays TIFF, with its first `pages` (all of them by default). Everything else becomes a
    PNG or, if it is large, a JPEG of its first frame, upright.

    The picture must have been read before: this may raise anything on what cannot be.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata is no matter: it goes
        try:
            return _same_format(data, pages) or _anew(opened(data))
        # A later page is damaged, a profile is too large to be saved: what was read remains.
        except (OSError, Unusable, *DAMAGE):
            return _anew(read_image(data, sys.maxsize))


def _same_format(data: bytes, pages: int | None) -> File | None:
    if data.startswith(PNG):
        return File(PNG + b"".join(_png(data)), "image/png")
    if data.startswith(jpeg.START) and (parts := list(_jpeg_parts(data))):
        return File(b"".join([b"\xff\xd8", *_jpeg_turn(data), *parts, b"\xff\xd9"]), "image/jpeg")
    if data.startswith(TIFF):
        return File(_tiff(data, pages), "image/tiff")
    return None


def _png(data: bytes) -> Iterator[bytes]:
    chunks = list(_png_chunks(data))
    turn = _turn(data) if TURNING & {kind for kind, _ in chunks} else b""
    for kind, chunk in chunks:
        if kind in PIXELS | COLOURS:
            yield chunk
        if kind == b"IHDR" and turn:
            yield _png_chunk(b"eXIf", turn.removeprefix(b"Exif\0\0"))
            turn = b""


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks up to the end, each by its kind and whole."""
    at = len(PNG)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + length
        if kind == b"IEND":
            break
        yield kind, data[at:end]
        at = end
    yield b"IEND", _png_chunk(b"IEND", b"")


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _jpeg_parts(data: bytes) -> Iterator[bytes]:
    """Yield the segments that a decoder needs; nothing if they cannot be told apart."""
    for segment in jpeg.segments(data):
        yield from _needed(segment.kind, data[segment.start : segment.end])


def _needed(kind: int, segment: bytes) -> Iterator[bytes]:
    if kind == APP0 and segment[4:9] == b"JFIF\0":
        yield b"\xff\xe0\0\x10" + segment[4:16] + b"\0\0"  # without its thumbnail
    elif kind < APP0 or kind == ADOBE or (kind == ICC and segment[4:16] == b"ICC_PROFILE\0"):
        yield segment


def _jpeg_turn(data: bytes) -> Iterator[bytes]:
    if turn := _turn(data):
        yield struct.pack(">BBH", 0xFF, EXIF, len(turn) + 2) + turn


def _turn(data: bytes) -> bytes:
    """Return EXIF that says how the picture is turned and nothing else; empty if it is upright."""
    turn = orientation(opened(data))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    return exif.tobytes() if turn in TURNS else b""


def _tiff(data: bytes, most: int | None) -> bytes:
    out, picture = io.BytesIO(), opened(data)
    with TiffImagePlugin.AppendingTiffWriter(out) as pages:
        for number in frames(picture, most or sys.maxsize):
            picture.seek(number)
            jpeg_again = picture.info.get("compression") == "jpeg" and _is_photograph(picture)
            how = PHOTOGRAPH if jpeg_again else {"compression": "tiff_adobe_deflate"}
            _bare(picture).save(pages, "TIFF", **how)
            pages.newFrame()
    return out.getvalue()


def _anew(picture: Image.Image) -> File:
    picture.load()
    turned = upright(picture, orientation(picture))
    plain = _bare(turned if turned.mode in PNG_MODES else to_rgb(turned))
    out = io.BytesIO()
    if _is_photograph(plain):
        plain.save(out, "JPEG", quality=QUALITY, icc_profile=plain.info.get("icc_profile"))
        return File(out.getvalue(), "image/jpeg")
    plain.save(out, "PNG")
    return File(out.getvalue(), "image/png")


def _is_photograph(picture: Image.Image) -> bool:
    if picture.mode not in ("L", "RGB"):
        return False
    return picture.width * picture.height > MOST_PIXELS_AS_PNG and max(picture.size) < LONGEST_JPEG


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels and what their values mean."""
    plain = picture.copy()
    plain.info = {name: plain.info[name] for name in MEANING & plain.info.keys()}
    return plain
