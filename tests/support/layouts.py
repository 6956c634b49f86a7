"""Pages of many layouts."""

import random
from collections.abc import Sequence
from pathlib import Path

import layouts_in_columns  # noqa: F401  # fills LAYOUTS
import layouts_in_rows  # noqa: F401  # fills LAYOUTS
import numpy as np
from drawing import LAYOUTS, Drawing
from PIL import Image, ImageFilter


def drawn(kind: str, seed: int, fonts: Sequence[Path] = ()) -> Drawing:
    """Draw a page of a kind; the seed decides the rest."""
    drawing = Drawing(seed, fonts)
    LAYOUTS[kind](drawing)
    return drawing


def worn(clean: Image.Image, seed: int) -> Image.Image:
    """The page as a scanner gives it: askew, blurred, with noise."""
    chance = random.Random(seed)
    turned = clean.rotate(chance.uniform(-2, 2), Image.Resampling.BICUBIC, fillcolor="white")
    pixels = np.asarray(turned.filter(ImageFilter.GaussianBlur(chance.uniform(0.4, 1))), np.float32)
    noise = np.random.default_rng(seed).normal(0, chance.uniform(2, 9), pixels.shape[:2])
    return Image.fromarray(np.clip(pixels + noise[:, :, np.newaxis], 0, 255).astype(np.uint8))
