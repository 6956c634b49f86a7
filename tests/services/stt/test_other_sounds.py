"""Words are heard where somebody speaks, and nowhere else: detector, cutter and recogniser."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sounds
from hearing import clips, heard, load, said, samples

from api.enginekit.pool import Loaded
from api.enginekit.samples import RATE
from api.services.stt.engines import Lengths
from api.services.stt.service import cutter
from api.services.stt.service.language import language_of
from api.services.stt.service.voice import FRAME, LEAD, Voice

REPORTED = ("dtmf_only.wav", "cough_like_bursts.wav", "breaths_only.wav", "typing_only.wav")
SPOKEN_DB = -18  # below the loudest of a clip: there somebody speaks, rather than breathes


@pytest.fixture(scope="module")
def moonshine(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("models"), "moonshine")


def reader(sound: np.ndarray) -> Callable[[int], np.ndarray]:
    rest = io.BytesIO(sound.astype(np.float32).tobytes())
    return lambda count: np.frombuffer(rest.read(4 * count), np.float32)


def test_the_detector_hears_a_stream_as_it_hears_the_whole(beckett: bytes) -> None:
    """Whatever parts the sound comes in; and it hears that somebody speaks."""
    sound = np.frombuffer(beckett[44:], np.int16).astype(np.float32)[: 100 * FRAME] / 32768
    whole, voice = Voice()(sound, 1.0), Voice()
    parts = [
        voice(part, 1.0) for part in np.split(sound, [FRAME, 5 * FRAME, 5 * FRAME, 60 * FRAME])
    ]
    assert np.allclose(np.concatenate(parts), whole, atol=1e-4)
    assert (whole > 0.5).mean() > 0.4
    assert (Voice()(LEAD, 1.0) < 0.1).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_no_words_in_other_sounds(moonshine: Loaded, seed: int) -> None:
    """Telephones, noises, animals and music of 42 kinds, loud, quiet and on a telephone."""
    found = {name: said(heard(moonshine, sound)) for name, sound in sounds.every(seed)}
    assert {name: text for name, text in found.items() if text} == {}


@pytest.mark.slow
def test_no_words_in_reported_sounds(moonshine: Loaded, shared: Path) -> None:
    """Sounds that users of other software got words for."""
    files = {name: samples(shared / "data" / "reports" / name) for name in REPORTED}
    assert {name: said(heard(moonshine, sound)) for name, sound in files.items()} == dict.fromkeys(
        REPORTED, ""
    )


@pytest.mark.slow
def test_words_between_other_sounds(moonshine: Loaded, beckett: bytes) -> None:
    """Music and knocks before and after a speaker add nothing."""
    speech = np.frombuffer(beckett[44:], np.int16).astype(np.float32) / 32768
    alone = said(heard(moonshine, speech))
    others = dict(sounds.every(0))
    before, after = (
        next(o for name, o in others.items() if kind in name) for kind in ("organ", "knocks")
    )
    pause = np.zeros(RATE, np.float32)
    among = said(heard(moonshine, np.concatenate([before, pause, speech, pause, after])))
    assert among.split() == alone.split()


def changed(clip: np.ndarray, how: str) -> np.ndarray:
    """A clip that is harder to hear."""
    random = np.random.default_rng(0)
    if how == "quiet":
        return clip / np.abs(clip).max() * 0.01
    if how == "telephone":
        at = np.fft.rfftfreq(len(clip), 1 / RATE) + 1
        through = 1 / np.sqrt((1 + (300 / at) ** 4) * (1 + (at / 3400) ** 8))
        return np.fft.irfft(np.fft.rfft(clip) * through, len(clip))
    noise = {"noise": 0.1, "clean": 0.0}[how]
    return clip + random.normal(0, 1, len(clip)) * clip.std() * noise


@pytest.mark.slow
@pytest.mark.parametrize("how", ["clean", "quiet", "noise", "telephone"])
def test_no_speech_is_lost(shared: Path, how: str) -> None:
    """What is loud in clips of speech reaches the recogniser: English and Spanish."""
    left_out, doubtful, total = 0, 0, 0
    for _, clip in clips(shared, "en", "es"):
        clip = np.pad(clip, (0, -len(clip) % FRAME))
        level = 20 * np.log10(clip.reshape(-1, FRAME).std(axis=1) + 1e-9)
        spoken = np.repeat(level > level.max() + SPOKEN_DB, FRAME)
        total += np.count_nonzero(spoken)
        for piece in cutter.pieces(reader(changed(clip, how)), Lengths(1.0, 12.0), Voice):
            begin = round(piece.start * RATE)
            part = spoken[begin : begin + len(piece.samples)]
            doubtful += np.count_nonzero(part) if piece.doubtful else 0
            part[:] = False
        left_out += np.count_nonzero(spoken)
    assert total > 60 * RATE
    assert left_out <= 0.01 * total
    assert doubtful <= 0.01 * total


@pytest.mark.slow
def test_other_languages_are_not_called_english(moonshine: Loaded, shared: Path) -> None:
    """Spanish is not, with a recogniser that knows English alone; English mostly is."""
    found = {
        language: [language_of(heard(moonshine, clip), None) for _, clip in clips(shared, language)]
        for language in ("en", "es")
    }
    assert {(one.code, one.source) for one in found["es"]} == {("und", "uncertain")}
    assert sum(one.code == "en" for one in found["en"]) > 0.75 * len(found["en"])
