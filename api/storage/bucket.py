"""Files in a bucket of an S3 store, which may be slow, away, or shut to us.

Where it is and who we are is told by the usual AWS variables, which botocore reads.
"""

import logging
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import IO, Any

import fsspec
from botocore.exceptions import BotoCoreError, ClientError

from api.config import aws_region

# No call waits longer than this for a store that says nothing; large files have more time.
CONNECT_SECONDS, ANSWER_SECONDS, CALL_SECONDS = 2, 4, 4
LEAST_BYTES_PER_SECOND = 4_000_000
BLOCK = 5 * 2**20
AT_ONCE = 1000  # what S3 lists or deletes with one call
CONNECTIONS = 64
log = logging.getLogger(__name__)
OPTIONS: dict[str, Any] = {
    # Instances are cached by their options, which do not tell of the environment.
    "skip_instance_cache": True,
    "use_listings_cache": False,
    "default_block_size": BLOCK,
    "config_kwargs": {
        "connect_timeout": CONNECT_SECONDS,
        "read_timeout": ANSWER_SECONDS,
        "retries": {"total_max_attempts": 2, "mode": "standard"},
        "max_pool_connections": CONNECTIONS,
        # Only this one signs the size and the type of what will be put.
        "signature_version": "s3v4",
        # Else a signed address would hold the checksum of no bytes at all.
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    },
}


class Bucket:
    """The files under one `s3://bucket/prefix`; what the methods do stands in `Storage`."""

    # Time limits are OSErrors; s3fs makes one of most refusals.
    faults: tuple[type[Exception], ...] = (OSError, BotoCoreError, ClientError)
    # Many files of one request may be slow to store, and its clock is not ours.
    settled_after = timedelta(minutes=5)

    def __init__(self, url: str):
        client = {"region_name": region} if (region := aws_region()) else {}
        self._system, root = fsspec.url_to_fs(url, client_kwargs=client, **OPTIONS)
        self._system.retries = 1  # botocore has tried twice
        self._root = root.rstrip("/")

    def check(self) -> None:
        """Asks for one name. Raises one of the faults."""
        self._list(MaxKeys=1)

    def put(self, name: str, content: bytes) -> None:
        """S3 stores a file whole or not at all. Raises one of the faults."""
        seconds = CALL_SECONDS + len(content) / LEAST_BYTES_PER_SECOND
        self._system.pipe_file(self._path(name), content, timeout=seconds)

    def put_stream(self, name: str, chunks: Iterable[bytes]) -> None:
        """By way of a temporary file, since it must be whole first. Raises one of the faults."""
        with tempfile.NamedTemporaryFile() as draft:
            for chunk in chunks:
                draft.write(chunk)
            draft.flush()
            seconds = CALL_SECONDS + draft.tell() / LEAST_BYTES_PER_SECOND
            self._system.put_file(draft.name, self._path(name), timeout=seconds)

    def open(self, name: str) -> IO[bytes]:
        """Fetches it by and by. Raises one of the faults."""
        return self._system.open(self._path(name), "rb")  # type: ignore[no-any-return]

    def read(self, name: str) -> bytes:
        """Raises one of the faults."""
        return self._system.cat_file(self._path(name))  # type: ignore[no-any-return]

    def size(self, name: str) -> int:
        """Raises one of the faults."""
        return int(self._system.size(self._path(name), timeout=CALL_SECONDS))

    def remove(self, names: tuple[str, ...]) -> list[str]:
        """A thousand with one call, and what that leaves one by one. Raises one of the faults."""
        left: list[str] = []
        for n in range(0, len(names), AT_ONCE):
            left += self._one_by_one(*self._refused(names[n : n + AT_ONCE]))
        return left

    def _refused(self, names: tuple[str, ...]) -> tuple[list[str], bool]:
        """Return the names that one call did not delete, and whether the store refuses such calls.

        Older stores want a Content-MD5, which botocore does not send any more.
        """
        bucket, start = self._bucket_and_start()
        keys = [{"Key": start + name} for name in names]
        wanted = {"Objects": keys, "Quiet": True}
        try:
            # s3fs has methods for it, which leave errors in tasks that nobody asks for them.
            answer = self._system.call_s3(
                "delete_objects", Bucket=bucket, Delete=wanted, timeout=CALL_SECONDS
            )
        except self.faults as error:
            if not isinstance(error.__cause__ or error, ClientError):
                raise
            return list(names), True
        errors = [one for one in answer.get("Errors", []) if one.get("Code") != "NoSuchKey"]
        return [one["Key"].removeprefix(start) for one in errors], False

    def _one_by_one(self, names: list[str], is_all: bool) -> list[str]:
        """Return the names that are still there; stop early if the store refuses everything."""
        bucket, start = self._bucket_and_start()
        until, left = time.monotonic() + CALL_SECONDS, list(names)
        for name in names:
            if time.monotonic() > until:
                break
            try:
                self._system.call_s3(
                    "delete_object", Bucket=bucket, Key=start + name, timeout=CALL_SECONDS
                )
            except self.faults as error:
                log.warning("storage: a file was not deleted: %s", error)
                if is_all:
                    break
            else:
                left.remove(name)
        return left

    def remove_owner(self, owner: str) -> bool:
        """A thousand at a time. Raises one of the faults."""
        left: list[str] = []
        for page in self._pages(f"{owner}/"):
            left += self.remove(tuple(name for name, _ in page))
        return not left

    def names(self) -> Iterator[tuple[str, datetime]]:
        """A thousand with one call. Raises one of the faults."""
        for page in self._pages():
            yield from page

    def signed_url(self, name: str, seconds: int, media_type: str, download_name: str) -> str:
        """The type and the name are signed too. Raises BotoCoreError."""
        headers = {
            "ResponseContentType": media_type,
            "ResponseContentDisposition": f"attachment; filename={download_name}",
        }
        return str(self._system.url(self._path(name), seconds, **headers))

    def signed_put_url(
        self, name: str, seconds: int, media_type: str | None, size: int | None
    ) -> str:
        """Raises BotoCoreError."""
        given = {"ContentType": media_type, "ContentLength": size}
        signed = {key: value for key, value in given.items() if value is not None}
        return str(self._system.url(self._path(name), seconds, "put_object", **signed))

    def _pages(self, within: str = "") -> Iterator[list[tuple[str, datetime]]]:
        _, start = self._bucket_and_start()
        place: dict[str, str | int] = {"Prefix": start + within, "MaxKeys": AT_ONCE}
        while True:
            page = self._list(**place)
            found = page.get("Contents", [])
            yield [(one["Key"].removeprefix(start), one["LastModified"]) for one in found]
            if not page.get("IsTruncated"):
                return
            place["ContinuationToken"] = page["NextContinuationToken"]

    def _list(self, **wanted: str | int) -> dict[str, Any]:
        bucket, _ = self._bucket_and_start()
        found: dict[str, Any] = self._system.call_s3(
            "list_objects_v2", Bucket=bucket, timeout=CALL_SECONDS, **wanted
        )
        return found

    def _bucket_and_start(self) -> tuple[str, str]:
        bucket, _, prefix = self._root.partition("/")
        return bucket, f"{prefix}/" if prefix else ""

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"
