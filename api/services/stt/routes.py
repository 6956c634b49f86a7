"""/stt: a recording becomes text, or subtitles."""

from dataclasses import asdict
from typing import Any

from flask_restx import Resource

from api.http.auth import signed_in
from api.http.deferral import CALLBACK, respond_async
from api.http.history import stores_files
from api.http.idempotency import idempotent
from api.http.inference import inference
from api.http.jobs import most
from api.http.negotiation import heeds_accept
from api.http.options import takes_options
from api.http.refusals import busy, refusal
from api.http.restx import answers_with
from api.http.streaming import whole
from api.http.uploads import takes_file
from api.services.stt import schemas, service
from api.services.stt.schemas import namespace
from api.storage import File


@namespace.route("")
class SpeechToText(Resource):
    """One recording."""

    @namespace.doc("transcribe")
    @signed_in(namespace, "stt")
    @takes_file(namespace, "audio", schemas.MEDIA_TYPES)
    @takes_options(namespace, *schemas.OPTIONS, CALLBACK)
    @heeds_accept("options", schemas.FORMATS)
    @idempotent(namespace)
    @respond_async(namespace)
    @answers_with(
        namespace,
        "The transcript, in the requested format",
        schemas.answer,
        *schemas.FORMATS.values(),
        shown=schemas.SHOWN,
    )
    @refusal(namespace, 503, "The server is at capacity, or has no model", busy())
    def post(self, audio: File, options: dict[str, Any]) -> Any:
        """Transcribe an audio or video file of any common format."""
        language = service.code_of(options["language"])
        wanted = service.Wanted(language, options["word_timestamps"])
        limits = service.Limits(most("audio_minutes"), stores_files(), options["track"])
        with inference("stt", options) as run:
            name = service.choose(run.pool.store, options["model"], wanted)
            found = service.transcribe(run.lend(name), audio.content, wanted, limits, run.watch)
            run.input = found.copy
            text = _as_text(found, options["format"])
            if text is None:
                return run.answer(found.language.code, **_result(found))
            kind = f"{schemas.TEXT_TYPES[options['format']]}; charset=utf-8"
            file, result = File(text.encode(), kind), _result(found)
            answer = whole(run, file.content, kind, found.language.code, lambda _: (file, result))
            if found.language.code != service.UNDETERMINED:
                answer.headers["Content-Language"] = found.language.code
            return answer


def _as_text(found: service.Transcript, wanted: str) -> str | None:
    """The transcript in a format of text; None for JSON."""
    if wanted == "text":
        return f"{found.text}\n"
    subtitles = {"srt": service.srt, "vtt": service.vtt}
    return subtitles[wanted](found.segments) if wanted in subtitles else None


def _result(found: service.Transcript) -> dict[str, Any]:
    language = found.language
    sure = {} if language.confidence is None else {"language_confidence": language.confidence}
    several = {"track": found.track, "tracks": found.tracks} if found.tracks > 1 else {}
    return {
        "text": found.text,
        "language": language.code,
        "language_source": language.source,
        **sure,
        "duration": found.duration,
        "segments": [_shown(segment) for segment in found.segments],
        **several,
    }


def _shown(segment: service.Segment) -> dict[str, Any]:
    shown = asdict(segment)
    return shown if segment.words is not None else {k: v for k, v in shown.items() if k != "words"}
