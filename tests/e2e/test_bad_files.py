"""Every hostile file, at the route that it is meant for, against a real server."""

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from servers import Server

pytestmark = pytest.mark.slow
ROUTES = {
    "image": (("classify", "image"), ("ocr", "image")),
    "pdf": (("ocr", "image"),),
    "audio": (("stt", "audio"),),
}
PROBLEM = "application/problem+json"
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}
BREATH_S = 10
SPARE = 50_000_000
TRIES = 3  # to be in time: other tests may keep the machine busy


def rows(shared: Path) -> list[dict[str, Any]]:
    lines = (shared / "data" / "bad" / "manifest.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def requests_of(row: dict[str, Any], content: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The addresses that a file of the corpus goes to, and how it is sent there."""
    if row["kind"] == "text":
        headers = {"Content-Type": row["content_type"]}
        return [("/api/v1/tts", {"content": content, "headers": headers})]
    file = (row["filename"] or "file", content, row["content_type"])
    return [(f"/api/v1/{route}", {"files": {field: file}}) for route, field in ROUTES[row["kind"]]]


def family(server: Server) -> list[psutil.Process]:
    """gunicorn's master and its workers, without their guests, which may come and go."""
    master = psutil.Process(server.process.pid)
    return [master, *master.children()]


def resident(server: Server) -> int:
    """Bytes of the whole process tree."""
    master = psutil.Process(server.process.pid)
    return sum(p.memory_info().rss for p in [master, *master.children(recursive=True)])


def ask(
    server: Server, headers: dict[str, str], row: dict[str, Any], content: bytes
) -> tuple[list[str], int]:
    """What is wrong with the answers to one file, and how many of them are no refusals."""
    wrong, good = [], 0
    for path, sent in requests_of(row, content):
        sent = {**sent, "headers": {**headers, **sent.get("headers", {})}}
        for _ in range(TRIES):
            started = time.monotonic()
            answer = server.post(path, **sent)
            spent = time.monotonic() - started
            good += answer.status_code < 400
            if spent <= row["max_s"] or answer.status_code not in row["expect"]:
                break
        if answer.status_code not in row["expect"] or spent > row["max_s"] or not whole(answer):
            wrong.append(f"{row['file']} at {path}: {answer.status_code} in {spent:.1f} s")
    return wrong, good


def whole(answer: httpx.Response) -> bool:
    """Whether a refusal, and nothing else, is a problem with all its members; JSON is strict."""
    kind, body = answer.headers["Content-Type"], {}
    if "json" in kind:
        body = json.loads(
            answer.text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON")
        )
    if answer.status_code < 400:
        return kind != PROBLEM
    return kind == PROBLEM and set(body) >= MEMBERS and body["status"] == answer.status_code


def test_bad_files(serve: Callable[..., Server], shared: Path) -> None:
    """Listed status in time, same processes, memory back, and a file stored only with its row."""
    server = serve(PERCEPT_RATE_LIMITS="off")
    headers = server.bearer("bad@example.com")
    corpus = [(row, (shared / "data" / "bad" / row["file"]).read_bytes()) for row in rows(shared)]
    files = [(row, gzip.decompress(b) if row["expand"] == "gzip" else b) for row, b in corpus]
    # What every library takes for itself on first use.
    good = sum(ask(server, headers, row, content)[1] for row, content in files[::7])
    time.sleep(2)
    before, pids = resident(server), [process.pid for process in family(server)]

    answers = [ask(server, headers, row, content) for row, content in files]

    assert [text for wrong, _ in answers for text in wrong] == []
    assert [process.pid for process in family(server)] == pids
    time.sleep(BREATH_S)
    assert resident(server) - before < SPARE
    assert not list(Path("/tmp").glob("pwned*"))
    stored = {str(p.relative_to(server.folder / "data/files")) for p in kept(server)}
    entries = history(server, headers)
    assert len(entries) == good + sum(more for _, more in answers)
    assert stored == named(server, headers, entries)


def kept(server: Server) -> list[Path]:
    return [p for p in (server.folder / "data" / "files").rglob("*") if p.is_file()]


def history(server: Server, headers: dict[str, str]) -> list[dict[str, Any]]:
    """All entries."""
    entries: list[dict[str, Any]] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = server.get("/api/v1/history", headers=headers, params=query).json()
        entries += page["items"]
        if not (cursor := page["next_cursor"]):
            return entries
        query["cursor"] = cursor


def named(server: Server, headers: dict[str, str], entries: list[dict[str, Any]]) -> set[str]:
    """The files that these entries say there are."""
    me = server.get("/api/v1/users/me", headers=headers).json()["id"]
    kinds = ("input", "output")
    return {f"{me}/{e['id']}-{kind}" for e in entries for kind in kinds if e[f"{kind}_type"]}
