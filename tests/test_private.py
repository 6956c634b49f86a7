"""The data folder is private to the server's own user, whatever was made when, by which command."""

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import PERCEPT, environment
from stored import picture

from api import cli
from api.app import create_app
from api.config import Settings, protect


def open_ones(folder: Path) -> list[str]:
    """What others may read, write or enter."""
    found = [folder, *folder.rglob("*")]
    return sorted(str(p.relative_to(folder)) for p in found if p.lstat().st_mode & 0o077)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _warnings_are_seen(caplog: pytest.LogCaptureFixture) -> None:
    """Applications that other tests made may log errors only."""
    caplog.set_level("WARNING")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A data folder as it was made before, with umask 022."""
    folder = tmp_path / "data"
    (folder / "files" / "ada").mkdir(parents=True)
    for name in ("percept.db", "percept.db-wal", "percept.db-shm", "files/ada/x-input"):
        (folder / name).write_text("x")
        (folder / name).chmod(0o644)
    for path in (folder, folder / "files", folder / "files" / "ada"):
        path.chmod(0o755)
    return folder


def test_an_old_folder_is_closed(old: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Folders become 0700 and files 0600, which is told once."""
    protect(old)
    assert open_ones(old) == []
    assert {mode_of(p) for p in (old, old / "files", old / "files" / "ada")} == {0o700}
    assert mode_of(old / "percept.db") == mode_of(old / "files" / "ada" / "x-input") == 0o600
    protect(old)
    assert [r.getMessage() for r in caplog.records] == [
        f"{old}: 7 files and folders were open to other users, now private"
    ]


def test_what_is_restored_is_closed(old: Path) -> None:
    """Into a folder that is private itself, as a backup is that was copied back."""
    protect(old)
    (old / "percept.db").chmod(0o644)
    (old / "files").chmod(0o755)
    (old / "files" / "ada" / "x-input").chmod(0o644)
    (old / "files" / "ada").chmod(0o755)
    protect(old)
    assert open_ones(old) == []


def test_a_new_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Is private from the first moment, and there is nothing to tell."""
    protect(tmp_path / "deep" / "data")
    assert mode_of(tmp_path / "deep" / "data") == 0o700
    assert caplog.records == []


def test_links_are_not_followed(old: Path, tmp_path: Path) -> None:
    """What lies outside of the folder is not ours; the folder itself may be a link."""
    (tmp_path / "elsewhere").write_text("x")
    (tmp_path / "elsewhere").chmod(0o644)
    (old / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "here").symlink_to(old)
    protect(tmp_path / "here")
    assert mode_of(old) == 0o700
    assert mode_of(tmp_path / "elsewhere") == 0o644


@pytest.mark.parametrize("kind", ["everybody's", "home"])
def test_common_folders_stay(
    old: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """/tmp or a home is not shut for everybody else by a bad setting; the log says so."""
    if kind == "home":
        monkeypatch.setenv("HOME", str(old))
    else:
        old.chmod(0o1777)
    before = open_ones(old)
    protect(old)
    assert open_ones(old) == before
    assert "PERCEPT_DATA_DIR needs a folder of its own" in caplog.text


def test_what_cannot_be_changed(
    old: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A volume of another user is used all the same; the log says so."""

    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    protect(old)
    assert f"{old} cannot be made private: Operation not permitted" in caplog.text


def test_the_application_closes_it(old: Path) -> None:
    """Whichever way it is started."""
    (old / "percept.db").unlink()
    create_app(Settings(data_dir=old, log_level="error"))
    assert mode_of(old) == 0o700


def test_a_folder_of_another_user(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command says in one line which file it may not read, and who may."""

    def refuse() -> None:
        raise PermissionError(13, "Permission denied", "/data/secret.key")

    before = os.umask(0o022)
    monkeypatch.setattr(cli, "percept", refuse)
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    os.umask(before)
    said = "percept: Permission denied: /data/secret.key; run this as the server's user\n"
    assert capsys.readouterr().err == said


@pytest.mark.slow
def test_every_command(tmp_path: Path) -> None:
    """What the commands make is private, although the umask of the shell is 022."""
    for words in (["setup"], ["users", "create", "ada@example.com"], ["models", "list"]):
        subprocess.run(
            [PERCEPT, *words],
            cwd=tmp_path,
            env=environment(tmp_path),
            input=b"ten thousand small lamps",
            umask=0o022,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    assert (tmp_path / "data" / "secret.key").exists()
    assert open_ones(tmp_path / "data") == []


@pytest.mark.slow
def test_a_server_on_an_old_folder(serve: Callable[..., Any], tmp_path: Path) -> None:
    """All is closed at the start; database, log of it, files and metrics stay so in use."""
    data = tmp_path / "server" / "data"
    (data / "models").mkdir(parents=True)
    for path in (data, data / "models"):
        path.chmod(0o755)
    before = os.umask(0o022)
    server = serve(PERCEPT_SERVICES="accounts,jobs,classify", PERCEPT_WORKERS="1")
    os.umask(before)
    headers = server.bearer("ada@example.com")
    place = server.post("/api/v1/uploads", headers=headers).json()
    server.post("/api/v1/classify", files={"image": picture()}, headers=headers)
    assert place["id"]
    found = {path.name for path in data.rglob("*")}
    assert {"secret.key", "run"} < found
    assert open_ones(data) == []
    assert "were open to other users, now private" in server.log.read_text()
