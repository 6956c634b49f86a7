"""The catalogue: the built-in one is sound, a mirror's is merged, a hostile one is refused."""

import dataclasses
import importlib
import importlib.util
import os
import tomllib
from pathlib import Path

import pytest

from api import services
from api.enginekit.catalogue import Accuracy, Entry, Input, ModelFile, is_model_name, read_catalogue
from api.enginekit.installed import BUILTIN, InstalledModels
from api.errors import Unusable

TEXT = (BUILTIN / "catalog.toml").read_text("utf-8")
ROOT = BUILTIN.parent
SHARED = Path(os.environ.get("PERCEPT_SHARED", ROOT / "../shared"))


def fields_of(kind: type) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


def test_the_built_in_catalogue_holds_what_is_promised() -> None:
    """The four classifiers are there, each with pre-processing, labels and accuracy."""
    entries = read_catalogue(TEXT)
    promised = {"everyday_10", "mobilenet_v2", "mobilenet_v3_large", "efficientnet_v2_b0"}
    assert promised <= {entry.name for entry in entries.values() if entry.task == "classify"}
    for entry in (entries[name] for name in promised):
        assert entry.input
        assert entry.accuracy
        assert entry.accuracy.source
        assert entry.labels in {file.name for file in entry.files}


def test_every_built_in_model_tells_what_it_is() -> None:
    """Title, languages, licence where we choose it, and nothing but engines of its service."""
    for entry in read_catalogue(TEXT).values():
        assert entry.title
        assert entry.languages
        assert entry.licence or not entry.rank
        if entry.task in services.names():
            engines = importlib.import_module(f"api.services.{entry.task}.engines")
            assert set(entry.engines) <= set(engines.ENGINES), entry.name


def test_every_embedded_model_is_installed(tmp_path: Path) -> None:
    """Nothing has to be pulled for the models that come along, and each service has one."""
    store = InstalledModels(tmp_path)
    entries = read_catalogue(TEXT).values()
    embedded = [entry for entry in entries if entry.embedded]
    assert [entry.name for entry in embedded if store.installed(entry.name) is None] == []
    assert {entry.task for entry in embedded} == {entry.task for entry in entries}


def test_no_field_of_the_built_in_catalogue_is_misspelt() -> None:
    """Every key is a field of the dataclasses (an unknown key is ignored)."""
    for table in tomllib.loads(TEXT).values():
        assert set(table) <= fields_of(Entry)
        assert set(table.get("input", {})) <= fields_of(Input)
        assert set(table.get("accuracy", {})) <= fields_of(Accuracy)
        assert all(set(file) <= fields_of(ModelFile) for file in table.get("files", []))


def test_every_file_to_pull_has_an_address_and_a_hash() -> None:
    """Nothing is fetched from the internet that could not be checked."""
    for entry in read_catalogue(TEXT).values():
        if not entry.embedded:
            assert all(file.url.startswith("https://") and file.hash for file in entry.files)


@pytest.mark.parametrize(
    ("name", "module"),
    [("mobilenet_v3_large", "mobilenet_v3"), ("efficientnet_v2_b0", "efficientnet_v2")],
)
def test_hashes_are_those_that_keras_publishes(name: str, module: str) -> None:
    """The md5 of the weights is in the source of keras.applications."""
    found = importlib.util.find_spec("keras")
    assert found
    assert found.origin
    source = Path(found.origin).parent / "src" / "applications" / f"{module}.py"
    weights = read_catalogue(TEXT)[name].files[0]
    assert weights.hash.removeprefix("md5:") in source.read_text()


def test_mobilenet_v2_is_the_default_of_the_catalogue_and_everyday_10_the_last() -> None:
    """Ranks order the defaults."""
    entries = read_catalogue(TEXT).values()
    ranks = {entry.name: entry.rank for entry in entries if entry.task == "classify"}
    assert max(ranks, key=ranks.__getitem__) == "mobilenet_v2"
    assert min(ranks, key=ranks.__getitem__) == "everyday_10"


