"""The percept command, run as its user runs it."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from servers import PERCEPT, environment, free_port

pytestmark = pytest.mark.slow
PASSWORD = "ten thousand small lamps"


def percept(
    folder: Path, *words: str, typed: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Runs the command in a folder of its own."""
    return subprocess.run(
        [PERCEPT, *words],
        cwd=folder,
        env=environment(folder, **settings),
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command(tmp_path: Path) -> None:
    """`percept --help` lists the commands with a line each."""
    text = percept(tmp_path, "--help").stdout
    for command in ("db", "doctor", "models", "openapi", "serve", "setup", "users", "worker"):
        assert f"  {command} " in text


def test_setup_can_be_repeated(tmp_path: Path) -> None:
    """`percept setup` makes database and secret, and changes nothing the second time."""
    assert percept(tmp_path, "setup").returncode == 0
    secret = (tmp_path / "data" / "secret.key").read_bytes()
    assert percept(tmp_path, "setup").returncode == 0
    assert (tmp_path / "data" / "secret.key").read_bytes() == secret


def test_first_administrator(tmp_path: Path) -> None:
    """`percept users create --admin` reads the password from its input; errors are one line."""
    percept(tmp_path, "setup")
    made = percept(
        tmp_path, "users", "create", "--admin", "root@example.com", typed=PASSWORD + "\n"
    )
    assert made.stdout == "Created root@example.com (user, admin).\n"
    again = percept(tmp_path, "users", "create", "ROOT@example.com", typed=PASSWORD + "\n")
    short = percept(tmp_path, "users", "create", "x@example.com", typed="short\n")
    for refused in (again, short):
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1
        assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        (["ada@example.com"], PASSWORD),
        (["ada@example.com", "--password", PASSWORD], ""),
        ([], f"ada@example.com\n{PASSWORD}"),
    ],
)
def test_what_is_not_given_is_asked_for(tmp_path: Path, words: list[str], typed: str) -> None:
    """Address and password come as words, as options or from standard input; tables are made."""
    made = percept(tmp_path, "users", "create", *words, typed=typed)
    assert made.stdout == "Created ada@example.com (user).\n"


def test_a_forgotten_password(tmp_path: Path) -> None:
    """`percept users password` sets it, and says what happened; errors are one line."""
    percept(tmp_path, "users", "create", "ada@example.com", typed=PASSWORD)
    changed = percept(
        tmp_path, "users", "password", " ADA@example.com", typed="another of my lamps"
    )
    said = "Changed the password of ada@example.com. Sessions ended: 0.\n"
    assert (changed.stdout, changed.stderr) == (said, "")
    nobody = percept(tmp_path, "users", "password", "bob@example.com", typed=PASSWORD)
    short = percept(tmp_path, "users", "password", "ada@example.com", typed="short")
    for refused in (nobody, short):
        assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)


def test_doctor(tmp_path: Path) -> None:
    """`percept doctor` finds fault with missing tables, names the cure, and then is content."""
    before = percept(tmp_path, "doctor")
    assert before.returncode == 1
    assert "percept setup" in before.stdout
    percept(tmp_path, "setup")
    after = percept(tmp_path, "doctor")
    assert (after.returncode, "MISSING" in after.stdout) == (0, False)
    assert "classify answers with everyday_10" in after.stdout


def test_doctor_without_redis(tmp_path: Path) -> None:
    """A queue that is away is missing, and the variable that names it is told."""
    percept(tmp_path, "setup")
    told = percept(tmp_path, "doctor", REDIS_URL="redis://127.0.0.1:9/0")
    assert told.returncode == 1
    assert "MISSING jobs are done by percept worker, through Redis" in told.stdout
    assert "Check REDIS_URL." in told.stdout


def test_openapi(tmp_path: Path) -> None:
    """`percept openapi` writes the document; --check compares the one in the repository."""
    percept(tmp_path, "openapi", str(tmp_path / "out.json"))
    assert json.loads((tmp_path / "out.json").read_text())["openapi"] == "3.0.3"
    assert percept(tmp_path, "openapi", "--check").returncode == 0
    (tmp_path / "out.json").write_text("{}")
    assert percept(tmp_path, "openapi", "--check", str(tmp_path / "out.json")).returncode == 1


def test_db_is_flask_migrate(tmp_path: Path) -> None:
    """`percept db` hands its words to Flask-Migrate."""
    percept(tmp_path, "setup")
    assert "(head)" in percept(tmp_path, "db", "current").stdout
    assert percept(tmp_path, "db", "downgrade", "base").returncode == 0
    assert percept(tmp_path, "db", "upgrade").returncode == 0


@pytest.mark.parametrize(
    "setting",
    [
        {"PORT": "abc"},
        {"PERCEPT_SECRET": "changeme"},
        {"PERCEPT_SERVICES": "telepathy"},
        {"DATABASE_URL": "postgresql://me@127.0.0.1:1/none"},
    ],
)
def test_bad_settings_stop_the_start(tmp_path: Path, setting: dict[str, str]) -> None:
    """`percept serve` ends within 5 s, in one line that names the setting and not the secret."""
    started = time.monotonic()
    found = percept(tmp_path, "serve", **setting)
    assert found.returncode != 0
    assert time.monotonic() - started < 5
    (line,) = found.stderr.splitlines()
    (name,) = setting
    assert name in line
    assert name != "PERCEPT_SECRET" or setting[name] not in line


def test_serve_options_win(tmp_path: Path) -> None:
    """--port, --workers and --threads win over the environment."""
    port = free_port()
    words = ["serve", "--port", str(port), "--workers", "1", "--threads", "4"]
    server = subprocess.Popen(
        [PERCEPT, *words],
        cwd=tmp_path,
        env=environment(tmp_path, PORT="1", PERCEPT_WORKERS="3"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        assert f"http://127.0.0.1:{port}" in server.stdout.readline()
    finally:
        server.terminate()
        server.communicate(timeout=40)
