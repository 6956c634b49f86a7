"""Voices heard by a real Whisper: a real Piper voice, in all it may be asked for, and eSpeak."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from transcripts import errors, words

from api.config import Settings
from api.enginekit.installed import InstalledModels
from api.enginekit.samples import RATE
from api.services.stt.engines import Recognizer
from api.services.stt.engines.whisper import WhisperRecognizer

pytestmark = pytest.mark.slow
Say = Callable[..., Any]
Listen = Callable[[bytes], Any]
VOICE = "en_us-joe-medium"
# The first sentence is cut, the others are not.
TEXT = (
    "The old wooden bridge across the river was closed last winter because of the heavy snow. "
    "Please open the window before you leave the room. "
    "My sister works in a pharmacy close to the station. "
    "Nobody knew where the keys to the office were, so we waited outside until noon. "
    "The library opens early and closes after dinner. "
    "I would like to book a table for six people, please."
)
# With eSpeak's usual speaker, a quarter of these words was misunderstood.
SPANISH = (
    "La lluvia golpeaba suavemente los cristales de la ventana. "
    "Aquella mujer vende flores en la esquina de la plaza. "
    "Debemos apagar las luces antes de salir de la sala. "
    "El cocinero añadió sal y pimienta a la sopa caliente. "
    "Los trabajadores pidieron un aumento de sueldo. "
    "La película cuenta la vida de una pintora famosa. "
)
ODD = {
    "Hi.": 0.2,
    "a": 0.2,
    "It costs $1,234.56 or 7 %.": 2,
    "NASA and the FBI use HTTP.": 1.5,
    "Great job 🎉👍": 1,
    "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft": 2,
    "Привет": 0.5,
    "Hel\u200blo wor\u200dld\n\n\n": 0.5,
    "¿Dónde está la biblioteca?": 1,
}


@pytest.fixture(scope="module", autouse=True)
def _installed(settings: Settings, install_real: Callable[[str, Path], Path]) -> Iterator[None]:
    place = install_real(VOICE, settings.models_dir)
    yield
    place.unlink()


@pytest.fixture(scope="module")
def whisper(
    install_real: Callable[[str, Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Recognizer:
    """Whisper base."""
    models = InstalledModels(tmp_path_factory.mktemp("whisper"))
    folder = install_real("whisper_base", models.folder)
    return WhisperRecognizer(folder, models.entry("whisper_base"))


def heard(whisper: Recognizer, data: bytes, language: str = "en") -> list[str]:
    """The words that Whisper finds in a file of at most half a minute."""
    with av.open(io.BytesIO(data)) as file:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [new for old in file.decode(audio=0) for new in resampler.resample(old)]
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    found = whisper.recognize(samples, language, words=False)
    return words(" ".join(segment.text for segment in found.segments))


@pytest.mark.parametrize("form", ["wav", "opus"])
def test_it_is_understood(say: Say, whisper: Recognizer, form: str) -> None:
    """At most one word in ten is wrong, though the first sentence is spoken in pieces."""
    found = heard(whisper, say(TEXT, voice=VOICE, format=form).data)
    assert errors(words(TEXT), found) <= len(words(TEXT)) / 10


def test_espeak_speaks_spanish(say: Say, whisper: Recognizer) -> None:
    """At most one word in six is wrong."""
    found = heard(whisper, say(SPANISH, language="es").data, "es")
    assert errors(words(SPANISH), found) <= len(words(SPANISH)) / 6


@pytest.mark.parametrize("speed", [0.5, 2])
def test_speed(say: Say, listen: Listen, speed: float) -> None:
    """Half the speed takes twice as long, twice the speed half as long."""
    text = TEXT[:139]
    normal, other = (listen(say(text, voice=VOICE, speed=by).data).seconds for by in (1, speed))
    assert other * speed / normal == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("text", ODD)
def test_any_text_makes_sound(say: Say, listen: Listen, text: str) -> None:
    """As long as can be expected, without a click at either end, and not silent."""
    sound = listen(say(text, voice=VOICE).data)
    loud = np.abs(sound.samples.astype(float)) / 32768
    assert ODD[text] < sound.seconds < 2 + len(text) / 4
    assert loud.max() > 0.5
    assert max(loud[0], loud[-1]) < 0.01


def test_an_abbreviation_makes_no_pause(say: Say, listen: Listen) -> None:
    """Within "Mr. Smith" there is no silence as between two sentences."""
    samples = listen(say("Ask Mr. Smith for the key.", voice=VOICE).data).samples
    spoken = np.flatnonzero(np.abs(samples.astype(float)) > 300)
    assert np.diff(spoken).max() < 0.2 * 22_050
