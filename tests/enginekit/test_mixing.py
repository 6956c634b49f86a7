"""Mixer: nothing that is in any channel is lost, whatever its phase."""

import numpy as np
import pytest

from api.enginekit.mixing import Mixer

RATE = 16_000


def voice(seed: int = 0, seconds: float = 2.0) -> np.ndarray:
    """Noise that comes and goes like syllables."""
    count = round(seconds * RATE)
    sound = np.random.default_rng(seed).normal(0, 0.1, count)
    smooth = np.convolve(sound, np.ones(4) / 4, "same")
    return (smooth * np.sin(2 * np.pi * 3 * np.arange(count) / RATE) ** 2).astype(np.float32)


def mixed(*channels: np.ndarray, rate: int = RATE) -> np.ndarray:
    """The channels as one, in portions of half a second as a sink hands them on."""
    mixer, sound = Mixer(len(channels), rate), np.stack(channels)
    return np.concatenate(
        [mixer.mix(sound[:, at : at + rate // 2]) for at in range(0, sound.shape[1], rate // 2)]
    )


def share(sound: np.ndarray, of: np.ndarray) -> float:
    """How much of `of`, up to its sign, there is in a sound."""
    return abs(float(sound @ of / (of @ of)))


SILENCE = np.zeros(2 * RATE, np.float32)
HUM = (0.3 * np.sin(2 * np.pi * 50 * np.arange(2 * RATE) / RATE)).astype(np.float32)
HISS = np.random.default_rng(9).normal(0, 0.002, 2 * RATE).astype(np.float32)


@pytest.mark.parametrize(
    ("channels", "least"),
    [
        ((voice(), -voice()), 0.95),
        ((-voice(), voice()), 0.95),
        ((voice(), -0.8 * voice() + HISS), 0.85),
        ((voice(), -0.3 * voice() + HISS), 0.6),
        ((voice() + HUM, -voice() + HUM), 0.95),
        ((voice() + 0.2, -voice() + 0.2), 0.95),
        ((0.003 * voice(), -0.003 * voice()), 0.0028),
        ((voice(), -voice(), voice(), -voice()), 0.95),
        ((voice(), -voice(), SILENCE, SILENCE, SILENCE, SILENCE), 0.3),
        ((voice(), SILENCE), 0.49),
        ((SILENCE, SILENCE, voice(), SILENCE, SILENCE, SILENCE), 0.16),
    ],
)
def test_opposite_channels_add_up(channels: tuple[np.ndarray, ...], least: float) -> None:
    """Also with hiss, hum, an offset, or at different levels."""
    assert share(mixed(*channels), voice()) > least


def test_opposite_for_a_part_of_the_time() -> None:
    """A plug that is turned over midway, twice."""
    sign = np.ones(2 * RATE, np.float32)
    sign[10_000:21_000] = -1
    found = mixed(voice(), sign * voice())
    assert share(found, voice()) > 0.9
    for part in (slice(0, 9_000), slice(12_000, 20_000), slice(23_000, 32_000)):
        assert share(found[part], voice()[part]) > 0.98


def test_what_is_not_opposite_stays_the_mean() -> None:
    """To the last bit: the same sound, two speakers, one speaker."""
    for other in (voice(), 0.5 * voice(), voice(1), np.roll(voice(1), RATE), SILENCE):
        found = mixed(voice(), other)
        assert np.array_equal(found, np.stack([voice(), other]).mean(axis=0, dtype=np.float32))


def test_a_change_makes_no_click() -> None:
    """Where a channel turns over, there is no step."""
    tone = (0.5 * np.sin(2 * np.pi * 200 * np.arange(2 * RATE) / RATE)).astype(np.float32)
    sign = np.ones(2 * RATE, np.float32)
    sign[16_500:] = -1
    # What the channels hold there is a step of its own: the other one alone has none.
    found = mixed(tone, sign * tone)
    assert np.abs(np.diff(found[17_500:])).max() < 1.05 * np.abs(np.diff(tone)).max()


@pytest.mark.parametrize("count", [0, 1, 2, 3, 100])
def test_short_portions(count: int) -> None:
    """The last portion may be of any length."""
    sound = np.stack([voice()[:count], -voice()[:count]])
    assert Mixer(2, 48_000).mix(sound).shape == (count,)
