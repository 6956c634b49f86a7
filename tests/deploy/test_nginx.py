"""nginx's files: what Percept and Docker need to find in them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from demo.front import nginx, upstreams
from demo.topology import LIMITS, REPLICAS, SERVICES

from api.config import ROOT, Settings

FOLDER = ROOT / "deploy" / "nginx"
PARTS = {name: [n] for n, name in enumerate(REPLICAS, 20000)}


def test_it_is_valid(tmp_path: Path) -> None:
    """nginx itself reads the files as `make demo-scale` uses them."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    nginx(tmp_path, 20100, PARTS, LIMITS)
    home = tmp_path / "nginx"
    command = [program, "-t", "-p", f"{home}/", "-c", home / "nginx.conf", "-e", "stderr"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr.replace('"user" directive makes sense only', "")


def test_every_service_has_its_upstream() -> None:
    """Each part but the worker; a name of Docker's there, an address each here."""
    text = (FOLDER / "upstreams.conf").read_text()
    assert set(re.findall(r"^upstream (\w+)", text, re.MULTILINE)) == set(SERVICES)
    assert re.findall(r"server (\w+):8000 resolve", text) == re.findall(r"upstream (\w+) \{", text)
    assert text.count("zone ") == len(SERVICES)  # `resolve` needs one
    here = upstreams({name: [1111, 2222] for name in SERVICES})
    assert "resolve" not in re.sub(r"#.*", "", here)
    assert here.count("server 127.0.0.1:2222 max_fails=2") == len(SERVICES)


def test_connections_end_before_gunicorn_ends_them() -> None:
    """A resting connection is given up by nginx first, never found closed."""
    source = (ROOT / "api" / "server" / "gunicorn_conf.py").read_text()
    ours = int(re.search(r"^keepalive = (\d+)", source, re.MULTILINE)[1])
    (theirs,) = re.findall(r"keepalive_timeout (\d+)s;", (FOLDER / "upstreams.conf").read_text())
    assert int(theirs) < ours


def test_placeholders_are_filled_in() -> None:
    """Each one is given a value by docker-compose.yml, and sizes are the server's settings."""
    text = (FOLDER / "percept.conf.template").read_text()
    wanted = set(re.findall(r"\$\{([A-Z_]+)\}", text))
    assert wanted == {"CAPITALS", "LISTEN", "OPENAPI", *LIMITS}
    defaults = {field.alias: field.default for field in Settings.model_fields.values()}
    assert {name: defaults[name] for name in LIMITS} == LIMITS


def test_no_path_of_two_parts() -> None:
    """Each upstream is used, and only nginx's own answers go nowhere."""
    text = (FOLDER / "percept.conf.template").read_text()
    assert set(re.findall(r"proxy_pass http://(\w+);", text)) == set(SERVICES)
    for path in ("/metrics", "/swagger.json"):
        assert re.search(rf"location = {path} {{\s+return 404;", text)
