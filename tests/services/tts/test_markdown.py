"""Markdown and URLs, read as people read them, with places in the source."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from api.services.tts.service.markdown import read_markdown
from api.services.tts.service.sentences import cut
from api.services.tts.service.urls import with_short_urls

Say = Callable[..., Any]


def sentences(source: str) -> list[str]:
    document = read_markdown(source, short_urls=True)
    found = cut(document, "en")
    return [" ".join(document.text[one.start : one.end].split()) for one in found]


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("# A *title* here\nThe **text** of `it`.", ["A title here", "The text of it."]),
        ("Title\n=====\n\nText", ["Title", "Text"]),
        ("One line\nand the next.\n\nMore", ["One line and the next.", "More"]),
        ("See [the docs](https://a.b/c_(d) 'title')now.", ["See the docsnow."]),
        ("[one][1], [two] and <https://www.a.b/c>\n\n[1]: x\n[two]: y", ["one, two and a.b/c"]),
        ("1. Milk\n2. *Eggs*\n   - white\n   - brown", ["1. Milk", "2. Eggs", "white", "brown"]),
        ("7) Milk\n8) Eggs", ["7) Milk", "8) Eggs"]),
        ("* Milk\n* Eggs\n\n---\n\n+ Bread", ["Milk", "Eggs", "Bread"]),
        ("> quoted\n> text", ["quoted text"]),
        ("| a | b |\n|---|:-:|\n| c\\|d | *e* |", ["a", "b", "c|d", "e"]),
        ("```py\nx = 1\ny = 2\n```\n\n    z = 3", ["x = 1", "y = 2", "z = 3"]),
        ("![a *red* bus](bus.png) drives", ["a red bus drives"]),
        ("[![logo](a.png)](http://b.c) x", ["logo x"]),
        ("<div class='x'>hi</div>\n\n<b>bold</b> text<br>more", ["hi", "bold text", "more"]),
        ("<script>alert(1)</script>\n\n<!-- no -->\n\nyes <!-- no -->", ["yes"]),
        ("Tom &amp; Jerry \\*at\\* 5 &lt; 6 &copy;", ["Tom & Jerry *at* 5 < 6 ©"]),
        ("a  \nb\\\nc", ["a", "b", "c"]),
        ("snake_case and 2 * 3 * 4 and ~~gone~~", ["snake_case and 2 * 3 * 4 and gone"]),
        ("- Mr. Smith\r\n- No. 5\r\n", ["Mr. Smith", "No. 5"]),
        ("Mail me: bob.smith@example.com.", ["Mail me: bob.smith@example.com."]),
    ],
)
def test_markdown(source: str, read: list[str]) -> None:
    """The markup is not read; its blocks are sentences."""
    assert sentences(source) == read


def test_each_word_knows_where_it_stands() -> None:
    """Whatever stands between them, equal words are not mixed up."""
    source = (
        "# a *b* [a](b/a)a\r\n\n1. b ![a](b.png 'a') a\n\n> é &amp; **a**\n> b\n\n"
        "| a | c\\|d |\n|--|--|\n| b | `a` |\n\n~~~\na\n~~~\n<i>a</i> \\* b"
    )
    document = read_markdown(source, short_urls=True)
    found = [
        (character, source[start:end])
        for character, (start, end) in zip(document.text, document.spans, strict=True)
        if not character.isspace()
    ]
    assert all(written in (read, "&amp;", "\\*", "c\\|d") for read, written in found)
    starts = [start for start, _ in document.spans]
    assert starts == sorted(starts)
    assert source[document.spans[document.text.index("a", 4)][0] - 1] == "["


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://example.com", "example.com"),
        ("HTTPS://www.Example.com/docs/index.html?a=1&b=2#c", "example.com/docs/index.html"),
        ("www.example.com/a%20b/", "example.com/a b"),
        ("http://user:secret@example.com:8080/x", "example.com:8080/x"),
        ("https://en.wikipedia.org/wiki/Bus_(vehicle)", "en.wikipedia.org/wiki/Bus_(vehicle)"),
        ("https://example.com/" + "a" * 99, "example.com"),
        ("mailto:bob@example.com?subject=x", "bob@example.com"),
        ("http://[::1", "http://[::1"),
        ("http://", "http://"),
    ],
)
def test_urls(url: str, read: str) -> None:
    """Host and path are read; the punctuation around stays, and the place is the whole URL."""
    source = f"See ({url}), or «{url}». End"
    document = with_short_urls(source)
    assert document.text == f"See ({read}), or «{read}». End"
    start, end = document.spans[6]
    assert source[start:end] == url or read == url
    assert source[slice(*document.spans[-1])] == "d"


def test_marks_of_markdown(say: Say) -> None:
    """Places are those in the text as it was sent; a URL is one word."""
    text = "# Hi *there*\n\n- see https://www.example.com/docs now\n- [bye](http://a.b/c) & é"
    answer = say(text, path="/api/v1/tts/marks", text_format="markdown")
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert all(text[mark["start"] : mark["end"]] == mark["value"] for mark in found)
    words = [mark["value"] for mark in found if mark["type"] == "word"]
    assert words == ["Hi", "there", "see", "https://www.example.com/docs", "now", "bye", "&", "é"]


def test_it_is_an_option(say: Say) -> None:
    """Plain text is read as it stands; URLs can be shortened without Markdown, and kept with it."""

    def words(**options: object) -> list[str]:
        text = "*a* https://b.com/c"
        answer = say(text, path="/api/v1/tts/marks", language="en", **options)
        assert answer.status_code == 200, answer.text
        return [json.loads(line)["value"] for line in answer.text.splitlines()[1:]]

    long, short = ["https://b.com/c"], "https://b.com/c"
    assert words()[1:] == words(text_format="plain", short_urls=False)[1:] == long
    assert words(short_urls=True)[-1] == short
    assert words(text_format="markdown") == ["a", short]
    seconds = [
        len(say("https://www.b.com/c", language="en", short_urls=short).data)
        for short in (False, True)
    ]
    assert seconds[0] > 1.5 * seconds[1]
    assert say("a", text_format="html").status_code == 422


@pytest.mark.parametrize("text", ["[](x)", "<!-- x -->", "***", "![](a.png)", "[a]: b"])
def test_markdown_without_text(say: Say, text: str) -> None:
    """There is nothing to speak."""
    answer = say(text, text_format="markdown")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "nothing_to_speak")


@pytest.mark.parametrize(
    "text",
    [
        "[",
        "*a ",
        "**",
        "> ",
        "- ",
        "`a",
        "![",
        "<a ",
        "a](",
        "&amp;",
        "\\*",
        "<!--",
        "<http://a/%20>",
        "[a](b)",
        "http://)",
        "www.a.b ",
        "<b>",
    ],
)
def test_hostile_markdown_is_read_in_time(text: str) -> None:
    """Time doesn't grow out of hand, and every character has a place in the source."""
    source = text * (5_000 // len(text))
    started = time.monotonic()
    document = read_markdown(source, short_urls=True)
    assert time.monotonic() - started < 5
    assert len(document.spans) == len(document.text) == len(document.tags)
    assert all(0 <= start <= end <= len(source) for start, end in document.spans)
