"""The same asserts for every speech recogniser, and what each one hears."""

import importlib
import inspect
import threading
from pathlib import Path

import numpy as np
import pytest
import tiny_whisper

from api.config import Settings
from api.enginekit.audio import RATE
from api.enginekit.catalogue import Entry
from api.enginekit.installed import InstalledModels
from api.services.stt import engines
from api.services.stt.engines import Recognizer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> InstalledModels:
    """The catalogue, with nothing pulled."""
    return InstalledModels(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def whisper_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper that says 'hola mundo' to everything."""
    folder = tmp_path_factory.mktemp("whisper")
    tiny_whisper.make(folder)
    return folder


@pytest.fixture(scope="module", params=engines.ENGINES)
def loaded(
    request: pytest.FixtureRequest, store: InstalledModels, whisper_folder: Path
) -> tuple[str, Recognizer]:
    """Each engine in turn, loaded as the server loads it."""
    name = request.param
    entry = store.entry({"moonshine": "moonshine", "whisper": "whisper_tiny"}[name])
    folder = store.installed(entry.name) or whisper_folder
    return name, load(name, folder, entry)


def load(name: str, folder: Path, entry: Entry) -> Recognizer:
    module, _, kind = engines.ENGINES[name].partition(":")
    made: Recognizer = getattr(importlib.import_module(module), kind)(folder, entry)
    made.warm_up()
    return made


def speech(shared: Path) -> np.ndarray:
    """Eleven seconds of somebody reading English, 16,000 samples a second."""
    import av

    with av.open(shared / "data" / "stt" / "clips" / "en_6930-75918-0004.wav") as file:
        frames = [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
    return np.concatenate(frames).astype(np.float32) / 32768


def test_segments_lie_within_the_sound(loaded: tuple[str, Recognizer], shared: Path) -> None:
    """In order, with text, and with words only where they are asked for and known."""
    name, engine = loaded
    for words in (False, name in engines.WITH_WORD_TIMES):
        heard = engine.recognize(speech(shared), "en", words=words)
        assert heard.language == "en"
        times = [time for s in heard.segments for time in (s.start, s.end)]
        assert times == sorted(times)
        assert 0 <= times[0] < times[-1] <= len(speech(shared)) / RATE
        assert all(segment.text.strip() for segment in heard.segments)
        assert all((segment.words is not None) == words for segment in heard.segments)


@pytest.mark.parametrize("length", [1, 160, RATE])
def test_silence_of_any_length(loaded: tuple[str, Recognizer], length: int) -> None:
    """Nothing to hear is no error."""
    loaded[1].recognize(np.zeros(length, np.float32), "en", words=False)


def test_many_threads(loaded: tuple[str, Recognizer], shared: Path) -> None:
    """Used from four threads at once, it gives each its own answer."""
    _, engine = loaded
    parts = np.array_split(speech(shared), 4)
    expected = [engine.recognize(part, "en", words=False) for part in parts]
    found = {}

    def work(n: int) -> None:
        found[n] = engine.recognize(parts[n], "en", words=False)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[n] for n in range(4)] == expected


def test_moonshine_hears_english(store: InstalledModels, shared: Path) -> None:
    """The embedded model, as it is in its package, loud or quiet."""
    folder = store.installed("moonshine")
    assert folder is not None
    engine = load("moonshine", folder, store.entry("moonshine"))
    for level in (1.0, 0.01):
        (segment,) = engine.recognize(
            speech(shared) * np.float32(level), None, words=False
        ).segments
        assert "love for a country where they had both been hospitably received" in segment.text


def test_whisper_finds_out_the_language(store: InstalledModels, whisper_folder: Path) -> None:
    """Without a language it looks for one; the words get times and confidence."""
    engine = load("whisper", whisper_folder, store.entry("whisper_tiny"))
    heard = engine.recognize(np.zeros(3 * RATE, np.float32), None, words=True)
    (segment,) = heard.segments
    assert (heard.language, segment.text.strip()) == ("es", "hola mundo")
    words = [(word.word, word.start, word.end) for word in segment.words or ()]
    assert words == [("hola", 0.0, 0.5), ("mundo", 0.5, 1.0)]
    assert all(0.99 < word.confidence <= 1 for word in segment.words or ())


def test_whisper_never_downloads(
    store: InstalledModels, whisper_folder: Path, tmp_path: Path
) -> None:
    """Without its tokenizer the library would fetch one; here it is an error instead."""
    for name in ("config.json", "model.bin", "vocabulary.txt"):
        (tmp_path / name).symlink_to(whisper_folder / name)
    with pytest.raises(FileNotFoundError):
        load("whisper", tmp_path, store.entry("whisper_tiny"))


def test_whisper_is_called_as_it_wants() -> None:
    """The arguments that we pass exist in the installed faster-whisper."""
    from faster_whisper import WhisperModel

    made = inspect.signature(WhisperModel.__init__).parameters
    asked = inspect.signature(WhisperModel.transcribe).parameters
    assert {"compute_type", "local_files_only"} <= set(made)
    assert {"language", "word_timestamps", "condition_on_previous_text"} <= set(asked)


def test_each_model_has_an_engine(store: InstalledModels) -> None:
    """Every entry of the catalogue names an engine that there is, and languages."""
    choose = engines.chooser(Settings())
    for entry in store.entries("stt"):
        assert choose(entry) in engines.ENGINES
        assert entry.languages
