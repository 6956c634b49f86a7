"""Sounds that are no speech, and what happens to recordings; 16,000 samples a second, made here."""

from collections.abc import Callable, Iterator

import numpy as np

RATE = 16_000
Random = np.random.Generator
FORMS = {"plain": (0.3, 0.0), "quiet": (0.05, 0.02), "telephone": (0.5, 0.0), "loud": (0.95, 0.01)}


def every(seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Each kind of sound in one of its forms: quiet with noise, loud, as on a telephone."""
    for n, (kind, make) in enumerate(KINDS.items()):
        random = np.random.default_rng([seed, n])
        form = list(FORMS)[(seed + n) % len(FORMS)]
        peak, noise = FORMS[form]
        sound = make(random)
        if form == "telephone":
            sound = band(sound, 300, 3400)
        sound = sound / np.abs(sound).max() + random.normal(0, noise or 1e-5, len(sound))
        yield f"{kind}, {form}, {seed}", (sound * peak).clip(-1, 1).astype(np.float32)


def times(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def hiss(random: Random, seconds: float) -> np.ndarray:
    return random.normal(0, 1, round(seconds * RATE))


def band(sound: np.ndarray, low: float, high: float, steep: float = 0) -> np.ndarray:
    """The sound between two frequencies, falling by `steep` with rising ones."""
    at = np.fft.rfftfreq(len(sound), 1 / RATE)
    parts = np.fft.rfft(sound) * ((at >= low) & (at <= high)) / np.maximum(at, 20) ** steep
    found = np.fft.irfft(parts, len(sound))
    return found / (found.std() + 1e-9)


def tone(pitch: float, seconds: float, *parts: float, fades: float = 0.0) -> np.ndarray:
    """A tone with overtones of these strengths."""
    t = times(seconds)
    waves = [part * np.sin(2 * np.pi * pitch * n * t) for n, part in enumerate(parts or (1,), 1)]
    return np.sum(waves, axis=0) * np.exp(-fades * t)


def glide(pitches: np.ndarray, *parts: float) -> np.ndarray:
    """A tone whose pitch changes from sample to sample."""
    phase = 2 * np.pi * np.cumsum(pitches) / RATE
    return np.sum([part * np.sin(n * phase) for n, part in enumerate(parts or (1,), 1)], axis=0)


def again(
    random: Random, make: Callable[[], np.ndarray], gap: float, total: float = 6
) -> np.ndarray:
    """The sound over and over, with gaps of about so many seconds."""
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < total * RATE:
        parts += [make(), np.zeros(round(gap * random.uniform(0.6, 1.4) * RATE))]
    return np.concatenate(parts)


def tune(random: Random, *parts: float, fades: float = 0.0, chord: bool = False) -> np.ndarray:
    """Notes of a scale, or chords."""
    scale, base = np.array([0, 2, 4, 5, 7, 9, 11, 12]), random.choice([131, 196, 262])

    def note() -> np.ndarray:
        steps = random.integers(0, 8) + (np.array([0, 2, 4]) if chord else np.array([0]))
        length = random.choice([0.3, 0.6])
        return np.sum(
            [tone(base * 2 ** (scale[s % 8] / 12), length, *parts, fades=fades) for s in steps], 0
        )

    return again(random, note, 0.0)


def burst(random: Random, seconds: float, low: float, high: float, fades: float) -> np.ndarray:
    """Noise that dies away."""
    return band(hiss(random, seconds), low, high) * np.exp(-fades * times(seconds))


def swell(random: Random, seconds: float, low: float, high: float) -> np.ndarray:
    """Noise that rises and falls."""
    return band(hiss(random, seconds), low, high) * np.sin(np.pi * times(seconds) / seconds) ** 2


def key(random: Random) -> np.ndarray:
    rows, columns = random.choice([697, 770, 852, 941]), random.choice([1209, 1336, 1477])
    return tone(rows, 0.15) + tone(columns, 0.15)


def bark(random: Random) -> np.ndarray:
    sound = glide(np.linspace(600, 350, 3200), *(1 / n for n in range(1, 12)))
    return band(sound + hiss(random, 0.2), 500, 3500) * np.sin(np.pi * times(0.2) / 0.2)


def hum(pitch: float) -> Callable[[Random], np.ndarray]:
    return lambda _: tone(pitch, 6, 1, 0.5, 0.3, 0, 0.2) * (1 + 0.1 * np.sin(2 * times(6)))


SAW = tuple(1 / n for n in range(1, 12))
KINDS: dict[str, Callable[[Random], np.ndarray]] = {
    "keypad": lambda r: again(r, lambda: key(r), 0.1),
    "ringing": lambda r: again(r, lambda: tone(440, 2) + tone(480, 2), 2, 10),
    "bell": lambda r: again(
        r, lambda: tone(r.uniform(700, 1500), 1, 1, 0, 0.6, 0, 0.3, fades=4), 1
    ),
    "dial tone": lambda _: tone(350, 6) + tone(440, 6),
    "busy": lambda r: again(r, lambda: tone(480, 0.5) + tone(620, 0.5), 0.5),
    "fax": lambda r: glide(1700 + 400 * np.sign(np.sin(300 * times(6)))),
    "knocks": lambda r: again(r, lambda: tone(r.uniform(90, 250), 0.15, 1, 0.4, fades=30), 0.3),
    "coughs": lambda r: again(r, lambda: burst(r, 0.35, 200, 3500, 12), 0.5),
    "breath": lambda r: again(r, lambda: swell(r, r.uniform(0.6, 1.4), 400, 5000), 0.6),
    "sniffs": lambda r: again(r, lambda: swell(r, 0.3, 1500, 7000), 0.8),
    "typing": lambda r: again(r, lambda: burst(r, 0.04, 900, 7500, 120), 0.15),
    "clicks": lambda r: again(r, lambda: burst(r, 0.004, 100, 7900, 0), 1.1),
    "steps": lambda r: again(r, lambda: burst(r, 0.12, 60, 900, 35), 0.45),
    "claps": lambda r: again(r, lambda: burst(r, 0.05, 700, 4500, 90), 0.4),
    "applause": lambda r: again(r, lambda: burst(r, 0.02, 800, 5000, 200), 0.004),
    "shots": lambda r: again(r, lambda: burst(r, 0.4, 50, 7900, 20), 1.2),
    "clock": lambda r: again(r, lambda: burst(r, 0.02, 1500, 5000, 250), 0.48),
    "barks": lambda r: again(r, lambda: bark(r), 0.5),
    "birds": lambda r: again(r, lambda: glide(np.linspace(r.uniform(2500, 5000), 3500, 3200)), 0.3),
    "siren": lambda r: glide(700 + 300 * np.sin(2 * np.pi * 0.3 * times(6)), 1, 0.4, 0.3),
    "alarm": lambda r: again(r, lambda: np.sign(tone(2730, 0.1)), 0.1),
    "beeps": lambda r: again(r, lambda: tone(1000, 0.25), 0.75),
    "whistling": lambda r: glide(1300 + 500 * np.sin(3 * times(6)) * np.sin(times(6))),
    "engine": lambda r: glide(35 + 15 * np.sin(times(6)), *SAW) + 0.5 * band(hiss(r, 6), 20, 500),
    "horn": lambda r: again(r, lambda: tone(420, 0.6, *SAW) + tone(530, 0.6, *SAW), 0.8),
    "drill": lambda r: again(r, lambda: tone(190, 1.2, *SAW) + 0.5 * hiss(r, 1.2), 0.8),
    "water": lambda r: (
        band(hiss(r, 6), 300, 6000)
        + again(r, lambda: tone(r.uniform(400, 2500), 0.05, fades=40), 0.02, 6)[: 6 * RATE]
    ),
    "wind": lambda r: (
        band(hiss(r, 6), 50, 900, 0.6)
        * np.interp(times(6), np.linspace(0, 6, 13), r.uniform(0.1, 1, 13))
    ),
    "white noise": lambda r: hiss(r, 6),
    "pink noise": lambda r: band(hiss(r, 6), 20, 7900, 0.5),
    "brown noise": lambda r: band(hiss(r, 6), 20, 7900, 1.0),
    "fan": lambda r: band(hiss(r, 6), 60, 2500, 0.5) * (1 + 0.5 * np.sin(2 * np.pi * 6 * times(6))),
    "swelling noise": lambda r: hiss(r, 6) * np.abs(np.sin(2 * np.pi * 2 * times(6))),
    "hum of 50 Hz": hum(50),
    "hum of 60 Hz": hum(60),
    "organ": lambda r: tune(r, 1, 0.5, 0.3, 0.2, chord=True),
    "piano": lambda r: tune(r, 1, 0.6, 0.4, 0.3, 0.2, fades=4, chord=True),
    "flute": lambda r: tune(r, 0, 1, 0.1),
    "strings": lambda r: tune(r, *SAW, chord=True),
    "game": lambda r: np.sign(tune(r)),
    "drums": lambda r: (
        again(r, lambda: tone(60, 0.2, fades=14), 0.2)[: 6 * RATE]
        + again(r, lambda: burst(r, 0.1, 1500, 7000, 40), 0.3)[: 6 * RATE]
    ),
    "cash register": lambda r: again(
        r,
        lambda: np.concatenate([burst(r, 0.15, 1000, 6000, 5), tone(2100, 1, 1, 0.6, fades=5)]),
        1,
    ),
}
