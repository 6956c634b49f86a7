"""The Dockerfile, read: what the image is made of, and what is sent to be built."""

import json
import re
from fnmatch import fnmatch

from dockerfile import environment_of, health_command, instructions, stages, those

from api.config import ROOT, Settings

BUILD_TOOLS = ("gcc", "g++", "make", "build-essential", "uv", "pip install", "apt-get", "git")


def test_base_images_are_pinned_to_bookworm():
    """Every stage starts from a slim bookworm image of a named Python series, the same one."""
    bases = {stage[0].words[0] for stage in stages()}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.\d+(\.\d+)?-slim-bookworm", bases.pop())


def test_python_is_one_that_the_package_supports():
    """The image's Python satisfies requires-python and is the one that the tests run on."""
    series = re.match(r"python:(3\.\d+)", stages()[0][0].text)[1]
    assert series in ("3.11", "3.12", "3.13")


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