def test_a_mirror_is_merged_field_by_field() -> None:
    """What the mirror says wins, what it leaves out stays, and its own models are added."""
    mirror = """
        [mobilenet_v2]
        task = "classify"
        files = [{ name = "other.h5", path = "x/other.h5", bytes = 3 }]
        [own]
        task = "ocr"
    """
    entries = read_catalogue(TEXT, mirror)
    merged, before = entries["mobilenet_v2"], read_catalogue(TEXT)["mobilenet_v2"]
    assert merged.files == (ModelFile(name="other.h5", path="x/other.h5", bytes=3),)
    assert dataclasses.replace(merged, files=before.files) == before
    assert entries["own"].task == "ocr"


HOSTILE = [
    '["../x"]\ntask = "ocr"',
    '["a/b"]\ntask = "ocr"',
    '[".hidden"]\ntask = "ocr"',
    '["x\\n"]\ntask = "ocr"',
    '[m]\ntask = "../x"',
    '[m]\ntask = "ocr"\ntitle = "\\u001b[2J"',
    '[m]\ntask = "ocr"\nlabels = "../../etc/passwd"',
    '[m]\ntask = "ocr"\nengines = { litert = "../x" }',
    *(
        f'[m]\ntask = "ocr"\nfiles = [{{ name = "{name}" }}]'
        for name in (
            "..",
            "../x",
            "/etc/passwd",
            "a/b",
            "a\\\\b",
            "",
            ".x",
            "model.json",
            "x\\u0000",
        )
    ),
    *(
        f'[m]\ntask = "ocr"\nfiles = [{{ name = "x", path = "{path}" }}]'
        for path in ("../x", "a/../../x", "/etc/passwd", "a//b", "a\\\\b", "file:///etc/passwd")
    ),
    '[m]\ntask = "ocr"\nfiles = [{ name = "x", url = "file:///etc/passwd" }]',
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_refused(text: str) -> None:
    """No name, path or address of a mirror can reach out of its folder."""
    with pytest.raises(Unusable) as caught:
        read_catalogue(TEXT, text)
    assert caught.value.code == "catalogue_broken"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[m", "not TOML"),
        ("m = 1", "'m'"),
        ("[m]\ntitle = 'no task'", "task"),
        ("[m]\ntask = 'ocr'\nfiles = 5", "files"),
        ("[m]\ntask = 'ocr'\nfiles = [{ name = 'x', bytes = -1 }]", "files.0.bytes"),
        ("[m]\ntask = 'ocr'\nfiles = [{ name = 'x', hash = 'sha1:00' }]", "files.0.hash"),
        ("[m]\ntask = 'ocr'\ninput = { size = 0, resize = 1 }", "input.size"),
        ("[m]\ntask = 'ocr'\naccuracy = { top1 = 400 }", "accuracy"),
    ],
)
def test_a_broken_catalogue_is_named_in_one_line(text: str, said: str) -> None:
    """The error names the place and is one line, never a traceback."""
    with pytest.raises(Unusable) as caught:
        read_catalogue(TEXT, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", ".x", "x\n", "x\0", "x" * 65, "é"])
def test_what_is_no_model_name(name: str) -> None:
    """Names that could leave the models folder, or hide in it, are none."""
    assert not is_model_name(name)


@pytest.mark.parametrize(
    ("scale", "ends"), [("-1..1", (-1, 1)), ("0..1", (0, 1)), ("0..255", (0, 255))]
)
def test_scale_maps_pixels_to_its_ends(scale: str, ends: tuple[float, float]) -> None:
    """Black becomes the lower end and white the upper one."""
    factor, offset = Input(size=1, resize=1, scale=scale).factor_and_offset  # type: ignore[arg-type]
    assert (offset, 255 * factor + offset) == pytest.approx(ends)


@pytest.mark.skipif(not (SHARED / "models").is_dir(), reason="the shared mirror is not here")
def test_the_real_mirror_can_be_read() -> None:
    """Its entries are accepted, and mobilenet_v2 keeps its pre-processing."""
    entries = read_catalogue(TEXT, (SHARED / "models" / "catalog.toml").read_text("utf-8"))
    assert entries["mobilenet_v2"].input == read_catalogue(TEXT)["mobilenet_v2"].input
    assert {"tessdata", "piper_test_voice"} <= set(entries)
