"""The Dockerfile, docker-compose.yml and .env.example: read, and tried as far as one can here."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from servers import Server, free_port, wait_until_ready

from api.config import ROOT, Settings

BUILD_TOOLS = ("gcc", "g++", "make", "build-essential", "uv", "pip install", "apt-get", "git")
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "GRAFANA_PASSWORD"}


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile, its lines joined."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)


def instructions() -> list[Instruction]:
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return [Instruction(name, " ".join(rest.split())) for name, rest in pairs]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, beginning with its FROM."""
    found: list[list[Instruction]] = []
    for instruction in instructions():
        if instruction.name == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def those(stage: list[Instruction], name: str) -> list[Instruction]:
    return [i for i in stage if i.name == name]


def environment_of(stage: list[Instruction]) -> dict[str, str]:
    pairs = (word.partition("=") for i in those(stage, "ENV") for word in i.words)
    return {name: value for name, _, value in pairs}


def health_command() -> list[str]:
    (check,) = those(stages()[-1], "HEALTHCHECK")
    return json.loads(check.text.partition("CMD ")[2])


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_base_images_are_pinned_to_bookworm():
    """Every stage starts from a slim bookworm image of a named Python series, the same one."""
    bases = {stage[0].words[0] for stage in stages()}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+(\.\d+)?-slim-bookworm", bases.pop())


def test_python_is_one_that_the_package_supports():
    """The image's Python satisfies requires-python and is the one that the tests run on."""
    series = re.match(r"python:(3\.\d+)", stages()[0][0].text)[1]
    assert series in ("3.11", "3.12")


def test_last_stage_only_runs():
    """Nothing is installed or built in the last stage; it copies from the first."""
    last = stages()[-1]
    for step in those(last, "RUN"):
        assert not [tool for tool in BUILD_TOOLS if re.search(rf"\b{re.escape(tool)}\b", step.text)]
    assert all(step.words[0] == "--from=build" for step in those(last, "COPY"))


def test_runs_as_a_numbered_user_without_a_shell():
    """The last USER is not root, has a number for Kubernetes to check, and owns /data alone."""
    last = stages()[-1]
    user, group = those(last, "USER")[-1].text.split(":")
    assert int(user) >= 1000
    assert int(group) >= 1000
    (step,) = those(last, "RUN")
    assert f"--uid {user}" in step.text
    assert f"groupadd --gid {group} " in step.text
    assert "--shell /usr/sbin/nologin" in step.text
    assert "--mode 700 /data" in step.text
    names = [i.name for i in last]
    assert names.index("USER") > names.index("RUN")


def test_commands_are_in_exec_form():
    """CMD and the health check are lists, so that signals reach the server and no shell is run."""
    (command,) = those(stages()[-1], "CMD")
    assert json.loads(command.text) == ["percept", "serve"]
    assert health_command()[0] == "python"
    assert not those(stages()[-1], "ENTRYPOINT")


def test_nothing_is_fetched_from_addresses():
    """No ADD, no URL, and apt's lists would be removed where apt is used."""
    for instruction in instructions():
        assert instruction.name != "ADD"
        assert "://" not in instruction.text.replace("http://127.0.0.1", "")
        if "apt-get install" in instruction.text:
            assert "rm -rf /var/lib/apt/lists/*" in instruction.text


def test_no_secret_is_in_the_image():
    """Neither ENV nor ARG holds a secret, and .env is not copied."""
    for instruction in instructions():
        if instruction.name in ("ENV", "ARG"):
            assert not re.search(r"SECRET|PASSWORD|TOKEN|DATABASE_URL", instruction.text)
    assert not is_sent(".env")


def test_data_is_a_volume():
    """The data folder is the volume, and the settings name it."""
    last = stages()[-1]
    assert environment_of(last)["PERCEPT_DATA_DIR"] == those(last, "VOLUME")[0].text == "/data"


