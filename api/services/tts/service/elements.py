"""The elements of SSML 1.1 (https://www.w3.org/TR/speech-synthesis11/), and how eSpeak is told.

Each attribute has a pattern for what the standard allows, and for what Amazon, Google and
Microsoft allow beside it. eSpeak gets percentages and labels, within what it can do.
"""

import re

Attributes = dict[str, str]
NUMBER = r"(?:\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})"
TIME = rf"\+?{NUMBER}(?:ms|s)"
ANY = r"(?s:.{0,2000})"
NAME = r"\S{1,128}"
LANGUAGE = r"(?:[A-Za-z]{1,8}(?:[-_][A-Za-z0-9]{1,8})*)?"
RELATIVE = rf"[+-]?{NUMBER}(?:%|Hz|st)?"
LOW_TO_HIGH = f"x-low|low|medium|high|x-high|default|{RELATIVE}"
AT = rf"\(\s*[+-]?{NUMBER}%\s*,\s*(?:{LOW_TO_HIGH})\s*\)"
# For every element; what is in other namespaces than XML's is never looked at.
EVERYWHERE = {
    "xml:lang": LANGUAGE,
    "xml:base": ANY,
    "xml:id": NAME,
    "xml:space": "default|preserve",
    "onlangfailure": "changevoice|ignoretext|ignorelang|processorchoice",
}
FETCHING = ("fetchtimeout", "fetchhint", "maxage", "maxstale", "clipBegin", "clipEnd")
ELEMENTS: dict[str, dict[str, str]] = {
    "speak": {"version": r"1\.[01]", "startmark": NAME, "endmark": NAME},
    "p": {},
    "s": {},
    "token": {"role": ANY},
    "w": {"role": ANY},
    "break": {"strength": "none|x-weak|weak|medium|strong|x-strong", "time": TIME},
    "prosody": {
        "rate": rf"x-slow|slow|medium|fast|x-fast|default|[+-]?{NUMBER}%?",
        "pitch": LOW_TO_HIGH,
        "range": LOW_TO_HIGH,
        "volume": rf"silent|x-soft|soft|medium|loud|x-loud|default|[+-]?{NUMBER}(?:dB|%)?",
        "contour": rf"{AT}(?:\s*{AT}){{0,99}}",
        "duration": TIME,
    },
    "emphasis": {"level": "strong|moderate|none|reduced"},
    "say-as": {"interpret-as": NAME, "format": ANY, "detail": ANY},
    "sub": {"alias": ANY},
    "phoneme": {"ph": ANY, "alphabet": NAME, "type": NAME},
    "mark": {"name": NAME},
    "lang": {},
    "voice": {
        "gender": "male|female|neutral|",
        "age": r"\d{0,3}",
        "variant": r"[\d\s]{0,64}",
        "name": ANY,
        "languages": ANY,
        "required": ANY,
        "ordering": ANY,
        "onvoicefailure": "priorityselect|keepexisting|processorchoice",
    },
    "audio": dict.fromkeys(
        ("src", *FETCHING, "repeatCount", "repeatDur", "soundLevel", "speed"), ANY
    ),
    "desc": {},
    "lexicon": {"uri": ANY, "type": ANY} | dict.fromkeys(FETCHING, ANY),
    "lookup": {"ref": NAME},
    "meta": {"name": ANY, "content": ANY, "http-equiv": ANY},
    "metadata": {},
}
NEEDED = {
    "say-as": "interpret-as",
    "sub": "alias",
    "mark": "name",
    "phoneme": "ph",
    "lang": "xml:lang",
    "lookup": "ref",
}
BLOCKS = ("p", "s")
EMPTY = ("break", "mark", "lexicon", "meta")
TEXT_ONLY = ("sub", "say-as", "phoneme")
# Nothing in these is spoken.
UNSPOKEN = ("desc", "metadata")
# eSpeak spells digits one by one only under its own name for that.
SAID = dict.fromkeys(("characters", "spell-out", "verbatim"), "characters")
SAID |= dict.fromkeys(("digits", "telephone"), "tts:char")
# Names such as es-MX-DaliaNeural and en-us+f2; names of people say nothing of a language.
NAMED = re.compile(r"([a-z]{2}(?:-(?:[A-Za-z]{2}|\d{3}))?)(?:[-+].*)?")
# Between the usual pitch of women and of men: a voice is not known yet when SSML is read.
USUAL_HZ = 160
LIMITS = {"rate": (20, 500), "pitch": (10, 300), "range": (0, 300), "volume": (0, 100)}


