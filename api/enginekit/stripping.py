"""A copy of a picture to keep: without place, camera, comments, thumbnails or hidden tails."""

import io
import itertools
import re
import struct
import sys
import warnings
import zlib
from collections.abc import Iterator

from PIL import ExifTags, Image, ImageOps, ImageSequence, TiffImagePlugin

from api.enginekit.image import FORMATS, read_image, to_rgb
from api.storage import File

JPEG, PNG, TIFF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# A marker with a segment: neither fill bytes, a stuffed zero, a restart nor the start.
MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
# One that can follow the data of a scan; decoders read past others, which damage has put there.
AFTER_SCAN = re.compile(rb"\xff[\xc4\xcc\xd9-\xdd\xe0-\xef\xfe]")
APP0, EXIF, ICC, ADOBE, END, SCAN = 0xE0, 0xE1, 0xE2, 0xEE, 0xD9, 0xDA
PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
COLOURS = {b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT"}
# What may say how the picture is turned.
TURNS = {b"eXIf", b"tEXt", b"zTXt", b"iTXt"}
MEANING = {"transparency", "icc_profile"}
PNG_MODES = {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"}
# A photograph of twelve megapixels takes 3 seconds and 14 MB as PNG, and 0.04 seconds and 4 MB as
# JPEG of a quality at which nobody sees a difference.
MOST_PIXELS_AS_PNG = 1_000_000


def without_metadata(data: bytes, pages: int | None = None) -> File:
    """The same picture. JPEG and PNG keep every pixel as it is, and how it is turned.

    TIFF stays TIFF, with its first `pages` (all of them by default). Everything else becomes a
    PNG or, if it is large, a JPEG of its first frame, upright.

    The picture must have been read before: this may raise anything on what cannot be.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata is no matter: it goes
        try:
            return _same_format(data, pages) or _anew(_opened(data))
        except MemoryError:
            raise
        # A later page is damaged, a profile is too large to be saved: what was read remains.
        except Exception:  # noqa: BLE001
            return _anew(read_image(data, sys.maxsize))


def _same_format(data: bytes, pages: int | None) -> File | None:
    if data.startswith(PNG):
        return File(PNG + b"".join(_png(data)), "image/png")
    if data.startswith(JPEG) and (parts := list(_jpeg_segments(data))):
        return File(b"".join([JPEG[:2], *_jpeg_turn(data), *parts, b"\xff\xd9"]), "image/jpeg")
    if data.startswith(TIFF):
        return File(_tiff(data, pages), "image/tiff")
    return None


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=FORMATS)


def _png(data: bytes) -> Iterator[bytes]:
    chunks = list(_png_chunks(data))
    turn = _turn(data) if TURNS & {kind for kind, _ in chunks} else b""
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


def _jpeg_segments(data: bytes) -> Iterator[bytes]:
    """The segments that a decoder needs; nothing if they cannot be told apart."""
    at = 2
    while (found := MARKER.search(data, at)) and data[found.start() + 1] != END:
        at = found.start()
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + length
        if data[at + 1] == SCAN:
            following = AFTER_SCAN.search(data, end)
            end = following.start() if following else len(data)
        yield from _needed(data[at + 1], data[at:end])
        at = end


def _needed(kind: int, segment: bytes) -> Iterator[bytes]:
    if kind == APP0 and segment[4:9] == b"JFIF\0":
        yield b"\xff\xe0\0\x10" + segment[4:16] + b"\0\0"  # without its thumbnail
    elif kind < APP0 or kind == ADOBE or (kind == ICC and segment[4:16] == b"ICC_PROFILE\0"):
        yield segment


def _jpeg_turn(data: bytes) -> Iterator[bytes]:
    if turn := _turn(data):
        yield struct.pack(">BBH", 0xFF, EXIF, len(turn) + 2) + turn


def _turn(data: bytes) -> bytes:
    """EXIF that says how the picture is turned and nothing else; empty if it is upright."""
    try:
        turn = _opened(data).getexif()[ExifTags.Base.Orientation]
    # Broken EXIF raises a dozen kinds of error, none of which is ours.
    except Exception:  # noqa: BLE001
        return b""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    return exif.tobytes() if turn in range(2, 9) else b""


def _tiff(data: bytes, most: int | None) -> bytes:
    out = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(out) as pages:
        for page in itertools.islice(ImageSequence.Iterator(_opened(data)), most):
            _bare(page).save(pages, "TIFF", compression="tiff_adobe_deflate")
            pages.newFrame()
    return out.getvalue()


def _anew(picture: Image.Image) -> File:
    upright = ImageOps.exif_transpose(picture)
    plain = _bare(upright if upright.mode in PNG_MODES else to_rgb(upright))
    out = io.BytesIO()
    if plain.mode in ("L", "RGB") and plain.width * plain.height > MOST_PIXELS_AS_PNG:
        plain.save(out, "JPEG", quality=95, icc_profile=plain.info.get("icc_profile"))
        return File(out.getvalue(), "image/jpeg")
    plain.save(out, "PNG")
    return File(out.getvalue(), "image/png")


def _bare(picture: Image.Image) -> Image.Image:
    """The pixels and what their values mean."""
    plain = picture.copy()
    plain.info = {name: plain.info[name] for name in MEANING & plain.info.keys()}
    return plain
