"""Reads a text aloud: finds a voice, cuts the text, speaks it, and makes a file of it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from api.enginekit.pool import EnginePool, Loaded
from api.enginekit.stopwatch import Stopwatch
from api.errors import PerceptError, TooMuchAtOnce, Unusable, invalid
from api.services.tts.engines import Manner, Skill
from api.services.tts.service import ssml, voices
from api.services.tts.service.document import Document, is_speakable, plain
from api.services.tts.service.formats import FORMATS, at_once, bit_by_bit, put_right
from api.services.tts.service.markdown import read_markdown
from api.services.tts.service.marks import marks
from api.services.tts.service.sentences import cut
from api.services.tts.service.speaking import LONGEST_S, Script, Speaking
from api.services.tts.service.urls import with_short_urls
from api.storage import File


@dataclass(frozen=True)
class Asked:
    """What somebody wants to hear, a text or SSML, and how."""

    text: str | None = None
    ssml: str | None = None
    text_format: Literal["plain", "markdown"] = "plain"
    short_urls: bool | None = None
    voice: str | None = None
    language: str | None = None
    speed: float = 1.0
    pitch: float = 1.0

    @property
    def file(self) -> File:
        """What is to be spoken, as the history keeps it."""
        if self.ssml is not None:
            return File(self.ssml.encode(), "application/ssml+xml")
        return File((self.text or "").encode(), "text/plain; charset=utf-8")


class Speech:
    """A script on its way into a file of one of FORMATS.

    Raises:
        Unusable, Invalid: the model cannot do what is asked of it.
    """

    def __init__(self, script: Script, model: Loaded, form: str, watch: Stopwatch):
        _check(script, model)
        self._speaking = Speaking(script, model, watch)
        self._form, self._watch = form, watch
        self.media_type = FORMATS[form].media_type
        self.is_whole = (
            not FORMATS[form].streams
            or len(script.document.text) <= model.engine.quick_characters
            # It may have to be refused yet, and nothing can be refused once a byte is sent.
            or script.longest_s > LONGEST_S
        )

    def chunks(self) -> Iterator[bytes]:
        """The file, in one or as it grows.

        Raises:
            TooLarge: `audio_too_long`.
            NotReady: `speech_failed`.
        """
        sounds, rate = self._speaking.sounds(), self._speaking.rate
        if self.is_whole:
            yield at_once(self._form, rate, sounds, self._watch)
        else:
            yield from bit_by_bit(self._form, rate, sounds, self._watch)

    def kept(self, sent: list[bytes]) -> tuple[File, dict[str, Any]]:
        """The file as the history keeps it, once all is sent, and what there is to say of it."""
        speaking = self._speaking
        file = put_right(self._form, speaking.rate, sent)
        facts = {
            **speaking.script.facts,
            "format": self._form,
            "characters": len(speaking.script.document.text),
            "duration_s": round(speaking.seconds, 3),
            "sample_rate": speaking.rate,
            "bytes": len(file),
        }
        return File(file, self.media_type), facts


def script_of(pool: EnginePool, asked: Asked, most_characters: int) -> Script:
    """What to speak, sentence by sentence, and with which voice.

    Raises:
        Unusable, Invalid: there is nothing to speak, or no voice for it, or the SSML is not good.
        TooLarge: it is more than so many characters.
    """
    document = _document(asked, most_characters)
    if not is_speakable(document.text):
        raise Unusable("The text contains nothing that can be spoken.", "nothing_to_speak")
    language = asked.language or (None if asked.voice else document.language)
    guess = None if language or asked.voice else voices.guess(pool, document.text)
    voice = voices.choose(pool, asked.voice, guess.language if guess else language)
    manner = Manner(voice, asked.speed, asked.pitch)
    return Script(document, cut(document, voice.language), manner, guess)


def timings(script: Script, model: Loaded, watch: Stopwatch) -> list[dict[str, Any]]:
    """The marks of a script; raises as `Speech` and its `chunks` do."""
    _check(script, model, "marks")
    return [asdict(mark) for mark in marks(Speaking(script, model, watch))]


def _check(script: Script, model: Loaded, *skills: Skill) -> None:
    needed = set(skills)
    if script.document.is_ssml:
        needed.add("ssml")
    if script.manner.pitch != 1:
        needed.add("pitch")
    if lacking := needed - model.engine.skills:
        raise _unskilled(min(lacking), script.manner.voice.id)


def _unskilled(skill: Skill, name: str) -> PerceptError:
    if skill == "ssml":
        return Unusable("The voice %(name)s does not support SSML.", "ssml_unsupported", name=name)
    if skill == "pitch":
        return invalid(
            "pitch", "The voice %(voice)s does not support other values than 1.", voice=name
        )
    return Unusable(
        "The voice %(name)s does not support word times.", "marks_unsupported", name=name
    )


def _document(asked: Asked, most: int) -> Document:
    if asked.ssml is None:
        _check_length(asked.text or "", most)
        document = _text(asked)
    else:
        document = ssml.read(asked.ssml)
    _check_length(document.text, most)
    return document


def _text(asked: Asked) -> Document:
    text = asked.text or ""
    if asked.text_format == "markdown":
        return read_markdown(text, short_urls=asked.short_urls is not False)
    return with_short_urls(text) if asked.short_urls else plain(text)


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise TooMuchAtOnce(
            "The text has %(characters)s characters; the limit is %(limit)s.",
            "text_too_long",
            characters=len(text),
            limit=most,
        )
