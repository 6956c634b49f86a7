"""What requests know of the server that answers them: whether it ends, and slow clients."""

import errno
import threading

# Set once this worker is to end, by TERM or a reload: answers that have no end must end now.
draining = threading.Event()


class TooSlow(ConnectionResetError):
    """The client keeps us waiting. A kind of reset, which gunicorn ends without a fuss."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "the client is too slow")
