"""Models are loaded once, on demand; what fails is remembered and told."""

import sys
import threading
import time
import types
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.enginekit.batcher import Batcher
from api.enginekit.catalogue import Entry
from api.enginekit.pool import EnginePool, Loaded
from api.enginekit.stopwatch import Stopwatch
from api.enginekit.store import ModelStore
from api.errors import NotReady, Unusable

CATALOGUE = """
[good]
task = "hum"
rank = 2
embedded = true
engines = { litert = "model.bin" }
[bad]
task = "hum"
rank = 1
embedded = true
engines = { tensorflow = "model.bin" }
[absent]
task = "hum"
engines = { litert = "model.bin" }
"""


class Hummer:
    """A small real engine: it counts how often it was made."""

    made = 0

    def __init__(self, folder: Path, entry: Entry):
        time.sleep(0.02)  # long enough for threads to meet
        type(self).made += 1

    def warm_up(self) -> None:
        """Nothing to warm."""

    def hum(self) -> str:
        return "hm"


class Broken(Hummer):
    """An engine whose files are damaged."""

    def warm_up(self) -> None:
        raise ValueError("bytes that make no sense")


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    for name in ("good", "bad"):
        (tmp_path / "builtin" / name).mkdir(parents=True)
        (tmp_path / "builtin" / name / "model.bin").write_bytes(b"x")
    (tmp_path / "builtin" / "catalog.toml").write_text(CATALOGUE)
    return ModelStore(tmp_path / "models", tmp_path / "builtin")


@pytest.fixture
def heard() -> list[tuple[Loaded, float | None]]:
    return []


@pytest.fixture
def pool(store: ModelStore, heard: list[Any]) -> Iterator[EnginePool]:
    module = types.ModuleType("hum_engines")
    module.__dict__.update(Hummer=Hummer, Broken=Broken)
    sys.modules["hum_engines"] = module
    Hummer.made = Broken.made = 0
    table = {"litert": "hum_engines:Hummer", "tensorflow": "hum_engines:Broken"}
    yield EnginePool(
        "hum", table, lambda e: next(iter(e.engines)), store, lambda *change: heard.append(change)
    )
    del sys.modules["hum_engines"]


def test_loaded_once_by_many_threads(pool: EnginePool, heard: list[Any]) -> None:
    """Ten threads that ask at once get one engine, loaded once."""
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(pool.get().engine)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(set(map(id, found))), Hummer.made, len(heard)) == (1, 1, 1)


def test_missing_until_warm(pool: EnginePool) -> None:
    """The pool says what is missing until its default model is loaded."""
    assert pool.missing() == ["hum: good is not loaded yet."]
    pool.warm()
    assert (pool.missing(), pool.loaded()) == ([], ["good"])


def test_a_damaged_model_is_told_and_does_not_stop_others(
    pool: EnginePool, store: ModelStore
) -> None:
    """A model that cannot be loaded is a NotReady with its reason; another one still answers."""
    store.set_default("hum", "bad")
    pool.warm()
    assert pool.missing() == ["hum: bad cannot be loaded (ValueError)."]
    with pytest.raises(NotReady):
        pool.get()
    assert pool.get("good").model == "good"


def test_an_idle_model_leaves_and_comes_back(pool: EnginePool, heard: list[Any]) -> None:
    """It is gone from memory, the service still counts as ready, and the next call loads it."""
    pool.warm()
    pool.unload_idle(60)
    assert pool.loaded() == ["good"]
    pool.unload_idle(0)
    assert (pool.loaded(), pool.missing()) == ([], [])
    assert pool.get().model == "good"
    assert (pool.loaded(), Hummer.made) == (["good"], 2)
    assert [seconds is None for _, seconds in heard] == [False, True, False]


def test_a_model_in_use_works_on_when_it_leaves(pool: EnginePool, heard: list[Any]) -> None:
    """Who has it on loan keeps it; others get a fresh one; then nothing holds the old one."""
    lent = pool.get()
    pool.unload_idle(0)
    assert lent.engine.hum() == "hm"
    assert pool.get().engine is not lent.engine
    old = weakref.ref(lent.engine)
    heard.clear()
    del lent
    assert old() is None


def test_one_that_is_asked_for_stays(pool: EnginePool) -> None:
    """Only models that nobody has used for so long leave."""
    pool.get("good")
    time.sleep(0.05)
    pool.get("good")
    pool.unload_idle(0.04)
    assert pool.loaded() == ["good"]


def test_one_that_does_not_come_back_is_missing(pool: EnginePool, store: ModelStore) -> None:
    """A model whose file was damaged while it rested is told like any other."""
    pool.warm()
    pool.unload_idle(0)
    pool._engines = {"litert": "hum_engines:Broken"}
    with pytest.raises(NotReady):
        pool.get()
    assert pool.missing() == ["hum: good cannot be loaded (ValueError)."]


@pytest.mark.parametrize(
    ("name", "code"), [("nope", "model_not_found"), ("absent", "model_not_installed")]
)
def test_models_that_cannot_be_lent(pool: EnginePool, name: str, code: str) -> None:
    """A model that is unknown or not installed is refused with its own code."""
    with pytest.raises(Unusable) as caught:
        pool.get(name)
    assert caught.value.code == code


def test_batches_form_and_answers_find_their_way() -> None:
    """Requests that wait while a batch computes go together, and each gets its own rows."""
    import numpy as np

    sizes = []

    def double(rows: Any) -> Any:
        sizes.append(len(rows))
        time.sleep(0.05)
        return rows * 2

    batcher, found = Batcher(double, 8), {}

    def ask(n: int) -> None:
        found[n] = batcher.compute(np.full((1, 2), n, np.float32))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((found[n] == 2 * n).all() for n in range(9))
    assert max(sizes) > 1
    assert max(sizes) <= 8


def test_a_failing_batch_fails_each_of_its_requests() -> None:
    """Whatever goes wrong in a batch reaches everybody who waits for it."""
    import numpy as np

    def fail(_: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Batcher(fail, 4).compute(np.zeros((1, 2), np.float32))


def test_stopwatch() -> None:
    """Stages add up, by name and as a total."""
    watch = Stopwatch()
    for _ in range(2):
        with watch.stage("infer"):
            time.sleep(0.002)
    assert watch.milliseconds()["infer"] == watch.milliseconds()["total"] >= 4
