"""Bytes from anywhere become an RGB picture: few formats, bounded size, upright, no surprises."""

import importlib
import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageFile

from api.enginekit import jpeg
from api.enginekit.tiff import page_frames
from api.errors import TooLarge, Unusable

# By name, or the first file of no known format would make Pillow import all of its decoders.
for plugin in ("Avif", "Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP"):
    importlib.import_module(f"PIL.{plugin}ImagePlugin")
# A picture whose end is missing is refused, not filled up with grey.
ImageFile.LOAD_TRUNCATED_IMAGES = False
# Our own limit is lower and is checked before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
MEDIA_TYPES = tuple(
    f"image/{name}"
    for name in ["jpeg", "png", "webp", "gif", "tiff", "bmp", "heic", "heif", "avif"]
)
FLOATS = ("F", "I", "I;16", "I;16B", "I;16L", "I;16N")
FULL_16_BIT = 65535.0
# What Pillow and its plugins raise on damaged files, besides OSError. TypeError and the like are
# not among them: those are mistakes of ours, or a library that is not the one we know.
DAMAGE = (
    ArithmeticError, EOFError, LookupError, RuntimeError, SyntaxError, ValueError, struct.error,
    zlib.error,
)  # fmt: skip
# How to turn a picture upright, by the value of its EXIF orientation.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def opened(data: bytes) -> Image.Image:
    """Open a file of FORMATS or HEIF; the caller deals with what Pillow raises.

    Raises:
        Unusable: `decoder_not_installed`.
    """
    if _is_heif(data) and not _heif():
        raise Unusable("The decoder for HEIC images is not installed.", "decoder_not_installed")
    return Image.open(io.BytesIO(data), formats=(*FORMATS, *_heif()))


def _is_heif(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in HEIF_BRANDS and b"avif" not in data[16:64]


@cache
def _heif() -> tuple[str, ...]:
    # The server imports this module for its constants, and must not import that one.
    try:
        importlib.import_module("api.enginekit.heif")
    except ModuleNotFoundError:
        return ()
    return ("HEIF",)


def over_white(layer: Image.Image) -> Image.Image:
    """Return an RGBA image over white."""
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)


def read_image(
    data: bytes,
    max_pixels: int,
    at_least: int | None = None,
    page: int = 0,
    over: Callable[[Image.Image], Image.Image] = over_white,
) -> Image.Image:
    """Return the picture as 8-bit RGB, turned upright, one frame of it.

    Args:
        data: a file in one of FORMATS.
        max_pixels: the most that its header may announce.
        at_least: the short side that is needed; a JPEG is then decoded at a reduced size.
        page: which page of a TIFF file, from 0.
        over: puts a transparent picture (RGBA) on a background.

    Raises:
        Unusable: it is no picture of these formats, or damaged.
        TooLarge: it has more pixels than that.
    """
    if data.startswith(jpeg.START):
        jpeg.check(data)
    with refusing_damage():
        picture = opened(data)
        turn_to(picture, page)
        check_size(picture.size, max_pixels)
        if at_least:
            picture.draft("RGB", (at_least, at_least))  # only JPEG can do that
        picture.load()
    return upright(to_rgb(picture, over), orientation(picture))


def count_pages(data: bytes, most: int) -> int:
    """Return how many pages a TIFF file has, counted up to `most`; other pictures have one.

    Raises:
        Unusable: it is no picture that can be read.
    """
    with refusing_damage():
        picture = opened(data)
        return len(frames(picture, most))


def turn_to(picture: Image.Image, page: int) -> None:
    """Turn to a page of a TIFF file, numbered from 0.

    Raises:
        Unusable: there is no such page, or it is damaged.
    """
    found = frames(picture, page + 1)
    if page >= len(found):
        raise not_a_picture()
    if picture.format == "TIFF":  # the page of a HEIC file may not be its first frame
        picture.seek(found[page])


def frames(picture: Image.Image, most: int) -> list[int]:
    """Return which frames of an opened file are its pages, at most so many.

    Raises:
        Unusable: one of them is damaged.
    """
    if picture.format != "TIFF":
        return [0]
    try:
        return page_frames(picture, most)
    except TypeError:  # what Pillow raises where a page has no width or height
        raise not_a_picture() from None


def orientation(picture: Image.Image) -> int:
    """Return the EXIF orientation of a picture, 1 to 8; 1 if it has none or broken EXIF."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            turn = picture.getexif().get(ExifTags.Base.Orientation)
        # Broken EXIF is no reason to refuse a picture; values of a wrong type raise TypeError.
        except (OSError, TypeError, *DAMAGE):
            return 1
    return turn if turn in TURNS else 1


def upright(picture: Image.Image, turn: int) -> Image.Image:
    """Return the picture turned from an EXIF orientation."""
    return picture.transpose(TURNS[turn]) if turn in TURNS else picture


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Refuse a file for what its decoder raises; let faults of ours and of the system through.

    Raises:
        Unusable: the file is damaged, or of no known format.
        TooLarge: it needs too much memory.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata is no reason to refuse a picture
        try:
            yield
        except MemoryError:
            raise TooLarge("The image needs too much memory.", "image_too_large") from None
        except (OSError, *DAMAGE) as error:
            # The file is in memory: an error with a number is the system's.
            if getattr(error, "errno", None) is not None:
                raise
            raise not_a_picture() from error


def not_a_picture() -> Unusable:
    """Return the refusal of what is no picture, or a damaged one."""
    return Unusable("The file is not a readable image.", "image_unreadable")


def check_size(size: tuple[int, int], max_pixels: int) -> None:
    """Refuse a picture by its width and height.

    Raises:
        Unusable: it has no pixels.
        TooLarge: it has too many.
    """
    width, height = size
    if width < 1 or height < 1:
        raise not_a_picture()
    if width * height > max_pixels:
        raise TooLarge(
            "The image has %(pixels)s megapixels; the limit is %(limit)s.",
            "image_too_large",
            pixels=round(width * height / 1e6),
            limit=round(max_pixels / 1e6),
        )


def to_rgb(
    picture: Image.Image, over: Callable[[Image.Image], Image.Image] = over_white
) -> Image.Image:
    """Return 8-bit RGB from any mode: 16 bit, float, CMYK, Lab, palette, transparency."""
    if picture.mode in FLOATS:
        picture = _from_numbers(picture)
    elif picture.mode == "LAB":
        picture = _from_lab(picture)
    if picture.has_transparency_data:
        picture = over(picture.convert("RGBA"))
    return picture.convert("RGB")


def _from_numbers(picture: Image.Image) -> Image.Image:
    """Scale 0..65535 of 16-bit whole numbers, and 0..1 or, if larger, 0..255 of floats."""
    values: NDArray[np.float32] = np.array(picture, np.float32)  # in place: it may be 40 megapixels
    np.nan_to_num(values, copy=False)
    top = FULL_16_BIT if picture.mode != "F" else (1.0 if values.max() <= 1 else 255.0)
    np.clip(values, 0, top, out=values)
    values *= np.float32(255 / top)
    return Image.fromarray(np.rint(values, out=values).astype(np.uint8))


def _from_lab(picture: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB")
    if converted is None:
        raise not_a_picture()
    return converted
