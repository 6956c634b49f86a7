"""The percept command, run as its user runs it."""

import json
import shutil
import socket
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


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with current tables."""
    folder = tmp_path_factory.mktemp("prepared")
    assert percept(folder, "setup").returncode == 0
    return folder


@pytest.fixture
def current(prepared: Path, tmp_path: Path) -> Path:
    """The same for one test alone."""
    shutil.copytree(prepared / "data", tmp_path / "data")
    return tmp_path


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
    assert (after.returncode, "PROBLEM" in after.stdout) == (0, False)
    assert all(line.startswith("ok      ") for line in after.stdout.splitlines())
    assert "not installed" not in after.stdout
    assert "classify answers with everyday_10" in after.stdout


def test_doctor_finds_fault(current: Path) -> None:
    """What isn't good has a cure in the next line: a queue that is away, a misspelt setting."""
    wrong = {"REDIS_URL": "redis://127.0.0.1:9/0", "PERCEPT_MAX_UPLOAD": "5"}
    told = percept(current, "doctor", **wrong)
    assert told.returncode == 1
    lines = told.stdout.splitlines()
    problems = {line: lines[at + 1] for at, line in enumerate(lines) if line[:7] == "PROBLEM"}
    jobs, setting = sorted(problems, key=len)
    assert jobs == "PROBLEM jobs are done by percept worker, through Redis"
    assert problems[jobs] == "        Check REDIS_URL."
    assert setting.endswith("did you mean PERCEPT_MAX_UPLOAD_MB?")
    assert problems[setting].startswith("        Correct the name")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["modles"], "models"),
        (["models", "lsit"], "list"),
        (["users", "craete"], "create"),
        (["db", "upgarde"], "upgrade"),
        (["serve", "--prot", "1"], "--port"),
    ],
)
def test_misspelt_commands(tmp_path: Path, words: list[str], meant: str) -> None:
    """The command or option that was meant is named."""
    told = percept(tmp_path, *words)
    assert told.returncode == 2
    assert "Did you mean" in told.stderr
    assert f"'{meant}'" in told.stderr


def test_openapi(tmp_path: Path) -> None:
    """`percept openapi` writes the document; --check compares the one in the repository."""
    percept(tmp_path, "openapi", str(tmp_path / "out.json"))
    assert json.loads((tmp_path / "out.json").read_text())["openapi"] == "3.0.3"
    assert percept(tmp_path, "openapi", "--check").returncode == 0
    (tmp_path / "out.json").write_text("{}")
    assert percept(tmp_path, "openapi", "--check", str(tmp_path / "out.json")).returncode == 1


def test_db_is_flask_migrate(current: Path) -> None:
    """`percept db` hands its words to Flask-Migrate."""
    assert "(head)" in percept(current, "db", "current").stdout
    assert percept(current, "db", "downgrade", "base").returncode == 0
    assert percept(current, "db", "upgrade").returncode == 0


NOBODY = "postgresql://me:hunter2-hunter2@127.0.0.1:1/none"
BAD = [
    {"PORT": "abc"},
    {"PERCEPT_SECRET": "hunter2-hunter2"},
    {"PERCEPT_SERVICES": "telepathy"},
    {"PERCEPT_DATA_DIR": "/dev/null/data"},
    {"PERCEPT_STORAGE_URL": "/dev/null/files"},
    {"DATABASE_URL": NOBODY},
    {"DATABASE_URL": f"{NOBODY}?no_such_option=1"},
    {"HOST": "no such host"},
    {"HOST": "192.0.2.1"},  # for documentation, so nobody has it
]


@pytest.mark.parametrize("setting", BAD, ids=lambda setting: "=".join(*setting.items()))
def test_bad_settings_stop_the_start(current: Path, setting: dict[str, str]) -> None:
    """`percept serve` ends within 5 s, in one line that names the setting and not the secret.

    The tables are current, so it need not make the application, which would find out too.
    """
    started = time.monotonic()
    found = percept(current, "serve", **setting)
    assert found.returncode != 0
    assert time.monotonic() - started < 5
    (line,) = found.stderr.splitlines()
    (name,) = setting
    assert line.startswith(f"percept: {name}: ")
    assert found.stdout == ""
    assert "hunter2" not in line


@pytest.mark.parametrize("words", [["setup"], ["worker"], ["doctor"], ["models", "list"]])
def test_bad_settings_stop_other_commands(tmp_path: Path, words: list[str]) -> None:
    """So does every other command."""
    found = percept(tmp_path, *words, PERCEPT_WORKERS="0", PORT="abc")
    assert (found.returncode, found.stdout) == (2, "")
    names = [line.split(": ")[1] for line in found.stderr.splitlines()]
    assert sorted(names) == ["PERCEPT_WORKERS", "PORT"]


def test_what_is_no_database(tmp_path: Path) -> None:
    """A file that is something else is not overwritten, and is told of in one line."""
    file = tmp_path / "letters.db"
    file.write_text("a letter, no database. " * 200)
    found = percept(tmp_path, "serve", DATABASE_URL=f"sqlite:///{file}")
    assert found.returncode == 2
    assert found.stderr == "percept: DATABASE_URL: no answer (file is not a database)\n"
    assert "no database" in file.read_text()


def test_a_taken_port(tmp_path: Path) -> None:
    """The line names PORT and another that may be free, and comes before anything is made."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = percept(tmp_path, "serve", PORT=str(port), PERCEPT_STORE_INPUTS="off")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith(f"percept: PORT: another program uses {port} on 127.0.0.1.")
    assert found.stderr.count("\n") == 1
    assert not (tmp_path / "data" / "percept.db").exists()


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
