"""PDF files that promise little and cost much: each is refused before it costs anything."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import hostile_pdf
import httpx
import psutil
import pytest
from servers import Server

from api.enginekit import guests
from api.enginekit.stopwatch import Stopwatch
from api.errors import TooLarge, TooMuchAtOnce
from api.services.ocr import guest, service
from api.services.ocr.guest import pdf
from api.services.ocr.guest.letters import MOST_LETTERS

LIMITS = guest.Limits(40_000_000, 50)
SIGHT = guest.Limits(40_000_000, 50, force_ocr=True)
SPARE_BYTES = 300_000_000
IN_TIME_S = 5.0
TRIES = 3  # to be in time: other tests may keep the machine busy


def read(data: bytes, limits: guest.Limits, watch: Stopwatch | None = None) -> service.Document:
    """Read a document of which no page has to be read by sight."""
    return service.read(data, limits, service.Readers({}, None), watch or Stopwatch())


@pytest.mark.parametrize("count", [20, 35])
def test_too_many_letters_on_a_page(count: int) -> None:
    """Pages of 100,000 letters are refused when they have been counted."""
    data = hostile_pdf.pages(count, hostile_pdf.letters(100_000))
    assert len(data) < 10_000
    started = time.process_time()
    with pytest.raises(TooLarge) as refused:
        guest.first(data, LIMITS)
    assert refused.value.code == "too_much_text"
    assert time.process_time() - started < 1


def test_a_page_may_have_many_letters() -> None:
    """A page of a newspaper, or of a long list, is read whole."""
    count = MOST_LETTERS // 2
    count_of_pages, sheet = guest.first(hostile_pdf.pages(1, hostile_pdf.letters(count)), LIMITS)
    found = "".join(word.text for line in sheet.lines for word in line.words)
    assert (count_of_pages, found) == (1, "theirwhich" * (count // 10))


def test_too_many_letters_in_a_document() -> None:
    """The letters of all pages count; a job, which may have more pages, may read more of them."""
    data = hostile_pdf.pages(4, hostile_pdf.letters(8_000))
    seen: list[float] = []
    with pytest.raises(TooMuchAtOnce) as refused:
        read(data, guest.Limits(40_000_000, max_pages=4), Stopwatch(seen.append))
    assert (refused.value.code, refused.value.values) == ("too_much_text", {"limit": 24_000})
    assert seen == []  # they were counted before any page was read
    assert len(read(data, guest.Limits(40_000_000, max_pages=8)).pages) == 4
    assert guest.Limits(1, max_pages=20_000).max_letters == 2_000_000


@pytest.mark.parametrize("name", list(hostile_pdf.pictures()))
def test_pictures_of_900_megapixels(name: str) -> None:
    """Wherever it stands and however it is packed, it is refused as any other picture is."""
    data = hostile_pdf.pictures()[name]
    with pytest.raises(TooLarge) as refused:
        pdf.read(data, 1, SIGHT)
    assert refused.value.code == "image_too_large"
    assert refused.value.values == {"pixels": 900, "limit": 40}


def test_pictures_of_a_page_that_is_not_looked_at() -> None:
    """Nobody decodes what lies under a text layer, so its size does not matter."""
    data = hostile_pdf.pages(
        1,
        hostile_pdf.WHOLE_PAGE + b" " + hostile_pdf.letters(8_000),
        b"/XObject<</I 5 0 R>>",
        hostile_pdf.image(hostile_pdf.zeros(100), b"/FlateDecode"),
    )
    assert len(pdf.read(data, 1, LIMITS).lines) == 100


@pytest.mark.parametrize(
    "box", [b"0 0 0 0", b"9 9 9 9", b"0 0 1" + b"0" * 60 + b" 9", b"0 0 -1e999 9", b"a b c d"]
)
def test_pages_of_an_odd_size(box: bytes) -> None:
    """A box that is empty, infinite or no box at all is no fault of ours."""
    data = hostile_pdf.pages(1, b"").replace(b"0 0 595 842", box)
    with suppress(TooLarge):
        assert pdf.read(data, 1, LIMITS).pixels is not None


@pytest.mark.parametrize("content", [b"", hostile_pdf.letters(800)])
@pytest.mark.parametrize("limits", [LIMITS, SIGHT])
def test_a_page_of_which_nothing_is_shown(content: bytes, limits: guest.Limits) -> None:
    """A crop box outside of the page leaves an empty page, not an error."""
    data = hostile_pdf.pages(1, content).replace(b"/Parent", b"/CropBox[900 900 950 950]/Parent")
    document = read(data, limits)
    assert [(page.width, page.height, page.lines) for page in document.pages] == [(1, 1, ())]


@pytest.mark.slow
@pytest.mark.parametrize("name", list(hostile_pdf.complex_pages()))
def test_pages_that_take_too_much_memory(name: str) -> None:
    """The child process gives up early, and nothing of it stays."""
    data = hostile_pdf.complex_pages()[name]
    guests.preload("api.services.ocr.guest")
    started = time.monotonic()
    with pytest.raises(TooLarge) as refused:
        read(data, LIMITS)
    assert refused.value.code == "document_too_complex"
    assert time.monotonic() - started < 3 * IN_TIME_S
    children = psutil.Process().children(recursive=True)
    # Servers that other tests have started in this process are children too.
    sandboxes = [child for child in children if "forkserver" in " ".join(child.cmdline())]
    assert sandboxes
    assert all(child.memory_info().rss < SPARE_BYTES for child in sandboxes)


@contextmanager
def watched(server: Server) -> Iterator[list[int]]:
    """Notes the resident bytes of the server and all that it has started, many times a second."""
    noted, done = [resident(server)], threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            noted.append(resident(server))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield noted
    finally:
        done.set()
        thread.join()


def resident(server: Server) -> int:
    master, total = psutil.Process(server.process.pid), 0
    for process in [master, *master.children(recursive=True)]:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def send(server: Server, headers: dict[str, str], data: bytes, query: str = "") -> httpx.Response:
    form = {"image": ("x.pdf", data, "application/pdf")}
    return server.post(f"/api/v1/ocr{query}", headers=headers, files=form)


@pytest.mark.slow
def test_over_http(server: Server) -> None:
    """Each is a 413 with its code, in five seconds and 300 MB of the whole tree of processes."""
    headers = server.bearer("hostile@example.com")
    text = hostile_pdf.letters(100_000)
    cases = {
        "20-pages": (hostile_pdf.pages(20, text), "", "too_much_text"),
        "35-pages": (hostile_pdf.pages(35, text), "", "too_much_text"),
        "many-full-pages": (
            hostile_pdf.pages(50, hostile_pdf.letters(60_000)), "", "too_much_text",
        ),
        "picture": (hostile_pdf.pictures()["jpeg-2000"], "?force_ocr=true", "image_too_large"),
        "forms": (hostile_pdf.complex_pages()["forms"], "", "document_too_complex"),
    }  # fmt: skip
    send(server, headers, hostile_pdf.pages(1, hostile_pdf.letters(800)))
    for name, (data, query, code) in cases.items():
        times = []
        while not times or (times[-1] > IN_TIME_S and len(times) < TRIES):
            with watched(server) as noted:
                started = time.monotonic()
                answer = send(server, headers, data, query)
                times.append(time.monotonic() - started)
            assert (name, answer.status_code, answer.json()["code"]) == (name, 413, code)
            assert max(noted) - noted[0] < SPARE_BYTES, name
        assert min(times) < IN_TIME_S, name
    entries = server.get("/api/v1/history", headers=headers).json()["items"]
    assert len(entries) == 1
