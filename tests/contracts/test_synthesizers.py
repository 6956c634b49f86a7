"""The same asserts for every engine that speaks; the mock voice of Piper stands for all."""

import importlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from api.config import Settings
from api.enginekit.installed import InstalledModels
from api.enginekit.store import ModelStore
from api.errors import TooLarge
from api.services.tts import engines
from api.services.tts.engines import Manner, Piece, Synthesizer, Voice

MODELS = {"espeak": "espeak", "piper": "piper_test_voice"}
Speaker = tuple[Synthesizer, Voice]


@pytest.fixture(scope="module", params=MODELS)
def speaker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Speaker:
    """Each engine in turn, loaded as the server loads it, and an English voice of it."""
    models: InstalledModels = InstalledModels(tmp_path_factory.mktemp("models"))
    name = MODELS[request.param]
    if request.param == "piper":
        shared: Path = request.getfixturevalue("shared")
        models = ModelStore(models.folder, mirror=str(shared / "models"))
        models.pull(name)
    folder, entry = models.installed(name), models.entry(name)
    assert folder is not None
    assert engines.chooser(Settings())(entry) == request.param
    module, _, kind = engines.ENGINES[request.param].partition(":")
    made: Synthesizer = getattr(importlib.import_module(module), kind)(folder, entry)
    made.warm_up()
    english = [v for v in engines.voices(folder, entry) if v.language == "en-US"]
    return made, english[0]


def seconds(samples: bytes, voice: Voice) -> float:
    return len(samples) / 2 / voice.sample_rate


def test_voices_are_whole(speaker: Speaker) -> None:
    """Every field is set; the model and the engine are the voice's own."""
    _, voice = speaker
    assert voice.engine in engines.ENGINES
    assert voice.model == MODELS[voice.engine]
    assert voice.gender in ("male", "female", None)
    assert 8_000 <= voice.sample_rate <= 48_000


def test_a_sound_for_each_piece(speaker: Speaker) -> None:
    """In order, as 16-bit samples."""
    synthesizer, voice = speaker
    pieces = [Piece("Hello there."), Piece("This is the second of them.")]
    sounds = synthesizer.speak(pieces, Manner(voice), 60)
    assert len(sounds) == 2
    for sound in sounds:
        assert len(sound.samples) % 2 == 0
        assert 0.5 < seconds(sound.samples, voice) < 5


def test_words_are_told_by_those_that_say_so(speaker: Speaker) -> None:
    """Times grow and lie within the sound; places are of the words' own letters."""
    synthesizer, voice = speaker
    text = "Hello there, my friends."
    (sound,) = synthesizer.speak([Piece(text)], Manner(voice), 60)
    assert bool(sound.words) is ("marks" in synthesizer.skills)
    assert [at for _, at in sound.words] == [0, 6, 13, 16][: len(sound.words)]
    assert all(a < b for (a, _), (b, _) in itertools.pairwise(sound.words))
    assert all(time / 1000 < seconds(sound.samples, voice) for time, _ in sound.words)


def test_silence_goes_before(speaker: Speaker) -> None:
    """The samples and the words move alike."""
    synthesizer, voice = speaker
    (sound,) = synthesizer.speak([Piece("Hello.")], Manner(voice), 60)
    later = sound.after(500, voice.sample_rate)
    assert seconds(later.samples, voice) == pytest.approx(seconds(sound.samples, voice) + 0.5)
    assert [(time - 500, at) for time, at in later.words] == list(sound.words)


def test_too_long(speaker: Speaker) -> None:
    """It stops where it is told to."""
    synthesizer, voice = speaker
    with pytest.raises(TooLarge) as refused:
        synthesizer.speak([Piece("Hello there, my friends.")] * 9, Manner(voice), 3)
    assert refused.value.code == "audio_too_long"


def test_nothing_of_a_manner_lasts(speaker: Speaker) -> None:
    """What one caller asked for does not change what the next one gets."""
    synthesizer, voice = speaker
    usual = Manner(voice)

    def length(manner: Manner) -> float:
        (sound,) = synthesizer.speak([Piece("Hello there, my friends.")], manner, 60)
        return seconds(sound.samples, voice)

    before = length(usual)
    length(replace(usual, speed=2, pitch=2 if "pitch" in synthesizer.skills else 1))
    assert length(usual) == pytest.approx(before, rel=0.01)


def test_many_threads(speaker: Speaker) -> None:
    """Used from eight threads at once, it gives each its own sound."""
    synthesizer, voice = speaker

    def length(count: int) -> float:
        (sound,) = synthesizer.speak([Piece("One more word. " * count)], Manner(voice), 60)
        return seconds(sound.samples, voice)

    counts = [1, 2, 3, 4, 5, 6, 7, 8]
    expected = [length(count) for count in counts]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(length, counts * 3))
    assert found == pytest.approx(expected * 3, rel=0.01)


def test_what_cannot_be_spoken_makes_little_sound(speaker: Speaker) -> None:
    """An engine does not fail over it."""
    synthesizer, voice = speaker
    (sound,) = synthesizer.speak([Piece("---")], Manner(voice), 60)
    assert seconds(sound.samples, voice) < 1.5