def test_settings_in_the_image_are_settings():
    """Every PERCEPT_ variable, HOST and PORT in the image is one that the server reads."""
    known = {field.alias for field in Settings.model_fields.values()}
    ours = {"HOST", "PORT"} | {n for n in environment_of(stages()[-1]) if n.startswith("PERCEPT_")}
    assert ours <= known


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets the path into the build: the last pattern that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern, back = line.removeprefix("!"), line.startswith("!")
        shapes = (pattern, f"{pattern}/*", pattern.removeprefix("**/"))
        if any(fnmatch(path, shape) for shape in shapes):
            sent = back
    return sent


def test_copied_sources_exist_and_are_sent():
    """Each source of COPY is in the repository and not held back by .dockerignore."""
    sources = [word for i in those(stages()[0], "COPY") for word in i.words[:-1]]
    assert {"api", "migrations", "models_store", "requirements.lock"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert is_sent(source), source


def test_nothing_else_is_sent():
    """What is local, large or only for development stays outside of the build."""
    outside = [".env", ".git/config", ".venv/bin/python", "data/percept.db", "tests/conftest.py"]
    outside += ["Makefile", "api/__pycache__/app.cpython-311.pyc", ".tools/bin/uv"]
    assert [path for path in outside if is_sent(path)] == []
    assert is_sent("api/app.py")
    assert is_sent("api/translations/es/LC_MESSAGES/messages.mo")
    assert is_sent("models_store/everyday_10/everyday_10.tflite")


def test_compose_offers_the_api():
    """The service builds here, keeps its data in a named volume, and listens on loopback."""
    document = compose()
    api = document["services"]["api"]
    assert api["build"] == "."
    assert "latest" not in api["image"]
    volume, _, target = api["volumes"][0].partition(":")
    assert volume in document["volumes"]
    assert target == api["environment"]["PERCEPT_DATA_DIR"]
    assert api["ports"] == ["${HOST:-127.0.0.1}:${PORT:-8000}:8000"]
    assert api["environment"]["DATABASE_URL"] == "${DATABASE_URL:-}"
    assert api["healthcheck"]["test"][0] == "CMD"


def test_compose_leaves_time_to_drain():
    """Docker waits longer for the server to end than gunicorn waits for running requests."""
    grace = int(compose()["services"]["api"]["stop_grace_period"].removesuffix("s"))
    source = (ROOT / "api" / "gunicorn_conf.py").read_text()
    assert grace > int(re.search(r"^graceful_timeout = (\d+)", source, re.MULTILINE)[1])


def test_compose_postgres_is_optional():
    """The database is in a profile, pinned, kept in a volume, and waited for when it is there."""
    document = compose()
    postgres = document["services"]["postgres"]
    assert postgres["profiles"] == ["postgres", "scale"]
    assert re.fullmatch(r"postgres:\d+(\.\d+)?-bookworm", postgres["image"])
    assert postgres["volumes"][0].partition(":")[0] in document["volumes"]
    waits = document["services"]["api"]["depends_on"]["postgres"]
    assert waits == {"condition": "service_healthy", "required": False}
    assert postgres["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]


@pytest.mark.slow
def test_docker_understands_the_compose_file():
    """`docker compose config` accepts the file, where that command is there."""
    docker = shutil.which("docker")
    version = [docker, "compose", "version"]
    if docker is None or subprocess.run(version, capture_output=True, check=False).returncode:
        return  # read as YAML above; not a skip, since few machines have the plug-in
    for profile in ("postgres", "scale"):
        command = [docker, "compose", "--profile", profile, "config", "--quiet"]
        subprocess.run(command, cwd=ROOT, check=True)


def example() -> dict[str, str]:
    """The variables of .env.example with their values."""
    lines = re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return dict(lines)


def test_example_names_every_setting():
    """.env.example has each setting once, nothing that is not one, and nothing switched on."""
    known = {field.alias for field in Settings.model_fields.values()}
    assert set(example()) == known | COMPOSE_ONLY
    live = [line for line in (ROOT / ".env.example").read_text().splitlines() if line[:1] != "#"]
    assert not any(live)


def test_example_shows_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Taking every # off changes nothing."""
    (tmp_path / ".env").write_text("".join(f"{k}={v}\n" for k, v in example().items()))
    monkeypatch.chdir(ROOT)
    shown = Settings(_env_file=tmp_path / ".env").model_dump()
    plain = Settings(_env_file=None).model_dump()
    assert shown.pop("data_dir").resolve() == plain.pop("data_dir").resolve()
    assert shown == plain


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where /app, /opt/venv and /data of the image are made here."""
    (tmp_path / "app").mkdir()
    (tmp_path / "data").mkdir()
    yield tmp_path
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=True)
    shutil.rmtree(tmp_path)  # gigabytes, which pytest would keep


def here(text: str, place: Path) -> str:
    """The text of the Dockerfile, its folders moved to the place."""
    return re.sub(r"(?<![\w./])/(opt/venv|app|data)\b", rf"{place}/\1", text)


def uv_folder() -> str:
    return str(Path(shutil.which("uv") or ROOT / ".tools" / "bin" / "uv").parent)


def build(place: Path) -> None:
    """The instructions of the first stage, but for the one that brings uv."""
    environment = {**os.environ, **environment_of(stages()[0])}
    environment["PATH"] = f"{uv_folder()}:{environment['PATH']}"
    environment.pop("UV_NO_CACHE")  # in an image the cache is a burden, here a help
    for step in stages()[0]:
        if step.name == "COPY":
            copy(step.words, place / "app")
        elif step.name == "RUN" and "pip install --no-cache-dir uv" not in step.text:
            command = here(step.text, place).replace("python -m", f"{place}/opt/venv/bin/python -m")
            subprocess.run(
                ["bash", "-euc", command], cwd=place / "app", env=environment, check=True
            )


def copy(words: list[str], app: Path) -> None:
    *sources, target = words
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, app / target, ignore=ignore)
        else:
            shutil.copy(ROOT / source, app / target)


def environment_in(place: Path, port: int) -> dict[str, str]:
    """The environment of the last stage, its folders moved to the place."""
    found = {name: here(value, place) for name, value in environment_of(stages()[-1]).items()}
    path = f"{place}/opt/venv/bin:{os.environ['PATH']}"
    return found | {"PATH": path, "PORT": str(port), "HOME": "/nonexistent", "HOST": "127.0.0.1"}


def powerless(place: Path) -> list[str]:
    """Takes away the right to write anything but the data; what to put before a command.

    The image's user itself may not even read Python here, if that lies in somebody's home.
    """
    subprocess.run(["chmod", "-R", "a-w", place / "app", place / "opt"], check=True)
    return ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] if os.geteuid() == 0 else []


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_instructions_make_a_server_that_runs(place: Path, request: pytest.FixtureRequest):
    """Built by the Dockerfile's own commands, it serves, and may write only to /data."""
    build(place)
    before, port, log = powerless(place), free_port(), place / "server.log"
    common = {"env": environment_in(place, port), "cwd": place / "app"}
    assert subprocess.run([*before, "touch", "new"], check=False, **common).returncode != 0
    (command,) = those(stages()[-1], "CMD")
    serve = ["env", *json.loads(command.text)]  # env looks for it on the image's PATH
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*before, *serve],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            **common,
        )
    request.addfinalizer(process.kill)
    server = Server(f"http://127.0.0.1:{port}", process, place, log)
    wait_until_ready(server)
    check = [*before, "env", *health_command()]
    assert subprocess.run(check, check=False, **common).returncode == 0
    answer = server.get("/api/v1/models", headers=server.bearer("ada@example.com"))
    assert answer.json()["items"]
    assert (place / "data" / "secret.key").exists()
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0
    assert subprocess.run(check, check=False, capture_output=True, **common).returncode != 0
