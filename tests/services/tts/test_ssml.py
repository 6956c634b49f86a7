"""SSML: what is understood, what is refused, and what each element does."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.errors import Invalid, TooLarge
from api.services.tts.service.document import Document
from api.services.tts.service.sentences import cut
from api.services.tts.service.ssml import read

Say = Callable[..., Any]
Listen = Callable[[bytes], Any]

GOOD = [
    "<speak>Hello</speak>",
    '<speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-GB">Hi</speak>',
    "<?xml version='1.0' encoding='UTF-8'?><speak><p><s>One.</s><s>Two.</s></p></speak>",
    '<speak>a<break/>b<break time="1.5s"/>c<break strength="x-strong"/></speak>',
    '<speak><prosody rate="slow" pitch="+20%" volume="soft">Hi</prosody></speak>',
    '<speak><prosody rate="150%">Very <emphasis level="strong">big</emphasis></prosody></speak>',
    '<speak><say-as interpret-as="characters">abc</say-as></speak>',
    '<speak><sub alias="World Wide Web">WWW</sub></speak>',
    '<speak>Go <mark name="here"/> on &amp; on &#233; <![CDATA[1 < 2]]><!-- a --></speak>',
    '<speak>a<break time=".5s"/>b<break time="+1.5s"/>c<break time="1.s" strength="weak"/></speak>',
    '<speak><prosody rate="+10.5%">a</prosody> <prosody rate="0.8" pitch="9Hz">b</prosody></speak>',
    '<speak><prosody rate="default" pitch="+2st" volume="+6dB" range="-20Hz">Hi</prosody></speak>',
    '<speak><prosody rate="0%">Hi</prosody> <prosody rate="1000%" pitch="-9%">a</prosody></speak>',
    '<speak><prosody contour="(0%,+20Hz) (50%, +9)(99%,low)" duration="2s">Hi</prosody></speak>',
    '<speak><p xml:lang="es">Hola</p><s xml:id="a">a <w role="n">a</w><token>b</token></s></speak>',
    '<speak version="1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="http://www.w3.org/2001/10/synthesis x.xsd" xml:base="http://a.b/">Hi</speak>',
    '<!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN" '
    '"http://www.w3.org/TR/speech-synthesis/synthesis.dtd"><speak version="1.0">Hi</speak>',
    "<!-- a --><?php echo 1 ?><speak>Hi<?x y?><!-- b --></speak><!-- c -->",
    '<speak><say-as interpret-as="date" format="ymd" detail="1">2026-11-25</say-as></speak>',
    '<speak><phoneme alphabet="ipa" ph="pe.kan">pecan</phoneme></speak>',
    '<speak><lexicon uri="file:///etc/passwd" xml:id="l"/><meta name="x" content="y"/>'
    "<metadata><x>no</x></metadata><lookup ref='l'>Hi</lookup></speak>",
    '<speak><voice name="en-US-JennyNeural" gender="female" required="name">Hi</voice></speak>',
    '<speak><voice languages="es:es-MX fr" age="30" variant="2">Hola</voice> Joe</speak>',
    '<speak><lang xml:lang="fr-FR" onlangfailure="ignorelang">Bonjour</lang></speak>',
    '<speak>Hi<audio src="http://127.0.0.1:9/x.wav"><desc>a bell</desc>ring</audio></speak>',
    '<speak>Hi<audio src="/etc/hostname"/></speak>',
    '<speak><amazon:effect name="whispered">Hi</amazon:effect><amazon:breath/></speak>',
    '<speak xmlns:mstts="https://www.w3.org/2001/mstts"><mstts:express-as style="sad">Hi'
    '</mstts:express-as><prosody amazon:max-duration="2s">you</prosody></speak>',
    '<ssml:speak xmlns:ssml="http://www.w3.org/2001/10/synthesis"><ssml:p>Hi</ssml:p></ssml:speak>',
    "\ufeff<speak>Hi</speak>",
]
BAD = [
    "Hello",
    "<speak>Hello",
    "<speak>Hello</speak><speak/>",
    "<p>Hello</p>",
    "<speak><speak>Hello</speak></speak>",
    '<speak onlangfailure="x">Hi</speak>',
    '<speak xmlns="http://www.w3.org/1999/xhtml">Hi</speak>',
    '<!DOCTYPE speak SYSTEM "http://127.0.0.1:9/x.dtd"><speak>Hi</speak>',
    '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/hostname">]><speak>&x;</speak>',
    '<!DOCTYPE speak [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><speak>&b;</speak>',
    "<speak>&nbsp;Hi</speak>",
    '<speak>Hi<break time="10.1s"/></speak>',
    '<speak>Hi<break time="99999999999999s"/></speak>',
    '<speak>Hi<break time="-1s"/></speak>',
    "<speak><break>Hi</break></speak>",
    "<speak><say-as>1</say-as></speak>",
    "<speak><sub>Hi</sub></speak>",
    '<speak><sub alias="a"><break/></sub></speak>',
    f"<speak>{'<prosody>' * 40}Hi{'</prosody>' * 40}</speak>",
    "<speak>\x01</speak>",
    "<speak><soeak>Hi</soeak></speak>",
    '<speak><p xmlns="http://www.w3.org/1999/xhtml"><b>Hi</b></speak>',
    '<x:speak xmlns:x="urn:x">Hi</x:speak>',
    '<speak>Hi<break time="5"/></speak>',
    '<speak>Hi<break time="1 s"/></speak>',
    '<speak>Hi<break strength="huge"/></speak>',
    '<speak>Hi<break time="1e1s"/></speak>',
    '<speak>Hi<break length="1s"/></speak>',
    '<speak><prosody rate="quick">Hi</prosody></speak>',
    '<speak><prosody pitch="+2db">Hi</prosody></speak>',
    '<speak><prosody volume="+6">Hi</prosody><prosody contour="(0,1)">Hi</prosody></speak>',
    '<speak><emphasis level="high">Hi</emphasis></speak>',
    "<speak><lang>Hi</lang></speak>",
    "<speak><phoneme alphabet='ipa'>Hi</phoneme></speak>",
    '<speak xml:lang="e n">Hi</speak>',
    '<!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN" "x.dtd"><speak>&nbsp;Hi</speak>',
    '<!DOCTYPE speak PUBLIC "-//W3C//DTD SYNTHESIS 1.0//EN" "x.dtd" [<!ENTITY a "b">]>'
    "<speak>&a;</speak>",
]


def contents(document: Document) -> list[str]:
    return [part.piece.content for sentence in cut(document, "en") for part in sentence.parts]


@pytest.mark.parametrize("ssml", GOOD)
def test_what_is_understood(say: Say, listen: Listen, ssml: str) -> None:
    """It is spoken."""
    answer = say(ssml=ssml)
    assert answer.status_code == 200, answer.text
    assert listen(answer.data).seconds > 0.3


@pytest.mark.parametrize("ssml", BAD)
def test_what_is_refused(ssml: str) -> None:
    """All else is, by the field that it came in."""
    with pytest.raises(Invalid) as refused:
        read(ssml)
    assert [error.field for error in refused.value.errors] == ["ssml"]


@pytest.mark.parametrize(
    ("ssml", "start", "words"),
    [
        (
            "<speak>\n Hi<brake/></speak>",
            "<brake> is not allowed here (line 2, column 4)",
            "prosody",
        ),
        (
            '<speak><s lang="es">Hi</s></speak>',
            "<s lang> is not an attribute (line 1",
            "xml:lang",
        ),
        ('<speak><break time="2"/></speak>', '<break time="2"> has a value', "(line 1, column 8)"),
        ("<speak><sub>Hi</sub></speak>", "<sub alias> is missing (line 1, column 8)", "."),
        ('<speak>a<break time="11s"/></speak>', '<break time="11s"> is longer than 10 s', "line 1"),
    ],
)
def test_a_refusal_says_what_and_where(say: Say, ssml: str, start: str, words: str) -> None:
    """And what may be used in its place."""
    answer = say(ssml=ssml)
    assert answer.status_code == 422
    (problem,) = answer.get_json()["errors"]
    assert problem["field"] == "ssml"
    assert problem["message"].startswith(start)
    assert words in problem["message"]


@pytest.mark.parametrize("name", ["ssml_cdata_ampersand.json", "ssml_standard_forms.json"])
def test_the_ssml_of_the_reports(say: Say, shared: Path, name: str) -> None:
    """Each is spoken."""
    documents = json.loads((shared / "data" / "reports" / name).read_bytes())["ssml"]
    for ssml in [documents] if isinstance(documents, str) else documents:
        assert say(ssml=ssml).status_code == 200


@pytest.mark.parametrize(
    ("inside", "written"),
    [
        ('<prosody rate="+10.5%">a</prosody>', '<prosody rate="110%">a</prosody>'),
        ('<prosody rate="0.5">a</prosody>', '<prosody rate="50%">a</prosody>'),
        ('<prosody rate="0%">a</prosody>', '<prosody rate="20%">a</prosody>'),
        ('<prosody rate="default">a</prosody>', '<prosody rate="100%">a</prosody>'),
        ('<prosody volume="-6dB">a</prosody>', '<prosody volume="50%">a</prosody>'),
        ('<prosody volume="+6dB">a</prosody>', '<prosody volume="100%">a</prosody>'),
        ('<prosody pitch="+12st">a</prosody>', '<prosody pitch="200%">a</prosody>'),
        ('<prosody pitch="-16Hz">a</prosody>', '<prosody pitch="90%">a</prosody>'),
        ('<prosody contour="(0%,+20Hz)">a</prosody>', "a"),
        ('<s xml:lang="es-MX">a</s>', '<voice xml:lang="es-MX">a</voice>'),
        ('<s xml:lang="en">a</s>', "a"),
        (
            '<voice name="es-ES-Elvira" gender="female">a</voice>',
            '<voice xml:lang="es-ES"><voice gender="female">a</voice></voice>',
        ),
        ('<voice name="Joanna">a</voice>', "a"),
        ('<say-as interpret-as="tts:key">a</say-as>', "a"),
        ('a<amazon:effect name="x">b</amazon:effect>', "ab"),
        ('a<audio src="/etc/passwd"><desc>no</desc>b</audio>', "ab"),
        ("a<metadata>no<p>no</p></metadata>", "a"),
        ('<sub alias="&lt;AT&amp;T>">a</sub>', "&lt;AT&amp;T&gt;"),
        ('a<sub alias="b"/>', "ab"),
        ("a<break time='.5s'/>b", 'a<break time="500ms"/>b'),
        ("a<![CDATA[]]]]><![CDATA[>&amp;]]>&lt;;", "a]]&gt;&amp;amp;&lt;;"),
    ],
)
def test_what_the_synthesiser_gets(inside: str, written: str) -> None:
    """Percentages, labels and languages that it knows, but not that of the voice once more."""
    assert contents(read(f"<speak>{inside}</speak>")) == [f"<speak>{written}</speak>"]


def test_nothing_is_fetched_or_read(say: Say, tmp_path: Path) -> None:
    """What SSML refers to is not asked for, neither by address nor by file name."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        ssml = (
            f'<speak xml:base="{url}"><lexicon uri="{url}" xml:id="a"/>'
            f'<audio src="{url}">Hi</audio><audio src="{tmp_path}/x.wav"/></speak>'
        )
        assert say(ssml=ssml).status_code == 200
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_hours_of_pauses_are_refused() -> None:
    """Each may last 10 seconds, all together 300."""
    assert read('<speak>Hi<break time="10s"/></speak>').paused_s == 10
    with pytest.raises(TooLarge):
        read("<speak>Hi" + 31 * '<break time="10s"/>' + "</speak>")


