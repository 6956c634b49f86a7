"""A small S3 store that refuses deletions in the ways that real ones do."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MISSING = "<Error><Code>MissingContentMD5</Code><Message>Content-MD5 is required.</Message></Error>"
DENIED = "<Error><Code>AccessDenied</Code><Message>Locked.</Message>{}</Error>"
FULL = "<Error><Code>XMinioStorageFull</Code><Message>Full.</Message></Error>"


@dataclass
class RefusingStore:
    """`locked` keys cannot be deleted; `wants_md5` refuses to delete many at once."""

    url: str = ""
    locked: set[str] = field(default_factory=set)
    wants_md5: bool = False
    is_full: bool = False
    deleted: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def delete_many(self, body: str) -> tuple[int, str]:
        if self.wants_md5:
            return 400, MISSING
        keys = re.findall("<Key>(.*?)</Key>", body)
        self.deleted += [key for key in keys if key not in self.locked]
        refused = [DENIED.format(f"<Key>{key}</Key>") for key in keys if key in self.locked]
        gone = "<Error><Key>{}</Key><Code>NoSuchKey</Code></Error>".format("percept/gone")
        return 200, f"<DeleteResult>{''.join(refused)}{gone}</DeleteResult>"

    def delete_one(self, key: str) -> tuple[int, str]:
        if key in self.locked:
            return 403, DENIED.format("")
        self.deleted.append(key)
        return 204, ""


def _handler(store: RefusingStore) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            store.asked.append(self.command)
            key = self.path.partition("?")[0].removeprefix("/bucket/")
            status, text = 200, ""
            if self.command == "POST":
                status, text = store.delete_many(body)
            elif self.command == "DELETE":
                status, text = store.delete_one(key)
            elif store.is_full:
                status, text = 507, FULL
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            if status != 204:
                self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_DELETE = do_PUT = _answer  # noqa: N815  # http.server prescribes the names

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def refusing_store() -> Iterator[RefusingStore]:
    """Runs one in this process."""
    store = RefusingStore()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(store))
    server.daemon_threads = True
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield store
    server.shutdown()
    thread.join()
    server.server_close()
