"""Standard error of the server: one JSON object a line, whoever wrote it."""

import json
import subprocess
import sys
from typing import Any

import pytest

from api.config import ROOT

NOISE = b"""\
INFO: Created TensorFlow Lite XNNPACK delegate for CPU.
W0000 00:00:1700000000.000000 1234 cpu.cc:12] no AVX

terminate called after throwing an instance of 'std::bad_alloc'
caf\xe9 "quoted" \x1b[31mred\x1b[0m
ERROR: no more memory"""
SCRIPT = """
import os, subprocess, sys, warnings
from api import jsonlines
from api.config import log_stream, log_to
from api.server.relay import redirect_stderr

log_to(redirect_stderr("info"))
jsonlines.configure("info", stream=log_stream())
os.write(2, b"from C++ without an end of line")
subprocess.run(["sh", "-c", "echo from a child >&2"])
print("from Python", file=sys.stderr)
warnings.warn("be careful")
raise SystemExit("the last words")
"""


def python(*words: str, typed: bytes = b"") -> list[dict[str, Any]]:
    """The log lines of a Python that is run with these words."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        input=typed,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == b""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_each_line_is_an_object() -> None:
    """Empty lines go, odd bytes do no harm, and the level is the one that the line names."""
    found = python("-m", "api.server.relay", "info", typed=NOISE)
    assert [line["level"] for line in found] == ["info", "warning", "warning", "warning", "error"]
    assert found[3]["message"] == 'caf\ufffd "quoted" \x1b[31mred\x1b[0m'
    assert {line["logger"] for line in found} == {"stderr"}
    assert set(found[0]) == {"time", "level", "logger", "message"}


def test_the_log_level_counts() -> None:
    """Who asks for errors alone is not told of delegates."""
    assert [line["level"] for line in python("-m", "api.server.relay", "error", typed=NOISE)] == [
        "error"
    ]


def test_all_that_a_process_and_its_children_write() -> None:
    """Native code, children, print and warnings; the relay ends after the last words."""
    said = " ".join(line["message"] for line in python("-c", SCRIPT))
    for words in ("from C++", "from a child", "from Python", "be careful", "the last words"):
        assert words in said


def test_it_is_no_child_of_the_server() -> None:
    """Whoever looks after the workers finds them, and nothing else, among the children."""
    script = """
import logging, psutil
from api import jsonlines
from api.server.relay import redirect_stderr

redirect_stderr("info")
jsonlines.configure("info")
logging.info("%d children", len(psutil.Process().children()))
"""
    said = [json.loads(line["message"])["message"] for line in python("-c", script)]
    assert said == ["0 children"]


@pytest.mark.parametrize("size", [70_000, 1_000_000])
def test_long_lines_are_cut(size: int) -> None:
    """A line without an end takes no memory without an end."""
    found = python("-m", "api.server.relay", "info", typed=b"x" * size)
    assert sum(len(line["message"]) for line in found) == size
    assert max(len(line["message"]) for line in found) <= 64 * 1024