def test_only_what_was_understood_reaches_the_synthesiser() -> None:
    """Each sentence is a document of its own, written anew, with the elements around it."""
    source = (
        '<speak><p>Tom &amp; <prosody rate="fast">Jerry ran.\n'
        'Then <emphasis>he</emphasis> stopped.</prosody></p> <break time="1.5s"/>Bye '
        '<sub alias="WWW &lt; 2">w</sub><mark name="m"/>.</speak>'
    )
    source = source.replace("&lt;", "lower than")
    assert contents(read(source)) == [
        '<speak>Tom &amp; <prosody rate="fast">Jerry ran.</prosody></speak>',
        '<speak><prosody rate="fast"> Then <emphasis>he</emphasis> stopped.</prosody></speak>',
        '<speak> <break time="1500ms"/>Bye WWW lower than 2.</speak>',
    ]


def test_every_character_knows_where_it_came_from() -> None:
    """Names of characters, comments, line ends and letters of two bytes do not shift the rest."""
    source = "<speak>é&#x41;<!-- ñ -->\r\n&amp;<b/>zé</speak>".replace("<b/>", "<break/>")
    document = read(source)
    assert document.text == "éA &zé"
    found = [source[start:end] for start, end in document.spans]
    assert found == ["é", "&#x41;", "\r", "&amp;", "z", "é"]


