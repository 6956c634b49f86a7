"""What text to speech looks like on the wire."""

from flask_restx import Namespace, fields

from api.http.deferral import CALLBACK
from api.http.options import Option
from api.http.restx import NullableString, model
from api.services.tts.service.formats import FORMATS

namespace = Namespace("tts", description="Turn text into speech.")

SSML = (
    "SSML 1.1 with these effects: `p`, `s`, `break` (`time` up to 10s, or `strength`), `prosody` "
    "(`rate`, `pitch`, `range`, `volume`), `emphasis`, `say-as` (`characters`, `digits`, "
    "`telephone`), `sub`, `voice` (`languages`, `gender`), `lang` and `xml:lang`. The other "
    "elements of SSML, and those of other namespaces such as `amazon:effect` and "
    "`mstts:express-as`, have no effect; their text is read. Files and URLs are never fetched."
)
LANGUAGE_TAG = "^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$"
MEDIA_TYPES = {name: form.media_type for name, form in FORMATS.items()}
NDJSON = "application/x-ndjson"
LANGUAGE = Option("language", "Only voices for this language, such as `es` or `es-419`.")

speech = model(
    namespace,
    "Speech",
    shown={"text": "The kettle is on. Tea will be ready in five minutes.", "language": "en"},
    text=fields.String(
        description="Text to speak, instead of `ssml`. At most 5,000 characters "
        "(`PERCEPT_MAX_CHARACTERS`).",
        example="The kettle is on. Tea will be ready in five minutes.",
    ),
    text_format=fields.String(
        enum=["plain", "markdown"],
        example="plain",
        description="With `markdown`, `text` is read without its markup: links as their text, "
        "images as their alternative text, HTML without its tags. Default: plain.",
    ),
    short_urls=fields.Boolean(
        example=False,
        description='Whether URLs are read as host and path, such as "example.com/docs". Default: '
        "true with `markdown`, else false.",
    ),
    ssml=fields.String(description=f"{SSML} An empty value is ignored.", example=""),
    voice=fields.String(
        max_length=64, description="Id of a voice, from `GET /tts/voices`.", example="en-us+f2"
    ),
    language=fields.String(
        max_length=35,
        pattern=LANGUAGE_TAG,
        description="BCP 47 tag. Selects a voice if `voice` is not set. Default: `xml:lang` "
        "of the SSML, else the language that most of the text is written in. English if that is "
        "doubtful, as in texts of one word.",
        example="en",
    ),
    speed=fields.Float(min=0.5, max=2, example=1.0, description="1, the default, is normal speed."),
    pitch=fields.Float(
        min=0.5,
        max=2,
        example=1.0,
        description="2 is one octave higher, 0.5 one octave lower. Default: 1.",
    ),
    format=fields.String(
        enum=list(FORMATS), example="wav", description="Default: by the `Accept` header, or wav."
    ),
    callback_url=fields.String(max_length=CALLBACK.longest, description=CALLBACK.help, example=""),
)
voice = model(
    namespace,
    "Voice",
    id=fields.String(required=True, example="es-419"),
    name=fields.String(required=True, example="Spanish (Latin America)"),
    language=fields.String(required=True, example="es-419", description="BCP 47 language tag."),
    gender=NullableString(required=True, example="male", description="`null` if unknown."),
    engine=fields.String(required=True, example="espeak"),
    sample_rate=fields.Integer(required=True, example=22050, description="Samples per second."),
)
voices = model(
    namespace,
    "Voices",
    items=fields.List(fields.Nested(voice), required=True, description="All voices."),
)
