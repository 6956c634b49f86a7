"""Which voice speaks: the one that was named, or the best for a language."""

import re
from collections.abc import Iterator

from api.enginekit.language import Guess, guess_language
from api.enginekit.pool import EnginePool
from api.errors import Unusable
from api.services.tts import engines
from api.services.tts.engines import Voice

TASK = "tts"
DEFAULT_LANGUAGE = "en"
# Where a language has more than one voice and the one of its own name is not the best.
PREFERRED = {
    "en": "en-us+f2",
    "en-us": "en-us+f2",
    "en-gb": "en-gb+f2",
    "fr": "fr-fr",
    "pt": "pt-br",
}
# Languages that are asked for by another name than their voices have.
ALIASES = {"zh": "cmn", "zh-cn": "cmn", "zh-tw": "cmn", "zh-hk": "yue", "no": "nb"}
# Where Spanish is that of es-419: Latin America and the Caribbean.
AMERICAN_SPANISH = re.compile(
    "es-(ar|bo|cl|co|cr|cu|do|ec|gt|hn|mx|ni|pa|pe|pr|py|sv|us|uy|ve)",
)


def voices(pool: EnginePool, language: str | None = None) -> list[Voice]:
    """Every voice of every installed model, the default model's first; `es` matches es-419."""
    default = pool.store.default(TASK)
    entries = sorted(pool.store.entries(TASK), key=lambda entry: entry.name != default)
    found: list[Voice] = []
    for entry in entries:
        if folder := pool.store.installed(entry.name):
            found += engines.voices(folder, entry)
    if language is None:
        return found
    tag = _tag(language)
    return [voice for voice in found if _speaks(voice, tag)]


def choose(pool: EnginePool, name: str | None, language: str | None) -> Voice:
    """The voice of that name, or the best one for the language; English by default.

    Raises:
        Unusable: `voice_not_found`, `language_not_available`.
    """
    known = voices(pool)
    if not known:
        pool.get()  # which says why there is none
    if name is None:
        return _for_language(known, language or DEFAULT_LANGUAGE, pool.store.default(TASK))
    voice = next((voice for voice in known if voice.id == name.lower()), None)
    if voice is None:
        raise Unusable(
            "There is no voice named %(name)s. GET /api/v1/tts/voices lists the voices.",
            "voice_not_found",
            name=name,
        )
    if language and not _speaks(voice, _tag(language).partition("-")[0]):
        raise Unusable(
            "The voice %(name)s speaks %(spoken)s, not %(language)s.",
            "language_not_available",
            name=name,
            language=language,
            spoken=voice.language,
        )
    return voice


def guess(pool: EnginePool, text: str) -> Guess | None:
    """Return the language of the text, if it is certain enough and a voice speaks it."""
    found = guess_language(text)
    return found if found and voices(pool, found.language) else None


def _for_language(known: list[Voice], language: str, model: str | None) -> Voice:
    for tag in _lookups(_tag(language)):
        if fit := [voice for voice in known if _speaks(voice, tag)]:
            return min(fit, key=lambda voice: _rank(voice, tag, model))
    raise Unusable(
        "No installed voice speaks %(language)s. GET /api/v1/tts/voices lists the voices.",
        "language_not_available",
        language=language,
    )


def _lookups(tag: str) -> Iterator[str]:
    """The tag, then what is near to it, down to the language alone."""
    yield tag
    if AMERICAN_SPANISH.fullmatch(tag):
        yield "es-419"
    yield tag.partition("-")[0]


def _rank(voice: Voice, tag: str, model: str | None) -> tuple[bool, bool, bool]:
    """Lower is better: of the default model, preferred, of exactly this language."""
    return voice.model != model, voice.id != PREFERRED.get(tag), voice.language.lower() != tag


def _speaks(voice: Voice, tag: str) -> bool:
    spoken = voice.language.lower()
    return spoken == tag or spoken.startswith(f"{tag}-")


def _tag(language: str) -> str:
    tag = language.replace("_", "-").lower()
    return ALIASES.get(tag, tag)
