"""What runs in a child process: a picture from anywhere becomes what the network takes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.enginekit.image import read_image
from api.enginekit.stripping import without_metadata
from api.storage import File

NATIVE = ("api.enginekit.heif",)
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Crop:
    """The short side becomes `resize` pixels, and the square of `size` in the centre is kept."""

    size: int
    resize: int
    filter: str


def prepare(data: bytes, crop: Crop, max_pixels: int, keep: bool) -> tuple[Pixels, File | None]:
    """The part that the model sees, (size, size, 3) of 0..255, and a copy of the file to keep.

    Only that part is resampled, so that a picture of 1 x 60,000 pixels costs no more than any
    other.

    Raises:
        Unusable, TooLarge: the picture cannot be read, or is too large.
    """
    picture = read_image(data, max_pixels, at_least=crop.resize)
    side = min(picture.size) * min(1.0, crop.size / crop.resize)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    resample = Image.Resampling[crop.filter.upper()]
    box = (left, top, left + side, top + side)
    square = picture.resize((crop.size, crop.size), resample, box)
    return np.asarray(square), without_metadata(data, pages=1) if keep else None
