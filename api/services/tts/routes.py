"""/tts: a text read aloud, when each word of it is said, and the voices there are."""

import json
from contextlib import ExitStack
from typing import Any

from flask import Response
from flask_restx import Resource

from api.errors import invalid
from api.http.auth import signed_in
from api.http.deferral import respond_async
from api.http.idempotency import idempotent
from api.http.inference import Run, inference, pools
from api.http.jobs import most
from api.http.negotiation import OCTETS, heeds_accept, or_octets
from api.http.options import takes_options
from api.http.refusals import busy, refusal
from api.http.restx import Binary, answers_with, takes
from api.http.streaming import streamed, whole
from api.services.tts import schemas, service
from api.services.tts.schemas import namespace
from api.services.tts.service.speaking import Script
from api.services.tts.service.voices import voices
from api.storage import File

LANGUAGE = (
    "`Content-Language` is the language of the voice. If it was guessed from the text, "
    "`Language-Confidence` says how probable it is, up to 1."
)
SPOKEN = (
    "The audio, in the requested format. `Content-Location` is the URL of its history entry. "
    "Except for FLAC, longer texts are streamed: the first sentence is sent at once. " + LANGUAGE
)
MARKED = (
    "One JSON object per line: `time_ms`, `type` (`sentence` or `word`), `start` and `end` "
    "(character positions in the text or SSML), and `value` (the text there). " + LANGUAGE
)
MARK = '{"time_ms": 0, "type": "word", "start": 0, "end": 5, "value": "Hello"}\n'
MANNER = ("text_format", "short_urls", "voice", "language", "speed", "pitch")
SHOWN = ("id", "name", "language", "gender", "engine", "sample_rate")


@namespace.route("")
class Speak(Resource):
    """Speech."""

    @namespace.doc("speak")
    @signed_in(namespace, "tts")
    @takes(namespace, schemas.speech)
    @or_octets(*schemas.MEDIA_TYPES.values())
    @heeds_accept("body", schemas.MEDIA_TYPES)
    @idempotent(namespace)
    @respond_async(namespace)
    @answers_with(namespace, SPOKEN, Binary(), *schemas.MEDIA_TYPES.values(), OCTETS)
    @refusal(namespace, 503, "The server is at capacity, or speech synthesis failed", busy())
    def post(self, body: dict[str, Any]) -> Response:
        """Turn text into speech (WAV, MP3, Opus, FLAC or AAC).

        `format` selects the format, or the `Accept` header if it isn't set.
        """
        asked, form = _asked(body), body["format"]
        with ExitStack() as held:
            run = held.enter_context(inference("tts", _options(body)))
            script = _script(run, asked)
            speech = service.Speech(script, run.lend(script.manner.voice.model), form, run.watch)
            run.input, spoken = asked.file, script.manner.voice.language
            if speech.is_whole:
                (sound,) = speech.chunks()
                answer = whole(run, sound, speech.media_type, spoken, speech.kept)
            else:
                kind = speech.media_type
                answer = streamed(run, speech.chunks(), kind, held, spoken, speech.kept)
            return _with_language(answer, script)


@namespace.route("/marks")
class Marks(Resource):
    """Speech marks."""

    @namespace.doc("speech_marks")
    @signed_in(namespace, "tts")
    @takes(namespace, schemas.speech)
    @or_octets(schemas.NDJSON)
    @idempotent(namespace)
    @respond_async(namespace)
    @answers_with(namespace, MARKED, Binary(), schemas.NDJSON, OCTETS, shown={schemas.NDJSON: MARK})
    @refusal(namespace, 503, "The server is at capacity, or speech synthesis failed", busy())
    def post(self, body: dict[str, Any]) -> Response:
        """Get the time of each sentence and word of a text."""
        asked = _asked(body)
        with inference("tts", _options(body)) as run:
            script = _script(run, asked)
            model = run.lend(script.manner.voice.model)
            marks = service.timings(script, model, run.watch)
            run.input = asked.file
            lines = "".join(json.dumps(mark, ensure_ascii=False) + "\n" for mark in marks)
            file = File(lines.encode(), schemas.NDJSON)
            facts = {**script.facts, "marks": len(marks)}
            spoken = script.manner.voice.language
            answer = whole(run, file.content, schemas.NDJSON, spoken, lambda _: (file, facts))
            return _with_language(answer, script)


@namespace.route("/voices")
class Voices(Resource):
    """Voices."""

    @namespace.doc("list_voices")
    @signed_in(namespace, "tts")
    @takes_options(namespace, schemas.LANGUAGE)
    @namespace.response(200, "All voices of the installed models", schemas.voices)
    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """List the voices.

        The language `es` also finds `es-419`.
        """
        found = voices(pools()["tts"], options["language"])
        return {"items": [{name: getattr(voice, name) for name in SHOWN} for voice in found]}


def _asked(body: dict[str, Any]) -> service.Asked:
    text, ssml = body.get("text"), body.get("ssml")
    if text and ssml:
        raise invalid("ssml", "Send either text or ssml, not both.")
    if text is None and not ssml:
        raise invalid("text", "This field is required.")
    return service.Asked(None if ssml else text, ssml or None, **_manner(body))


def _manner(body: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in body.items() if k in MANNER}


def _options(body: dict[str, Any]) -> dict[str, Any]:
    """What the history keeps beside the text."""
    return {name: value for name, value in body.items() if name not in ("text", "ssml")}


def _with_language(answer: Response, script: Script) -> Response:
    """Add the language of the voice, and how sure that is if it was guessed."""
    answer.headers["Content-Language"] = script.manner.voice.language
    if script.guess:
        answer.headers["Language-Confidence"] = str(script.guess.confidence)
    return answer


def _script(run: Run, asked: service.Asked) -> Script:
    return service.script_of(run.pool, asked, most("characters"))
