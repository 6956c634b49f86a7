"""Drawings on transparency are put on a background on which they can be seen."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

WHITE, BLACK = 255, 0
GREYS = (WHITE, BLACK, *range(32, 255, 32))
# What differs less than this from the background, in grey levels, is lost.
LEAST_CONTRAST = 48
# White, or else black, is taken if no more than so much is lost; else the grey that loses least.
FEW_LOST = 0.015
# If every grey loses more than this, as of text that fades from white to black, thin drawings are
# drawn in black, whatever their colours.
MANY_LOST, THIN = 0.03, 0.3
# Pixels of a lower opacity (of 255) are only the edge of something. Only those that are no further
# from the transparent part than this stand against the background.
VISIBLE, RIM = 64, 2


def over_contrast(layer: Image.Image) -> Image.Image:
    """Return an RGBA image over white, or over another grey if white would hide what is drawn."""
    alpha = np.asarray(layer.getchannel("A"))
    drawn = alpha >= min(VISIBLE, max(1, int(alpha.max()) // 2))
    lost = _lost(np.asarray(layer.convert("L"))[_rim(drawn)])
    background = next((n for n in (WHITE, BLACK) if lost[n] <= FEW_LOST), min(GREYS, key=lost.item))
    if lost[background] > MANY_LOST and drawn.mean() < THIN:
        black = Image.new("RGBA", layer.size, "black")
        black.putalpha(layer.getchannel("A"))
        layer, background = black, WHITE
    return Image.alpha_composite(Image.new("RGBA", layer.size, (background,) * 3), layer)


def _rim(drawn: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The drawn pixels that are next to transparent ones."""
    mask = drawn.astype(np.uint8)
    inner = cv2.erode(mask, np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8))
    return mask > inner


def _lost(greys: NDArray[np.uint8]) -> NDArray[np.float64]:
    """For each grey from 0 to 255, the share of these pixels that could not be told from it."""
    counts = np.bincount(greys, minlength=256)
    near = np.convolve(counts, np.ones(2 * LEAST_CONTRAST - 1))[LEAST_CONTRAST - 1 :][:256]
    return near / max(1, greys.size)
