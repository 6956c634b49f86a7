"""An S3 store for tests: moto's server. Loaded as a pytest plugin."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from aiobotocore.session import AioSession
from backends import Background, running
from servers import READY_SECONDS

from api.storage import bucket

MOTO = Path(sys.executable).with_name("moto_server")
BUCKET = "percept"


@dataclass
class ObjectStore(Background):
    """An S3 store of our own with one bucket; what it holds is lost when it ends."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment by which it is found."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "percept",
            "AWS_SECRET_ACCESS_KEY": "ten thousand small lamps",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def command(self) -> list[str]:
        return [str(MOTO), "-H", "127.0.0.1", "-p", str(self.port)]

    def answers(self) -> bool:
        """Also makes the bucket, where there is none yet."""
        with contextlib.suppress(httpx.TransportError):
            return httpx.put(f"{self.url}/{BUCKET}").status_code in (200, 409)
        return False

    def place(self) -> str:
        """An address in the bucket that nobody has used."""
        return f"s3://{BUCKET}/{uuid4()}"

    def requests(self) -> list[str]:
        """The method and path of each request that it has answered."""
        lines = (self.folder / "log").read_text().splitlines()
        return [line.split('"')[1].rsplit(" ", 1)[0] for line in lines if "HTTP/1.1" in line]


@pytest.fixture(scope="session")
def common_store() -> Iterator[ObjectStore]:
    """One S3 store for all tests that do not stop it."""
    with running(ObjectStore) as store:
        yield store


@pytest.fixture(scope="session")
def common_session() -> AioSession:
    """What botocore has read about S3 once: it takes longer than most of these tests."""
    return AioSession()


@pytest.fixture
def object_storage(
    common_store: ObjectStore, common_session: AioSession, monkeypatch: pytest.MonkeyPatch
) -> ObjectStore:
    """The common store; this process finds it, and has patience: its first call loads a lot."""
    monkeypatch.setattr(bucket, "CALL_SECONDS", READY_SECONDS)
    monkeypatch.setitem(bucket.OPTIONS, "session", common_session)
    for name, value in common_store.variables.items():
        monkeypatch.setenv(name, value)
    return common_store


@pytest.fixture
def own_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store that the test may stop, start, freeze and thaw; this process finds it."""
    with running(ObjectStore) as store:
        for name, value in store.variables.items():
            monkeypatch.setenv(name, value)
        yield store


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.slow)])
def storage_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where files may be kept: first in a folder, then in a bucket."""
    if request.param == "folder":
        return str(tmp_path / "deep" / "files")
    store: ObjectStore = request.getfixturevalue("object_storage")
    return store.place()
