"""What text to speech looks like on the wire."""

from flask_restx import Namespace, fields

from api.http.deferral import CALLBACK
from api.http.options import Option
from api.http.restx import NullableString, model
from api.services.tts.service.formats import FORMATS

namespace = Namespace("tts", description="A text read aloud.")

SSML = (
    "SSML with the elements `speak`, `p`, `s`, `break` (`time` up to 10s, or `strength`), "
    "`prosody` (`rate`, `pitch`, `volume`), `emphasis`, `say-as` (`characters`, `digits`, "
    "`telephone`), `sub` and `mark` (which has no sound); any other is refused, above all what "
    "names files or addresses."
)
LANGUAGE_TAG = "^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$"
MEDIA_TYPES = tuple(form.media_type for form in FORMATS.values())
NDJSON = "application/x-ndjson"
LANGUAGE = Option("language", "Only voices for this language, such as `es` or `es-419`.")

speech = model(
    namespace,
    "Speech",
    text=fields.String(
        description="What to read; give this or `ssml`. At most 5,000 characters "
        "(`PERCEPT_MAX_CHARACTERS`).",
        example="The kettle is on. Tea will be ready in five minutes.",
    ),
    ssml=fields.String(description=f"{SSML} Empty counts as not given.", example=""),
    voice=fields.String(
        max_length=64, description="Id of a voice, from `GET /tts/voices`.", example="en-us+f2"
    ),
    language=fields.String(
        max_length=35,
        pattern=LANGUAGE_TAG,
        description="BCP 47; picks a voice where none is named. English otherwise.",
        example="en",
    ),
    speed=fields.Float(min=0.5, max=2, default=1.0, example=1.0, description="1 is normal."),
    pitch=fields.Float(
        min=0.5, max=2, default=1.0, example=1.0, description="2 is an octave up, 0.5 one down."
    ),
    format=fields.String(enum=list(FORMATS), default="wav", example="wav"),
    callback_url=fields.String(max_length=CALLBACK.longest, description=CALLBACK.help, example=""),
)
voice = model(
    namespace,
    "Voice",
    id=fields.String(required=True, example="es-419"),
    name=fields.String(required=True, example="Spanish (Latin America)"),
    language=fields.String(required=True, example="es-419", description="BCP 47."),
    gender=NullableString(required=True, example="male", description="null where unknown."),
    engine=fields.String(required=True, example="espeak"),
    sample_rate=fields.Integer(required=True, example=22050, description="Samples a second."),
)
voices = model(
    namespace,
    "Voices",
    items=fields.List(fields.Nested(voice), required=True, description="All of them."),
)
