"""Prometheus' configuration and alerts, and Grafana's dashboard: read, checked, and tried."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from api.config import ROOT
from api.http import job_metrics

PROMETHEUS, GRAFANA = ROOT / "deploy" / "prometheus", ROOT / "deploy" / "grafana"
PARTS = {"accounts", "classify", "ocr", "tts", "stt", "worker"}
OF_PROMETHEUS = {"up"}
METRIC = re.compile(r"\b(?:percept|process)_[a-z_]+\b|\bup\b")
LABEL_LIST = re.compile(r"\b(?:by|without) \([^)]*\)")
OUTSIDE_OF_BRACES = re.compile(r"\{[^}]*\}")


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    return list(group["rules"])


def panels() -> list[dict[str, Any]]:
    found = json.loads((GRAFANA / "percept.json").read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    """Every query of the alerts, the autoscaler and the dashboard, its variables filled in."""
    yield from (rule["expr"] for rule in alerts())
    yield yaml.safe_load((PROMETHEUS / "adapter.yml").read_text())["externalRules"][0][
        "metricsQuery"
    ]
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "1m").replace("$part", "ocr|tts")


def named(expression: str) -> set[str]:
    """The metrics that a query names."""
    return set(METRIC.findall(LABEL_LIST.sub("", OUTSIDE_OF_BRACES.sub("", expression))))


def families(text: str) -> set[str]:
    """All sample names that the metrics described in a text can have."""
    found = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)", text, re.MULTILINE):
        ends = ("_bucket", "_count", "_sum") if kind == "histogram" else ("",)
        found |= {name + end for end in ends}
    return found


@pytest.fixture
def exposed(app: Flask, client: FlaskClient) -> set[str]:
    """What /metrics of a server and of a worker can show."""
    text = client.get("/metrics").text
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    text += generate_latest(registry).decode()
    return families(text) | {family.name for family in job_metrics.JobsInTable(app).collect()}


def test_every_query_names_what_there_is(exposed: set[str]) -> None:
    """No alert and no panel waits for a metric that nothing exposes."""
    for expression in expressions():
        assert named(expression)
        assert named(expression) <= exposed | OF_PROMETHEUS, expression


def test_the_dashboard_shows_what_an_operator_asks_for() -> None:
    """Rate, errors, latency, queue, models, guests and memory; each panel where no other is."""
    shown = set().union(*(named(expression) for expression in expressions()))
    wanted = {
        "percept_http_requests_total",
        "percept_http_request_seconds_bucket",
        "percept_jobs",
        "percept_jobs_oldest_seconds",
        "percept_model_loaded",
        "percept_guests_lost_total",
        "percept_process_resident_memory_bytes",
    }
    assert wanted <= shown
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in panels()}) == len(places)


def test_datasource_and_dashboard_fit_together() -> None:
    """The panels ask the provisioned datasource, which is the service of docker-compose.yml."""
    folder = GRAFANA / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())[
        "datasources"
    ]
    assert {panel["datasource"]["uid"] for panel in panels()} == {source["uid"]}
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in services
    (provider,) = yaml.safe_load((folder / "dashboards" / "percept.yml").read_text())["providers"]
    mounted = [volume.split(":")[1] for volume in services["grafana"]["volumes"]]
    assert f"{provider['options']['path']}/percept.json" in mounted


def test_every_part_is_watched() -> None:
    """Each job of Prometheus is a service of docker-compose.yml under its own name and port."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    jobs = {job["job_name"]: job["dns_sd_configs"] for job in config["scrape_configs"]}
    assert set(jobs) == PARTS
    assert not PARTS - set(services)
    assert all(dns[0]["names"] == [name] and dns[0]["port"] == 8000 for name, dns in jobs.items())


def test_every_alert_is_explained() -> None:
    """docs/operations.md says of each one what it means and what to do; it has a summary too."""
    text = (ROOT / "docs" / "operations.md").read_text()
    for rule in alerts():
        assert f"| `{rule['alert']}` |" in text
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]


def promtool(*words: str | Path) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: prometheus)")
    done = subprocess.run([tool, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_configuration_and_rules() -> None:
    """Prometheus' own checker reads the file, and the alerts that it names."""
    promtool("check", "config", PROMETHEUS / "prometheus.yml")


def test_promtool_takes_the_configuration_for_a_cluster(tmp_path: Path) -> None:
    """But for how pods are found, which Debian's Prometheus is built without."""
    config = yaml.safe_load((PROMETHEUS / "kubernetes.yml").read_text())
    (job,) = config["scrape_configs"]
    (found,) = job.pop("kubernetes_sd_configs")
    assert found["namespaces"] == {"names": ["percept"]}
    shutil.copy(PROMETHEUS / "alerts.yml", tmp_path)
    (tmp_path / "kubernetes.yml").write_text(yaml.safe_dump(config))
    promtool("check", "config", tmp_path / "kubernetes.yml")


def test_promtool_takes_every_query(tmp_path: Path) -> None:
    """Each panel's query parses: as a rule, since promtool checks those without a server."""
    rules = [{"record": f"q:{n}", "expr": query} for n, query in enumerate(expressions())]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    promtool("check", "rules", file)


def test_alerts_fire_when_they_should() -> None:
    """The alerts on made-up histories: each fires where it has to, and no other one does."""
    promtool("test", "rules", Path(__file__).with_name("alerts_test.yml"))
