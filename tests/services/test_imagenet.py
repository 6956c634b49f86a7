"""The real MobileNetV2 on labelled photographs, over HTTP: pulled, converted, measured."""

import csv
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from prometheus_client.parser import text_string_to_metric_families
from servers import PERCEPT, Server, environment, start, stop

from api.enginekit.store import ModelStore

pytestmark = pytest.mark.slow
# In a child of its own: TensorFlow must not be imported by the tests' process.
TRUTH = """
import sys, keras, numpy as np
x = np.random.default_rng(3).uniform(-1, 1, (1, 224, 224, 3)).astype("float32")
np.savez("truth.npz", x=x, y=keras.applications.MobileNetV2(weights=sys.argv[1])(x))
"""


@pytest.fixture(scope="module")
def imagenet(
    tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Iterator[tuple[Server, Path]]:
    """A server with mobilenet_v2 pulled from the mirror, and the folder with the pictures."""
    folder = tmp_path_factory.mktemp("imagenet")
    mirror = environment(folder, PERCEPT_MODELS_MIRROR=str(shared / "models"))
    subprocess.run([PERCEPT, "models", "pull", "mobilenet_v2"], env=mirror, check=True, cwd=folder)
    server = start(folder, PERCEPT_RATE_LIMITS="off")
    yield server, shared / "data" / "classify"
    stop(server)


def test_accuracy(imagenet: tuple[Server, Path]) -> None:
    """At least 76 % of 300 pictures are named first, and 92 % among the first five."""
    server, folder = imagenet
    headers = server.bearer("judge@example.com")
    rows = list(csv.DictReader((folder / "val227.csv").read_text().splitlines()))

    def rank(row: dict[str, str]) -> int | None:
        file = {"image": (folder / row["filename"]).read_bytes()}
        answer = server.post("/api/v1/classify", headers=headers, files=file).json()
        ids = [p["class_id"] for p in answer["predictions"]]
        return ids.index(row["wnid"]) if row["wnid"] in ids else None

    with ThreadPoolExecutor(4) as pool:
        ranks = list(pool.map(rank, rows))
    first, among_five = ranks.count(0), len(ranks) - ranks.count(None)
    assert first >= 0.76 * len(rows)
    assert among_five >= 0.92 * len(rows)


def test_the_same_as_keras(imagenet: tuple[Server, Path], shared: Path, tmp_path: Path) -> None:
    """What was pulled and converted gives the numbers of the published network, to 1e-4."""
    (weights,) = (shared / "models" / "mobilenet_v2").glob("*.h5")
    subprocess.run([sys.executable, "-c", TRUTH, weights], cwd=tmp_path, check=True)
    truth = np.load(tmp_path / "truth.npz")
    store = ModelStore(imagenet[0].folder / "data" / "models")
    assert store.default("classify") == "mobilenet_v2"
    assert store.entry("mobilenet_v2").output == "probabilities"
    assert store.verify("mobilenet_v2") == []
    home = store.installed("mobilenet_v2")
    assert home is not None
    network = Interpreter(str(home / "model.tflite"), num_threads=1)
    network.allocate_tensors()
    network.set_tensor(network.get_input_details()[0]["index"], truth["x"])
    network.invoke()
    answer = network.get_tensor(network.get_output_details()[0]["index"])
    assert np.abs(answer - truth["y"]).max() < 1e-4


def test_labels_in_two_languages(imagenet: tuple[Server, Path]) -> None:
    """ImageNet classes answer with WordNet ids and with English or Spanish names."""
    server, folder = imagenet
    headers = server.bearer("judge@example.com")
    tench = (folder / "photos" / "n01440764_tench.JPEG").read_bytes()
    for language, name in (("en", "tench"), ("es", "tenca")):
        path = f"/api/v1/classify?language={language}"
        found = server.post(path, headers=headers, files={"image": tench}).json()["predictions"][0]
        assert (found["class_id"], found["label"]) == ("n01440764", name)


def test_each_worker_loads_the_model_once(imagenet: tuple[Server, Path]) -> None:
    """Two workers with all four services, two loads of each model; 900 MB is the most for one."""
    server, _ = imagenet
    samples = [
        sample
        for family in text_string_to_metric_families(server.get("/metrics").text)
        for sample in family.samples
    ]
    loads = [s for s in samples if s.name == "percept_model_loads_total"]
    assert {s.labels["service"] for s in loads} == {"classify", "ocr", "tts", "stt"}
    assert {s.value for s in loads} == {2.0}
    assert "mobilenet_v2" in {s.labels["model"] for s in loads}
    memory = [s for s in samples if s.name == "percept_process_resident_memory_bytes"]
    workers = [s.value for s in memory if s.labels["role"] == "worker"]
    assert len(workers) == 2
    assert max(workers) <= 900e6
    assert [s.value < 100e6 for s in memory if s.labels["role"] == "master"] == [True]


def test_the_models_list(imagenet: tuple[Server, Path]) -> None:
    """GET /models tells of every model in the catalogue and which one answers."""
    server, _ = imagenet
    items = server.get("/api/v1/models?task=classify", headers=server.bearer("judge@example.com"))
    found = {item["name"]: item for item in items.json()["items"]}
    catalogue = tomllib.loads(
        (Path(__file__).parents[2] / "models_store" / "catalog.toml").read_text()
    )
    classifiers = {name for name, entry in catalogue.items() if entry["task"] == "classify"}
    assert set(found) == classifiers
    default = found["mobilenet_v2"]
    assert (default["installed"], default["default"], default["loaded"]) == (True, True, True)
    assert not found["efficientnet_v2_b0"]["installed"]
