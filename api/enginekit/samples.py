"""How sound is passed on: samples in -1..1, RATE of them a second."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RATE = 16_000  # what recognisers take
Samples = NDArray[np.float32]
FRAME = RATE // 50
SILENCE_DB = -70.0  # below full scale
EVEN_DB = 6.0  # a hum, a tone or hiss varies less
LEAST_FRAMES = 5  # a tenth of a second; less is a click


@dataclass(frozen=True)
class Decoded:
    """What is known of a recording once it has been decoded.

    `track` is the number of the audio track that was taken, from 1 to `tracks`. `is_whole` says
    that its sound begins with the recording and has no gaps.
    """

    seconds: float
    track: int
    tracks: int
    is_whole: bool


def has_sound(samples: Samples) -> bool:
    """Whether there may be speech in about a second of sound: it is loud enough, and not evenly."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    levels = 10 * np.log10(frames.var(axis=1) + 1e-10)
    loud = (levels > SILENCE_DB) & (levels > levels.min(initial=0) + EVEN_DB)
    return int(np.count_nonzero(loud)) >= LEAST_FRAMES
