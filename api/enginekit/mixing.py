"""All channels of a recording become one, also where they have opposite phase.

The mean of two channels is silent if one of them is the other upside down: a balanced line on both
channels, or a microphone with its wires swapped. Such a channel is turned over first.
"""

import numpy as np
from numpy.typing import NDArray

from api.enginekit.samples import RATE, Samples

BLOCKS_PER_S = 10
# Channels whose correlation is beyond this hold the same sound. Between, they may be two speakers,
# or two microphones apart from each other: to turn one over does no good there (measured).
SAME = 0.7


class Mixer:
    """The mean of the channels, each turned over while it has the opposite phase."""

    def __init__(self, channels: int, rate: int):
        self._signs = np.ones(channels, np.float32)
        self._rate = rate

    def mix(self, samples: Samples) -> Samples:
        """Return the mean of the next samples, (channels, n)."""
        blocks = _correlations(samples, self._rate)
        if (self._signs == self._signs[0]).all() and (blocks[1] > -SAME).all():
            return np.asarray(self._signs[0] * samples.mean(axis=0, dtype=np.float32))
        before, signs = self._signs, []
        for powers, correlation in zip(*blocks, strict=True):
            self._signs = _signs(powers, correlation, self._signs)
            signs.append(self._signs)
        gains = _gains([before, *signs], samples.shape[1])
        return np.asarray((samples * gains).mean(axis=0, dtype=np.float32))


def _correlations(samples: Samples, rate: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Powers of the channels in each block, and the correlation of each two."""
    # The difference has no offset and little hum, which are in phase on an unbalanced line.
    sound = np.diff(samples[:, :: max(1, rate // RATE)], axis=1)
    count = max(1, round(samples.shape[1] * BLOCKS_PER_S / rate))
    length = sound.shape[1] // count
    blocks = sound[:, : count * length].reshape(len(sound), count, length)
    # A product of matrices would wake a thread for each core, and wait for them on a busy machine.
    covariance = np.einsum("ckn,dkn->kcd", blocks, blocks)
    powers = np.diagonal(covariance, axis1=1, axis2=2)
    scale = np.sqrt(powers[:, :, np.newaxis] * powers[:, np.newaxis, :])
    return powers, np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)


def _signs(
    powers: NDArray[np.float32], correlation: NDArray[np.float32], before: NDArray[np.float32]
) -> NDArray[np.float32]:
    """1 or -1 for each channel of a block, so that channels with the same sound add up."""
    signs = before.copy()
    order = np.argsort(-powers, kind="stable")
    for place in range(1, len(order)):
        channel, louder = order[place], order[:place]
        nearest = louder[np.abs(correlation[channel, louder]).argmax()]
        if abs(correlation[channel, nearest]) > SAME:
            signs[channel] = signs[nearest] * np.sign(correlation[channel, nearest])
    return signs


def _gains(signs: list[NDArray[np.float32]], count: int) -> NDArray[np.float32]:
    """The sign of each channel at each sample; it changes in the first half of a block."""
    length = count / (len(signs) - 1)
    starts = np.arange(len(signs) - 1) * length
    knots = np.stack([starts, starts + length / 2], axis=1).ravel()
    values = np.stack([np.stack(signs[:-1]), np.stack(signs[1:])], axis=1)
    values = values.reshape(-1, len(signs[0])).T
    at = np.arange(count)
    return np.stack([np.interp(at, knots, value) for value in values]).astype(np.float32)
