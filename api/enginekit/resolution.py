"""How many dots per inch an image has, so that its page becomes as large as the paper was.

Files say so in their headers or in EXIF; often it is the default of a program, such as 1 or 72.
See docs/decisions/041-resolution.md.
"""

import math
import warnings
from collections.abc import Iterator
from typing import Any

from PIL import ExifTags, Image

from api.enginekit.image import DAMAGE, opened, orientation, refusing_damage, turn_to

Dots = tuple[float, float]
# Without a believable resolution, an image has this one, or a finer one so that its page is no
# larger than a sheet of A4 (in square inches).
DEFAULT, A4 = 200.0, 8.27 * 11.69
# Scanners and fax machines have this and more; less than SCREEN is what programs write without
# being asked, and is believed if the page is no longer than A3, in inches, with a margin.
LEAST, MOST, SCREEN, A3 = 30, 4800, 97, 17
# No page of a PDF file is longer, in inches.
LONGEST = 200
# Pixels are square, or their sides differ at most so: 2.1 times in faxes, 2.4 on old screens.
MOST_STRETCHED = 3
INCH, CENTIMETRE = 2, 3
PER_CENTIMETRE = 2.54


def dots_per_inch(data: bytes, page: int = 0) -> Dots:
    """Return the dots per inch of an image, across and down, once it is turned upright.

    Raises:
        Unusable: it is no image that can be read.
    """
    with refusing_damage():
        picture = opened(data)
        turn_to(picture, page)
    across, down = _dots(picture)
    return (down, across) if orientation(picture) >= 5 else (across, down)


def _dots(picture: Image.Image) -> Dots:
    said = list(_said(picture))
    for dots in said:
        if _is_believable(dots, picture.size):
            return dots
    ratios = (x / y for x, y in (*said, *_ratios(picture.info)) if _is_possible(x, y))
    ratio = math.sqrt(next(ratios, 1.0))
    width, height = picture.size
    mean = max(DEFAULT, math.sqrt(width * height / A4), max(width, height) / LONGEST)
    return mean * ratio, mean / ratio


def _said(picture: Image.Image) -> Iterator[Dots]:
    """Yield what the file says: its own header first, then EXIF."""
    info = picture.info
    # Pillow writes 72 into `dpi` of a JPEG file that says nothing.
    if "dpi" in info and (picture.format not in ("JPEG", "MPO") or info.get("jfif_unit")):
        yield _numbers(*info["dpi"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exif = picture.getexif()
            x, y = exif.get(ExifTags.Base.XResolution), exif.get(ExifTags.Base.YResolution)
            unit = exif.get(ExifTags.Base.ResolutionUnit, INCH)
        except (OSError, TypeError, *DAMAGE):  # broken EXIF says nothing
            return
    x, y = _numbers(x, y)
    if unit in (INCH, CENTIMETRE):
        yield (x, y) if unit == INCH else (x * PER_CENTIMETRE, y * PER_CENTIMETRE)


def _ratios(info: dict[Any, Any]) -> Iterator[Dots]:
    """Yield what a file says of the shape of its pixels without their size."""
    if "aspect" in info:  # PNG
        yield _numbers(*info["aspect"])
    if "jfif_density" in info:
        yield _numbers(*info["jfif_density"])
    if "resolution" in info:  # TIFF
        yield _numbers(*info["resolution"])


def _numbers(*values: Any) -> Dots:
    """Return two values as numbers, 0 for what is none."""
    try:
        x, y = map(float, values)
    except (TypeError, ValueError, ArithmeticError):
        return 0.0, 0.0
    return x, y


def _is_possible(x: float, y: float) -> bool:
    # Also False for what is not a number.
    return min(x, y) > 0 and max(x, y) <= MOST_STRETCHED * min(x, y)


def _is_believable(dots: Dots, size: tuple[int, int]) -> bool:
    if not (_is_possible(*dots) and min(dots) >= LEAST and max(dots) <= MOST):
        return False
    longest = max(size[0] / dots[0], size[1] / dots[1])
    return longest <= (LONGEST if min(dots) >= SCREEN else A3)
