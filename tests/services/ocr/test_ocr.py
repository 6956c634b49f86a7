"""POST /ocr, over the test client with readers that say what they were shown."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from defusedxml import ElementTree
from flask.testing import FlaskClient
from pages import drawn, file_of
from PIL import Image

from api.enginekit.pool import EnginePool

PATH, HISTORY = "/api/v1/ocr", "/api/v1/history"
Person = dict[str, Any]
XHTML = "{http://www.w3.org/1999/xhtml}"


def send(client: FlaskClient, person: Person, data: bytes, query: str = "", **headers: str) -> Any:
    """A picture or document as a multipart field."""
    form = {"image": (io.BytesIO(data), "x", "application/octet-stream")}
    return client.post(PATH + query, data=form, headers={**person["headers"], **headers})


def plain(size: tuple[int, int] = (60, 40), colour: str = "navy", kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    return file_of(Image.new("RGB", size, colour), kind)


def many(*colours: str) -> bytes:
    """A TIFF file with a page of each colour, each larger than the one before."""
    pages = [Image.new("RGB", (60 + n, 40), colour) for n, colour in enumerate(colours)]
    return file_of(pages[0], "TIFF", save_all=True, append_images=pages[1:])


def entries(client: FlaskClient, person: Person) -> list[dict[str, Any]]:
    """The person's history."""
    found: list[dict[str, Any]] = client.get(HISTORY, headers=person["headers"]).get_json()["items"]
    return found


@pytest.mark.usefixtures("fake")
def test_the_answer(client: FlaskClient, ada: Person) -> None:
    """A picture gets its text, and its page with lines and words and where they stand."""
    answer = send(client, ada, plain()).get_json()
    assert set(answer) == {"id", "model", "created_at", "timing_ms", "text", "language", "pages"}
    assert set(answer["timing_ms"]) == {"decode", "infer", "total"}
    assert (answer["model"], answer["language"]) == ("rapidocr", "und")
    assert answer["text"] == "rapidocr <60x40> 0/0/128"
    (page,) = answer["pages"]
    (line,) = page.pop("lines")
    assert page == {"number": 1, "width": 60, "height": 40, "rotation": 0, "engine": "rapidocr"}
    assert line["polygon"] == [[0, 0], [60, 0], [60, 40], [0, 40]]
    assert [word["text"] for word in line["words"]] == line["text"].split()
    assert line["words"][1]["polygon"] == [[20, 0], [40, 0], [40, 40], [20, 40]]


@pytest.mark.usefixtures("fake")
def test_formats(client: FlaskClient, ada: Person) -> None:
    """Pictures of every format are read, whatever type they are sent with."""
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF"):
        answer = send(client, ada, plain(kind=kind))
        assert "<60x40>" in answer.get_json()["text"], kind


@pytest.mark.usefixtures("fake")
def test_raw_body(client: FlaskClient, ada: Person) -> None:
    """The picture may be the body itself, with its media type."""
    headers = {**ada["headers"], "Content-Type": "image/png"}
    answer = client.post(PATH, data=plain(), headers=headers)
    assert answer.get_json()["text"] == send(client, ada, plain()).get_json()["text"]


@pytest.mark.usefixtures("fake")
def test_pages_of_a_tiff_file(client: FlaskClient, ada: Person) -> None:
    """Each page is read, in order; a form feed parts their texts."""
    answer = send(client, ada, many("red", "lime", "blue")).get_json()
    assert [(p["number"], p["width"]) for p in answer["pages"]] == [(1, 60), (2, 61), (3, 62)]
    texts = answer["text"].split("\f")
    assert [text.split()[-1] for text in texts] == ["255/0/0", "0/255/0", "0/0/255"]


