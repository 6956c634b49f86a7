"""Deletions that a store of S3 refuses: each file one by one then, and what is left is told."""

from collections.abc import Iterator

import pytest
from aiobotocore.session import AioSession
from refusing_store import RefusingStore, refusing_store
from servers import READY_SECONDS

from api.errors import NotReady
from api.storage import Storage, bucket

pytestmark = pytest.mark.slow
VARIABLES = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "percept",
    "AWS_SECRET_ACCESS_KEY": "ten thousand small lamps",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, common_session: AioSession) -> Iterator[RefusingStore]:
    monkeypatch.setattr(bucket, "CALL_SECONDS", READY_SECONDS)
    monkeypatch.setitem(bucket.OPTIONS, "session", common_session)
    with refusing_store() as one:
        for name, value in {**VARIABLES, "AWS_ENDPOINT_URL": one.url}.items():
            monkeypatch.setenv(name, value)
        yield one


@pytest.fixture
def storage(store: RefusingStore) -> Storage:
    return Storage("s3://bucket/percept")


def test_some_are_refused(store: RefusingStore, storage: Storage) -> None:
    """The answer is 200 all the same; each is tried once more by itself, the others are gone."""
    store.locked = {"percept/ada/2"}
    assert storage.remove("ada/1", "ada/2", "ada/3") == ["ada/2"]
    assert store.asked == ["POST", "DELETE"]
    assert store.deleted == ["percept/ada/1", "percept/ada/3"]
    store.locked = set()
    assert storage.remove("ada/2") == []


def test_a_store_that_wants_md5(store: RefusingStore, storage: Storage) -> None:
    """It refuses to delete many at once, so they go one by one."""
    store.wants_md5 = True
    assert storage.remove("ada/1", "ada/2") == []
    assert store.deleted == ["percept/ada/1", "percept/ada/2"]


def test_a_store_that_refuses_all(store: RefusingStore, storage: Storage) -> None:
    """One by one is given up at the first of them: the others would be refused as well."""
    store.wants_md5, store.locked = True, {"percept/ada/1"}
    assert storage.remove("ada/1", "ada/2", "ada/3") == ["ada/1", "ada/2", "ada/3"]
    assert store.asked.count("DELETE") == 1


def test_a_full_store(store: RefusingStore, storage: Storage) -> None:
    """It says so in its own words."""
    store.is_full = True
    with pytest.raises(NotReady) as caught:
        storage.put("ada/1", b"x")
    assert caught.value.code == "storage_full"
