"""SSML: what is understood, what is refused, and what each element does."""

from collections.abc import Callable
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
]
BAD = [
    "Hello",
    "<speak>Hello",
    "<speak>Hello</speak><speak/>",
    "<p>Hello</p>",
    "<speak><speak>Hello</speak></speak>",
    '<speak>Hi<audio src="http://127.0.0.1:9/x.wav"/></speak>',
    '<speak>Hi<audio src="/etc/hostname"/></speak>',
    '<speak><lexicon uri="file:///etc/passwd"/>Hi</speak>',
    '<speak><meta name="x" content="y"/>Hi</speak>',
    '<speak><voice name="es">Hi</voice></speak>',
    '<speak xml:base="http://127.0.0.1:9/">Hi</speak>',
    '<speak onlangfailure="x">Hi</speak>',
    '<speak xmlns="http://www.w3.org/1999/xhtml">Hi</speak>',
    '<speak xmlns:x="urn:x"><x:p>Hi</x:p></speak>',
    '<!DOCTYPE speak SYSTEM "http://127.0.0.1:9/x.dtd"><speak>Hi</speak>',
    '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/hostname">]><speak>&x;</speak>',
    '<!DOCTYPE speak [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><speak>&b;</speak>',
    "<speak>&nbsp;Hi</speak>",
    '<speak>Hi<break time="10.1s"/></speak>',
    '<speak>Hi<break time="99999999999999s"/></speak>',
    '<speak>Hi<break time="-1s"/></speak>',
    "<speak><break>Hi</break></speak>",
    '<speak><prosody rate="0%">Hi</prosody></speak>',
    '<speak><prosody rate="1000%">Hi</prosody></speak>',
    '<speak><prosody pitch="200Hz">Hi</prosody></speak>',
    '<speak><prosody contour="(0%,+20Hz)">Hi</prosody></speak>',
    "<speak><say-as>1</say-as></speak>",
    '<speak><say-as interpret-as="tts:key">1</say-as></speak>',
    "<speak><sub>Hi</sub></speak>",
    '<speak><sub alias="a"><break/></sub></speak>',
    f"<speak>{'<prosody>' * 40}Hi{'</prosody>' * 40}</speak>",
    "<speak>\x01</speak>",
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


def test_a_refusal_names_the_element(say: Say) -> None:
    """And what may be used in its place."""
    answer = say(ssml='<speak>Hi<audio src="x.wav"/></speak>')
    assert answer.status_code == 422
    (problem,) = answer.get_json()["errors"]
    assert problem["field"] == "ssml"
    assert problem["message"].startswith("<audio> is not allowed here.")
    assert "prosody" in problem["message"]


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
