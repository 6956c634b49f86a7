"""Files in a bucket: what is signed, how often S3 is asked, and how it is when S3 is away."""

import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from object_storage import ObjectStore
from servers import READY_SECONDS

from api.config import BadSetting, load_settings
from api.errors import NotReady
from api.storage import Storage, bucket

pytestmark = pytest.mark.slow
HANG_LIMIT_S = 15


@pytest.fixture
def storage(object_storage: ObjectStore) -> Storage:
    return Storage(object_storage.place())


def test_each_has_its_prefix(object_storage: ObjectStore) -> None:
    """Two servers may share a bucket; names below one prefix are not those of the other."""
    place = object_storage.place()
    one, longer, other = (
        Storage(url) for url in (f"{place}/", f"{place}2", object_storage.place())
    )
    for storage in (one, longer, other):
        storage.put("ada/1", b"x")
    one.remove_owner("ada")
    assert [len(list(storage.names())) for storage in (one, longer, other)] == [0, 1, 1]


def test_few_requests(
    storage: Storage, object_storage: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are listed, and files deleted, by the thousand; here by threes."""
    monkeypatch.setattr(bucket, "AT_ONCE", 3)
    names = [f"{owner}/{n}" for owner in ("ada", "bob") for n in range(4)]
    for name in names:
        storage.put(name, b"x")
    before = len(object_storage.requests())
    assert [name for name, _ in storage.names()] == names
    storage.remove(*names[:4])
    storage.remove_owner("bob")
    asked = [line.partition("?")[0] for line in object_storage.requests()[before:]]
    assert (
        asked
        == ["GET /percept"] * 3 + ["POST /percept"] * 2 + ["GET /percept", "POST /percept"] * 2
    )
    assert list(storage.names()) == []


def test_nothing_is_remembered(storage: Storage, object_storage: ObjectStore) -> None:
    """What another server has stored or deleted is seen at once."""
    other = Storage(storage._place._system.unstrip_protocol(storage._place._root))
    for _ in range(2):
        assert list(storage.names()) == []
        other.put("ada/1", b"x")
        assert (storage.size("ada/1"), len(list(storage.names()))) == (1, 1)
        other.remove("ada/1")
        with pytest.raises(FileNotFoundError):
            storage.size("ada/1")


def test_a_signed_download(storage: Storage) -> None:
    """Anybody may fetch it for a while, as an attachment of the type and name that we say."""
    storage.put("ada/1-input", b"<script>")
    url = storage.signed_url(
        "ada/1-input", 300, media_type="text/html; charset=utf-8", download_name="percept-1.html"
    )
    assert url
    got = httpx.get(url)
    assert (got.status_code, got.content) == (200, b"<script>")
    assert got.headers["Content-Type"] == "text/html; charset=utf-8"
    assert got.headers["Content-Disposition"] == "attachment; filename=percept-1.html"
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["300"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert "/us-east-1/s3/" in query["X-Amz-Credential"][0]


@pytest.mark.parametrize(
    ("media_type", "size", "signed"),
    [
        (None, None, "host"),
        ("image/png", None, "content-type;host"),
        (None, 3, "content-length;host"),
        ("image/png", 3, "content-length;content-type;host"),
    ],
)
def test_a_signed_put(
    storage: Storage, media_type: str | None, size: int | None, signed: str
) -> None:
    """What is announced is signed, and the checksum of no bytes is not."""
    url = storage.signed_put_url("ada/1-upload", 60, media_type, size)
    assert url
    assert parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"] == [signed]
    assert "checksum" not in url
    headers = {"Content-Type": media_type} if media_type else {}
    assert httpx.put(url, content=b"abc", headers=headers).status_code == 200
    assert storage.read("ada/1-upload") == b"abc"


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region(
    object_storage: ObjectStore, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """By either variable; a host that is no address of numbers has the bucket in its path."""
    monkeypatch.delitem(bucket.OPTIONS, "session")
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv(name, "eu-west-3")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio.example:9000")
    url = Storage("s3://files/deep").signed_put_url("ada/1", 60, None, None)
    assert url
    assert url.startswith("http://minio.example:9000/files/deep/ada/1?")
    assert "%2Feu-west-3%2Fs3%2F" in url


def calls(storage: Storage) -> list[Callable[[], object]]:
    """Everything that asks S3 and can be refused."""
    return [
        storage.check,
        lambda: storage.put("ada/1", b"x"),
        lambda: storage.put_stream("ada/1", [b"x"]),
        lambda: list(storage.names()),
        lambda: storage.size("ada/1"),
        lambda: storage.open("ada/1"),
        lambda: storage.read("ada/1"),
    ]


def test_a_bucket_that_is_not_there(object_storage: ObjectStore) -> None:
    """Something that may pass; the server starts, and whoever needs it is told so."""
    storage = Storage("s3://no-such-bucket")
    for call in calls(storage)[:4]:
        with pytest.raises(NotReady):
            call()
    storage.remove("ada/1")
    storage.remove_owner("ada")


def test_no_credentials(object_storage: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """So are credentials that are missing; nothing can be signed either."""
    monkeypatch.delitem(bucket.OPTIONS, "session")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    storage = Storage(object_storage.place())
    signing = [
        lambda: storage.signed_url("ada/1", 5, media_type="x/y", download_name="x"),
        lambda: storage.signed_put_url("ada/1", 5, None, None),
    ]
    for call in [*calls(storage), *signing]:
        with pytest.raises(NotReady):
            call()


def test_an_address_without_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops the start in words that name the setting."""
    for url in ("s3://", "s3:///prefix", "gs://bucket"):
        monkeypatch.setenv("PERCEPT_STORAGE_URL", url)
        with pytest.raises(BadSetting, match="PERCEPT_STORAGE_URL"):
            load_settings()


@pytest.mark.parametrize("how", ["stop", "freeze"])
def test_while_it_is_away(
    own_store: ObjectStore, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Whatever is asked is refused before long, nothing raises anything else, and it heals."""
    monkeypatch.setitem(bucket.OPTIONS["config_kwargs"], "read_timeout", 1)
    storage = Storage(own_store.place())
    storage.put("ada/1", b"x")
    getattr(own_store, how)()
    with monkeypatch.context() as impatient:
        impatient.setattr(bucket, "CALL_SECONDS", 1)
        for call in calls(storage):
            began = time.monotonic()
            with pytest.raises(NotReady):
                call()
            assert time.monotonic() - began < HANG_LIMIT_S
        storage.remove("ada/1")
        storage.remove_owner("ada")
    if how == "stop":
        own_store.start()
    own_store.thaw()
    until = time.monotonic() + READY_SECONDS
    while not keeps(storage):
        assert time.monotonic() < until


def keeps(storage: Storage) -> bool:
    """Whether a file is stored and read; the store first answers what was asked meanwhile."""
    with suppress(NotReady):
        storage.put("ada/2", b"y")
        return storage.read("ada/2") == b"y"
    return False