@pytest.mark.parametrize(
    "inside", ["& more", "&", "a & b\n&c", "&amp;", "& ;", "\n&\r\n& é&", "1 < 2 & 3 > 2"]
)
def test_what_need_not_be_escaped(inside: str) -> None:
    """In a CDATA section an ampersand is one, wherever it stands."""
    source = f"<speak><![CDATA[{inside}]]>&amp;</speak>"
    document = read(source)
    plain = inside.replace("\r\n", "\n").replace("\n", " ")
    assert document.text == f"{plain}&"
    found = [source[start:end] for start, end in document.spans]
    assert found == [*inside.replace("\r\n", "\r"), "&amp;"]


def test_a_replaced_text_is_where_it_stands() -> None:
    """The alias stands for all of the text, with its entities and sections."""
    source = '<speak>a <sub alias="and so on">A&amp;B<!-- x --><![CDATA[;&]]></sub>; b</speak>'
    document = read(source)
    assert document.text == "a and so on; b"
    start, end = document.spans[2]
    assert source[start:end] == "A&amp;B<!-- x --><![CDATA[;&"
    assert source[slice(*document.spans[-1])] == "b"


@pytest.mark.parametrize(
    ("slower", "faster", "ratio"),
    [
        ('Hello<break time="2s"/>you', "Hello you", 2),
        ('<prosody rate="50%">Hello my friends</prosody>', "Hello my friends", 1.4),
        ('<say-as interpret-as="characters">hello</say-as>', "hello", 1.4),
        ('<say-as interpret-as="digits">777</say-as>', "7", 1.4),
        ('<sub alias="World Wide Web">w</sub>', "w", 1.4),
    ],
)
def test_elements_have_an_effect(
    say: Say, listen: Listen, slower: str, faster: str, ratio: float
) -> None:
    """What pauses, slows down or spells out takes longer."""
    long, short = (say(ssml=f"<speak>{inside}</speak>") for inside in (slower, faster))
    assert listen(long.data).seconds > ratio * listen(short.data).seconds


def test_the_language_of_the_document_picks_the_voice(say: Say, client: Any, ada: Any) -> None:
    """`xml:lang` counts where neither voice nor language is asked for."""
    ssml = '<speak xml:lang="es-MX">Hola</speak>'
    answers = [say(ssml=ssml), say(ssml=ssml, language="fr"), say(ssml=ssml, voice="de")]
    places = [answer.headers["Content-Location"] for answer in answers]
    entries = [client.get(place, headers=ada["headers"]).get_json() for place in places]
    assert [entry["result"]["voice"] for entry in entries] == ["es-419", "fr-fr", "de"]
    assert entries[0]["input_type"] == "application/ssml+xml"