def declared_namespaces(attributes: Attributes) -> dict[str, str]:
    """Return the namespaces that an element declares, by their prefixes."""
    found = {key.partition(":")[::2]: value for key, value in attributes.items()}
    return {prefix: value for (name, prefix), value in found.items() if name == "xmlns"}


def is_ours(attribute: str) -> bool:
    """Return whether it is an attribute of SSML or XML, and not of another namespace."""
    prefix, _, _ = attribute.rpartition(":")
    return prefix == "xml" or (prefix == "" and attribute != "xmlns")


def seconds(time: str) -> float:
    """Return how long a time of SSML is, such as 250ms or .5s."""
    return float(time.removesuffix("ms")) / 1000 if time.endswith("ms") else float(time[:-1])


def espeak_tags(name: str, attributes: Attributes) -> list[str]:
    """Return the tags that tell eSpeak what the element asks for, outermost first."""
    tags = []
    if name != "speak" and (language := _language(name, attributes)):
        tags.append(f'<voice xml:lang="{language}">')
    if (gender := attributes.get("gender")) in ("male", "female"):
        tags.append(f'<voice gender="{gender}">')
    if name == "say-as" and (said := SAID.get(attributes["interpret-as"])):
        tags.append(f'<say-as interpret-as="{said}">')
    if name == "emphasis":
        tags.append(_written(name, attributes))
    if name == "prosody":
        known = {key: _amount(key, value) for key, value in attributes.items() if key in LIMITS}
        tags += [_written(name, known)] if known else []
    return tags


def without_language(tags: tuple[str, ...], language: str) -> tuple[str, ...]:
    """Leave out what asks for the language that the voice speaks anyway."""
    return tuple(tag for tag in tags if not _asks_for(tag, language.lower()))


def _asks_for(tag: str, language: str) -> bool:
    found = re.fullmatch(r'<voice xml:lang="(.*)">', tag)
    wanted = found[1].lower() if found else ""
    is_latin_american = language == "es-419" and wanted.startswith("es-")
    return bool(found) and (f"{language}-".startswith(f"{wanted}-") or is_latin_american)


def _written(name: str, attributes: Attributes) -> str:
    written = [f'{key}="{value}"' for key, value in attributes.items() if ":" not in key]
    return f"<{' '.join([name, *written])}>"


def _language(name: str, attributes: Attributes) -> str:
    """Return the language that the element's text is in, or "" if it doesn't say so."""
    language = attributes.get("xml:lang", "")
    if name == "voice":
        wanted = [*attributes.get("languages", "").split(), *attributes.get("name", "").split()]
        found = [NAMED.fullmatch(one.rpartition(":")[2]) for one in wanted]
        language = language or next((one[1] for one in found if one), "")
    return language.replace("_", "-")


def _amount(key: str, value: str) -> str:
    """Return a label as it is, and a number as a percentage."""
    parts = re.fullmatch(rf"([+-]?)({NUMBER})(%|Hz|st|dB|)", value)
    if parts is None:
        return "100%" if value == "default" else value
    sign, number, unit = parts[1], float(parts[2]), parts[3]
    change = -number if sign == "-" else number
    if unit in ("st", "dB"):
        percent = 100 * 2 ** (min(change, 60) / 12) if unit == "st" else 100 * 10 ** (change / 20)
    elif unit == "Hz":
        percent = (100 if sign else 0) + 100 * change / USUAL_HZ
    elif unit == "" and key == "rate":
        percent = (100 if sign else 0) + 100 * change
    else:
        percent = (100 if sign else 0) + change
    least, most = LIMITS[key]
    return f"{round(min(max(percent, least), most))}%"
