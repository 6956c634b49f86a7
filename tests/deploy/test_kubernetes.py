"""The manifests: valid by Kubernetes' own schemas, and what must hold in each of them."""

import functools
import re
from typing import Any

import kubernetes_validate
import pytest
import yaml

from api.config import ROOT, Settings

FOLDER = ROOT / "deploy" / "kubernetes"
SERVERS = {
    "accounts": "accounts,history,jobs",
    "classify": "classify",
    "ocr": "ocr",
    "tts": "tts",
    "stt": "stt",
}
PARTS = [*SERVERS, "worker"]
OF_AWS = {"AWS_DEFAULT_REGION"}
Manifest = dict[str, Any]


@functools.cache
def kustomization() -> Manifest:
    return yaml.safe_load((FOLDER / "kustomization.yaml").read_text())


@functools.cache
def manifests() -> list[Manifest]:
    """Everything that `kubectl apply -k` would send."""
    return [
        document
        for name in kustomization()["resources"]
        for document in yaml.safe_load_all((FOLDER / name).read_text())
    ]


def one(kind: str, name: str) -> Manifest:
    found = [m for m in manifests() if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{kind} {name}"
    return found[0]


def pods() -> dict[str, Manifest]:
    """The pod of each Deployment and Job, by name."""
    kinds = ("Deployment", "Job")
    found = (m for m in manifests() if m["kind"] in kinds)
    return {m["metadata"]["name"]: m["spec"]["template"]["spec"] for m in found}


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def settings_of(name: str) -> dict[str, str]:
    return {e["name"]: e["value"] for e in pods()[name]["containers"][0].get("env", [])}


@pytest.mark.parametrize("version", ["1.30", "1.34"])
def test_every_manifest_is_valid(version: str) -> None:
    """By the strict schemas: no unknown field, no wrong type."""
    for manifest in manifests():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_every_file_is_applied_and_nothing_twice() -> None:
    """kustomization.yaml names all files of the folder; no two manifests are the same thing."""
    files = {file.name for file in FOLDER.iterdir()} - {"kustomization.yaml"}
    assert set(kustomization()["resources"]) == files
    names = [(m["kind"], m["metadata"]["name"]) for m in manifests()]
    assert len(set(names)) == len(names)
    assert kustomization()["namespace"] == one("Namespace", "percept")["metadata"]["name"]


def test_no_secret_is_in_a_manifest() -> None:
    """Secrets are referred to by name; nothing that looks like one is in the settings."""
    assert not [m for m in manifests() if m["kind"] == "Secret"]
    plain = one("ConfigMap", "percept")["data"]
    assert not re.search(r"SECRET|PASSWORD|KEY|TOKEN|://\S*@", " ".join([*plain, *plain.values()]))
    for name in [*PARTS, "migrate"]:
        assert {"secretRef": {"name": "percept"}} in pods()[name]["containers"][0]["envFrom"]


def test_settings_are_settings() -> None:
    """Each variable in a manifest is one that the server or the AWS libraries read."""
    known = {field.alias for field in Settings.model_fields.values()} | OF_AWS
    assert set(one("ConfigMap", "percept")["data"]) <= known
    for name in PARTS:
        assert set(settings_of(name)) <= known


def test_each_part_offers_its_services() -> None:
    """Together they offer everything, and each one its own."""
    offered = {name: settings_of(name)["PERCEPT_SERVICES"] for name in SERVERS}
    assert offered == SERVERS
    assert settings_of("worker") == {}


@pytest.mark.parametrize("name", [*PARTS, "migrate", "openapi"])
def test_pods_have_no_rights(name: str) -> None:
    """Not root, nothing written but to its volumes, no capability, no token of the cluster."""
    pod = pods()[name]
    assert pod["automountServiceAccountToken"] is False
    secure = pod["securityContext"]
    assert (secure["runAsNonRoot"], secure["runAsUser"]) == (True, 10001)
    assert secure["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in containers(pod):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"requests", "limits"} <= set(container["resources"])
        mounted = {m["name"] for m in container["volumeMounts"]}
        assert "tmp" in mounted
        assert mounted <= {volume["name"] for volume in pod["volumes"]}


def test_user_is_the_image_s() -> None:
    """The number is the one that the image makes and gives /data to."""
    assert "USER 10001:10001" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", PARTS)
def test_parts_are_asked_how_they_are(name: str) -> None:
    """Three probes each, by their own port; a lost database never restarts a pod."""
    (container,) = pods()[name]["containers"]
    paths = {k: container[f"{k}Probe"]["httpGet"]["path"] for k in ("startup", "readiness")}
    expected = "/metrics" if name == "worker" else "/health/ready"
    assert paths == {"startup": expected, "readiness": expected}
    live = container["livenessProbe"]["httpGet"]
    assert live["path"] == ("/metrics" if name == "worker" else "/health/live")
    assert {probe["httpGet"]["port"] for key, probe in container.items() if "Probe" in key} == {
        container["ports"][0]["name"]
    }


@pytest.mark.parametrize("name", SERVERS)
def test_running_requests_may_end(name: str) -> None:
    """Before Kubernetes kills: the pause before the end, and what gunicorn waits for."""
    source = (ROOT / "api" / "server" / "gunicorn_conf.py").read_text()
    graceful = int(re.search(r"^graceful_timeout = (\d+)", source, re.MULTILINE)[1])
    pod = pods()[name]
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > graceful + pause


@pytest.mark.parametrize("name", PARTS)
def test_each_part_scales_and_survives_a_drain(name: str) -> None:
    """Autoscaler and budget are there; servers follow the CPU, workers the queue."""
    deployment = one("Deployment", name)
    assert "replicas" not in deployment["spec"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert (
        one("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"].items()
        <= labels.items()
    )
    scaler = one("HorizontalPodAutoscaler", name)["spec"]
    assert scaler["scaleTargetRef"]["name"] == name
    assert scaler["maxReplicas"] > scaler["minReplicas"] >= 2
    assert scaler["metrics"][0]["type"] == ("External" if name == "worker" else "Resource")


def test_the_queue_s_metric_is_made() -> None:
    """prometheus-adapter's rule gives the workers' autoscaler what it asks for."""
    (rule,) = yaml.safe_load((ROOT / "deploy" / "prometheus" / "adapter.yml").read_text())[
        "externalRules"
    ]
    (metric,) = one("HorizontalPodAutoscaler", "worker")["spec"]["metrics"]
    assert metric["external"]["metric"]["name"] == rule["name"]["as"]


def test_parts_are_alike_but_for_what_they_are() -> None:
    """The same image, settings, rights and volumes; else a change would reach some of them only."""
    kept = ("envFrom", "image", "securityContext", "volumeMounts")
    alike = {str({key: pods()[name]["containers"][0][key] for key in kept}) for name in PARTS}
    assert len(alike) == 1


def test_ingress_leads_to_services() -> None:
    """Each path goes to a service of that name, nginx's paths are all there, /metrics is not."""
    (rule,) = one("Ingress", "percept")["spec"]["rules"]
    routes = {p["path"]: p["backend"]["service"]["name"] for p in rule["http"]["paths"]}
    for name in set(routes.values()):
        service = one("Service", name)["spec"]
        labels = one("Deployment", name)["spec"]["template"]["metadata"]["labels"]
        assert service["selector"].items() <= labels.items()
    assert {path: name for path, name in routes.items() if path.count("/") == 3} == {
        f"/api/v1/{name}": name for name in SERVERS if name != "accounts"
    }
    assert routes["/openapi.json"] == "openapi"
    types = {p["path"]: p["pathType"] for p in rule["http"]["paths"]}
    assert types["/"] == "Exact"
    assert not [path for path in routes if path.startswith("/metrics")]
