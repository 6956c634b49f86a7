"""Bytes from anywhere become an RGB picture: few formats, bounded size, upright, no surprises."""

import importlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile, ImageOps

from api.errors import TooLarge, Unusable

# By name, or the first file of no known format would make Pillow import all of its decoders.
for plugin in ("Avif", "Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP"):
    importlib.import_module(f"PIL.{plugin}ImagePlugin")
pillow_heif.register_heif_opener()
# A picture whose end is missing is refused, not filled up with grey.
ImageFile.LOAD_TRUNCATED_IMAGES = False
# Our own limit is lower and is checked before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "HEIF", "AVIF")
MEDIA_TYPES = tuple(
    f"image/{name}"
    for name in ["jpeg", "png", "webp", "gif", "tiff", "bmp", "heic", "heif", "avif"]
)
# Cameras write ten or so; hundreds are an attack that costs a second of work each kilobyte.
MOST_SCANS = 100
SCAN = b"\xff\xda"
FLOATS = ("F", "I", "I;16", "I;16B", "I;16L", "I;16N")
FULL_16_BIT = 65535.0


def read_image(
    data: bytes, max_pixels: int, at_least: int | None = None, page: int = 0
) -> Image.Image:
    """The picture as 8-bit RGB, turned upright, one frame of it, transparency over white.

    Args:
        data: a file in one of FORMATS.
        max_pixels: the most that its header may announce.
        at_least: the short side that is needed; a JPEG is then decoded at a reduced size.
        page: which page of a TIFF file, from 0.

    Raises:
        Unusable: it is no picture of these formats, or damaged.
        TooLarge: it has more pixels than that.
    """
    with _only_refusals():
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if page:
            picture.seek(page)
        _check_size(picture, max_pixels)
        if picture.format in ("JPEG", "MPO"):
            _check_scans(data)
            if at_least:
                picture.draft("RGB", (at_least, at_least))
        picture.load()
        return ImageOps.exif_transpose(to_rgb(picture))


def count_pages(data: bytes) -> int:
    """How many pages a TIFF file has; every other picture has one.

    Raises:
        Unusable: it is no picture that can be read.
    """
    with _only_refusals():
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
        return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1


@contextmanager
def _only_refusals() -> Iterator[None]:
    """Whatever a hostile file makes a decoder raise is one refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata is no reason to refuse a picture
        try:
            yield
        except (TooLarge, Unusable):
            raise
        except MemoryError:
            raise TooLarge("The picture needs too much memory.", "image_too_large") from None
        # Decoders raise a dozen kinds of error, none of which is ours.
        except Exception:  # noqa: BLE001
            raise _not_a_picture() from None


def _not_a_picture() -> Unusable:
    return Unusable("The file is not a picture that can be read.", "image_unreadable")


def _check_size(picture: Image.Image, max_pixels: int) -> None:
    width, height = picture.size
    if width < 1 or height < 1:
        raise _not_a_picture()
    if width * height > max_pixels:
        raise TooLarge(
            "The picture has %(pixels)s megapixels; the limit is %(limit)s.",
            "image_too_large",
            pixels=round(width * height / 1e6),
            limit=round(max_pixels / 1e6),
        )


def _check_scans(data: bytes) -> None:
    if data.count(SCAN) > MOST_SCANS:
        raise Unusable("The picture is built in too many scans.", "image_unreadable")


def to_rgb(picture: Image.Image) -> Image.Image:
    """8-bit RGB from any mode: 16 bit, float, CMYK, Lab, palette, transparency over white."""
    exif = picture.info.get("exif") or picture.getexif()
    if picture.mode in FLOATS:
        picture = _from_numbers(picture)
    elif picture.mode == "LAB":
        picture = _from_lab(picture)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        picture = Image.alpha_composite(white, layer)
    rgb = picture.convert("RGB")
    rgb.info["exif"] = exif.tobytes() if isinstance(exif, Image.Exif) else exif
    return rgb


def _from_numbers(picture: Image.Image) -> Image.Image:
    """16-bit whole numbers span 0..65535; floats are taken as 0..1 or, if larger, 0..255."""
    values: NDArray[np.float64] = np.nan_to_num(np.asarray(picture, dtype=np.float64))
    top = FULL_16_BIT if picture.mode != "F" else (1.0 if values.max() <= 1 else 255.0)
    return Image.fromarray((np.clip(values / top, 0, 1) * 255).round().astype(np.uint8))


def _from_lab(picture: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB")
    if converted is None:
        raise _not_a_picture()
    return converted