@pytest.mark.usefixtures("fake")
def test_a_large_picture_is_read_coarser(client: FlaskClient, ada: Person) -> None:
    """Beyond eight megapixels the reader sees fewer pixels; places are in those that were sent."""
    answer = send(client, ada, plain((4000, 3000), kind="JPEG"))
    assert answer.status_code == 200, answer.text
    (page,) = answer.get_json()["pages"]
    (line,) = page["lines"]
    assert (page["width"], page["height"]) == (4000, 3000)
    assert line["polygon"] == [[0, 0], [4000, 0], [4000, 3000], [0, 3000]]
    assert "<3266x2449>" in line["text"]


@pytest.mark.usefixtures("fake")
def test_orientation_in_the_file(client: FlaskClient, ada: Person) -> None:
    """A photograph is read as its EXIF orientation shows it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = file_of(Image.new("RGB", (60, 40)), "JPEG", exif=exif)
    (page,) = send(client, ada, data).get_json()["pages"]
    assert (page["width"], page["height"]) == (40, 60)


@pytest.mark.usefixtures("fake")
def test_text_alone(client: FlaskClient, ada: Person) -> None:
    """`Accept: text/plain` gets the text, which is kept as the output of its history entry."""
    answer = send(client, ada, many("red", "blue"), Accept="text/plain; charset=utf-8")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == "rapidocr <60x40> 255/0/0\frapidocr <61x40> 0/0/255\n"
    entry = answer.headers["Content-Location"]
    kept = client.get(f"{entry}/output", headers=ada["headers"])
    assert kept.get_data() == answer.get_data()
    result = client.get(entry, headers=ada["headers"]).get_json()["result"]
    assert f"{result['text']}\n" == answer.text


@pytest.mark.usefixtures("fake")
def test_hocr(client: FlaskClient, ada: Person) -> None:
    """`Accept: text/html` gets hOCR: well-formed, escaped, with pages, lines and words."""
    answer = send(client, ada, many("red", "blue"), Accept="text/html")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    root = ElementTree.fromstring(answer.get_data())
    pages = root.findall(f".//{XHTML}div[@class='ocr_page']")
    assert [page.get("title") for page in pages] == [
        "bbox 0 0 60 40; ppageno 0",
        "bbox 0 0 61 40; ppageno 1",
    ]
    words = pages[0].findall(f".//{XHTML}span[@class='ocrx_word']")
    assert [word.text for word in words] == ["rapidocr", "<60x40>", "255/0/0"]
    assert words[1].get("title") == "bbox 20 0 40 40; x_wconf 80"
    names = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(names) == len(set(names)) == 2 * (1 + 1 + 3)


@pytest.mark.usefixtures("fake")
def test_other_formats_are_not_made(client: FlaskClient, ada: Person) -> None:
    """An `Accept` that names none of the formats is a 406, and nothing is kept."""
    assert send(client, ada, plain(), Accept="audio/wav").status_code == 406
    assert entries(client, ada) == []


@pytest.mark.usefixtures("fake")
def test_history(client: FlaskClient, ada: Person) -> None:
    """The entry has the options and the result; its input is the picture without metadata."""
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    data = file_of(Image.new("RGB", (60, 40)), "JPEG", exif=exif)
    answer = send(client, ada, data, "?language=es").get_json()
    (entry,) = entries(client, ada)
    assert (entry["id"], entry["service"], entry["language"]) == (answer["id"], "ocr", "es")
    found = client.get(f"{HISTORY}/{answer['id']}", headers=ada["headers"]).get_json()
    assert found["result"]["pages"] == answer["pages"]
    kept = client.get(f"{HISTORY}/{answer['id']}/input", headers=ada["headers"])
    assert kept.mimetype == "image/jpeg"
    assert b"A camera" in data
    assert b"A camera" not in kept.get_data()


def test_the_language_reaches_the_reader(
    client: FlaskClient, ada: Person, fake: EnginePool
) -> None:
    """As its code, whatever its region; without one, the reader decides."""
    for query in ("", "?language=es", "?language=EN_gb"):
        assert send(client, ada, plain(), query).status_code == 200
    assert fake.get("rapidocr").engine.asked == [None, "es", "en"]


@pytest.mark.usefixtures("fake")
def test_options_that_cannot_be_met(client: FlaskClient, ada: Person) -> None:
    """Each is a 422 that says what would help."""
    for query, code, words in (
        ("language=ru", "language_not_available", "percept models pull tessdata"),
        ("engine=tesseract", "model_not_installed", "percept models pull tessdata"),
        ("engine=magic", "validation_failed", "auto, rapidocr, tesseract"),
        ("force_ocr=perhaps", "validation_failed", "true or false"),
        ("pages=2", "validation_failed", "Unknown field"),
    ):
        answer = send(client, ada, plain(), f"?{query}")
        assert (answer.status_code, answer.get_json()["code"]) == (422, code)
        assert words in answer.text
    assert entries(client, ada) == []


@pytest.mark.usefixtures("fake")
def test_files_that_cannot_be_read(
    client: FlaskClient, ada: Person, pdf: Callable[..., bytes]
) -> None:
    """Each is a problem with its own code, and nothing is kept."""
    locked = b"/Encrypt<</Filter/Standard/V 1/R 2/O(%b)/U(%b)/P -4>>/ID[(a)(a)]/Root" % (
        b"o" * 32,
        b"u" * 32,
    )
    for data, status, code in (
        (b"", 422, "validation_failed"),
        (b"<html>not a page</html>", 422, "image_unreadable"),
        (plain(kind="JPEG")[:300], 422, "image_unreadable"),
        (b"%PDF-1.7\n%%EOF", 422, "pdf_unreadable"),
        (pdf(), 422, "pdf_unreadable"),
        (pdf(["Hello"]).replace(b"/Root", locked), 422, "pdf_locked"),
        (plain((7000, 7000)), 413, "image_too_large"),
        (many("red", "lime", "blue", "black"), 413, "too_many_pages"),
        (pdf(*[["Hello"]] * 4), 413, "too_many_pages"),
        (pdf(["Hello"], size=(14_000, 14_000)), 413, "page_too_large"),
    ):
        answer = send(client, ada, data)
        assert (answer.status_code, answer.get_json()["code"]) == (status, code)
        assert answer.mimetype == "application/problem+json"
    assert entries(client, ada) == []


def test_a_pdf_file_said_to_be_a_picture(
    client: FlaskClient, ada: Person, pdf: Callable[..., bytes]
) -> None:
    """It is refused, in a form and as the body."""
    form = {"image": (io.BytesIO(pdf(["Hello"])), "x.png", "image/png")}
    raw = {**ada["headers"], "Content-Type": "image/png"}
    assert client.post(PATH, data=form, headers=ada["headers"]).status_code == 415
    assert client.post(PATH, data=pdf(["Hello"]), headers=raw).status_code == 415


def test_only_for_callers_with_the_scope(client: FlaskClient, ada: Person) -> None:
    """Without a token 401; with a key of another scope 403."""
    made = client.post(
        "/api/v1/auth/api-keys", json={"name": "x", "scopes": ["stt"]}, headers=ada["headers"]
    )
    people: list[Person] = [{"headers": {}}, {"headers": {"X-API-Key": made.get_json()["key"]}}]
    assert [send(client, person, plain()).status_code for person in people] == [401, 403]


def test_the_embedded_reader(client: FlaskClient, ada: Person) -> None:
    """With nothing pulled, a drawn page is read letter for letter, words with their places."""
    answer = send(client, ada, file_of(drawn(["The quick brown fox", "paid 12.50 for it"])))
    found = answer.get_json()
    assert found["text"] == "The quick brown fox\npaid 12.50 for it"
    assert found["language"] == "en"
    (page,) = json.loads(answer.text)["pages"]
    words = page["lines"][1]["words"]
    assert [word["text"] for word in words] == ["paid", "12.50", "for", "it"]
    lefts = [word["polygon"][0][0] for word in words]
    assert lefts == sorted(lefts)
    assert 55 <= lefts[0] <= 70
    assert all(word["confidence"] > 0.8 for word in words)
