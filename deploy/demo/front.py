"""What stands before and beside Percept's parts: nginx and Prometheus, from deploy's own files."""

import os
import re
from pathlib import Path
from string import Template
from typing import Any

import yaml

from demo.parts import Part, answers, listens, program

DEPLOY = Path(__file__).resolve().parents[1]
OPENAPI = DEPLOY.parent / "openapi.json"
SCRAPE_EVERY = "2s"
# Ports of each part of Percept, by its name.
Ports = dict[str, list[int]]


def nginx(
    folder: Path, port: int, parts: Ports, limits: dict[str, int], name: str = "nginx"
) -> Part:
    """nginx before all parts; `limits` has the two settings of sizes in MB."""
    home = folder / name
    (home / "conf.d").mkdir(parents=True)
    (home / "unused").mkdir()
    (home / "nginx.conf").write_text((DEPLOY / "nginx" / "nginx.conf").read_text())
    values = {"LISTEN": f"127.0.0.1:{port}", "OPENAPI": str(OPENAPI), **limits}
    text = Template((DEPLOY / "nginx" / "percept.conf.template").read_text())
    (home / "conf.d" / "percept.conf").write_text(text.safe_substitute(values))
    (home / "conf.d" / "upstreams.conf").write_text(upstreams(parts))
    # nginx started by root would give its work to a user who may not look into the folder.
    user = "user root;" if os.geteuid() == 0 else ""
    where = ("-p", f"{home}/", "-c", str(home / "nginx.conf"), "-e", "stderr")
    command = (program("nginx"), *where, "-g", f"daemon off; {user}")
    return Part(name, command, listens(port))


def upstreams(parts: Ports) -> str:
    """The upstreams of nginx with an address for each process instead of a name of Docker's."""
    text = (DEPLOY / "nginx" / "upstreams.conf").read_text()
    text = re.sub(r"(?m)^resolver .*\n", "", text)

    def servers(line: re.Match[str]) -> str:
        name, options = line[1], line[2]
        return "\n".join(f"    server 127.0.0.1:{port} {options};" for port in parts[name])

    return re.sub(r"(?m)^    server (\w+):8000 resolve (.*);$", servers, text)


def prometheus(folder: Path, port: int, parts: Ports) -> Part:
    """Prometheus with the alerts, which looks at each process every two seconds."""
    home = folder / "prometheus"
    home.mkdir()
    (home / "alerts.yml").write_text((DEPLOY / "prometheus" / "alerts.yml").read_text())
    config = with_targets((DEPLOY / "prometheus" / "prometheus.yml").read_text(), parts)
    (home / "prometheus.yml").write_text(yaml.safe_dump(config))
    options = {
        "config.file": f"{home}/prometheus.yml",
        "storage.tsdb.path": f"{home}/data",
        "web.listen-address": f"127.0.0.1:{port}",
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    return Part("prometheus", (program("prometheus"), *given), answers(port, "/-/ready"))


def with_targets(text: str, parts: Ports) -> dict[str, Any]:
    """Prometheus' configuration with addresses instead of Docker's names."""
    config: dict[str, Any] = yaml.safe_load(text)
    config["global"]["scrape_interval"] = SCRAPE_EVERY
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        targets = [f"127.0.0.1:{port}" for port in parts[job["job_name"]]]
        job["static_configs"] = [{"targets": targets}]
    return config
