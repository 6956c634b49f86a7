"""What speech to text looks like on the wire."""

from flask_restx import Namespace, fields

from api.http.inference import ANSWER_FIELDS
from api.http.options import Option
from api.http.restx import model
from api.services.stt.service import AUTO, SOURCES

namespace = Namespace("stt", description="Turn speech into text.")

JSON = "application/json"
TEXT_TYPES = {
    "text": "text/plain",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
}
LANGUAGE = Option(
    "language",
    "Language of the speech, such as `en` or `es`; `auto` detects it. The languages depend on "
    "the installed models; see `GET /models`. With only an English model, `auto` finds out "
    "whether the speech is English.",
    default=AUTO,
)
WORDS = Option("word_timestamps", "`true`: return the time of each word.", bool, default=False)
FORMATS = {"json": JSON, **TEXT_TYPES}
SHOWN = {
    "text/plain": "What time is it?\n",
    "application/x-subrip": "1\n00:00:00,120 --> 00:00:01,840\nWhat time is it?\n",
    "text/vtt": "WEBVTT\n\n00:00:00.120 --> 00:00:01.840\nWhat time is it?\n",
}
FORMAT = Option(
    "format",
    "Format of the response. Default: by the `Accept` header, or json.",
    choices=tuple(FORMATS),
)
MODEL = Option("model", "Name of an installed model; see `GET /models`.")
TRACK = Option(
    "track",
    "Number of the audio track in a file with several, from 1. Default: the file's default track. "
    "If nobody speaks in it, or it cannot be decoded: the first track in which somebody speaks.",
    int,
    minimum=1,
)
OPTIONS = (LANGUAGE, WORDS, FORMAT, MODEL, TRACK)

# fmt: off
# Containers and codecs by the many names that programs give them; what a file is, is found out from
# its content.
_AUDIO = (
    "3gpp", "3gpp2", "aac", "ac3", "aiff", "alac", "amr", "amr-wb", "ape", "basic", "caf", "eac3",
    "flac", "matroska", "mp4", "mpeg", "ogg", "opus", "speex", "vnd.dts", "vorbis", "wav",
    "wavpack", "webm", "x-aiff", "x-alac", "x-amr", "x-ape", "x-au", "x-caf", "x-matroska",
    "x-ms-wma", "x-opus", "x-voc", "x-wavpack",
)
_VIDEO = (
    "3gpp", "3gpp2", "avi", "matroska", "mp2t", "mp4", "mpeg", "ogg", "quicktime", "webm", "x-flv",
    "x-m4v", "x-matroska", "x-ms-asf", "x-ms-wmv", "x-msvideo",
)
# fmt: on
MEDIA_TYPES = (
    *(f"audio/{name}" for name in _AUDIO),
    *(f"video/{name}" for name in _VIDEO),
    "application/ogg",
)

word = model(
    namespace,
    "Word",
    start=fields.Float(required=True, min=0, example=0.32, description="Duration in seconds."),
    end=fields.Float(required=True, min=0, example=0.58, description="Duration in seconds."),
    word=fields.String(required=True, example="what"),
    confidence=fields.Float(min=0, max=1, example=0.97),
)
segment = model(
    namespace,
    "Segment",
    start=fields.Float(required=True, min=0, example=0.12, description="Duration in seconds."),
    end=fields.Float(required=True, min=0, example=1.84, description="Duration in seconds."),
    text=fields.String(required=True, example="What time is it?"),
    words=fields.List(
        fields.Nested(word), description="Only with `word_timestamps`, if the model supports it."
    ),
)
answer = model(
    namespace,
    "Answer",
    **ANSWER_FIELDS,
    text=fields.String(required=True, example="What time is it?"),
    language=fields.String(
        required=True,
        example="en",
        description="Language of the speech; `und` (undetermined) where it is not known.",
    ),
    language_source=fields.String(
        required=True,
        enum=SOURCES,
        example="detected",
        description="How the language is known: `requested` by the client, `detected`, or why "
        "it is not known: `uncertain`, or `no_speech`. Where it is `uncertain`, the speech is "
        "probably in a language that the model does not understand, and the text is not to be "
        "relied on.",
    ),
    language_confidence=fields.Float(
        min=0, max=1, example=0.94, description="Confidence of a detected language."
    ),
    duration=fields.Float(required=True, min=0, example=1.976, description="Duration in seconds."),
    segments=fields.List(fields.Nested(segment), required=True),
    track=fields.Integer(
        min=1, example=2, description="Audio track that was transcribed, if there are several."
    ),
    tracks=fields.Integer(
        min=2, example=3, description="Number of audio tracks, if there are several."
    ),
)
