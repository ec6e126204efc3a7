"""A receiver of notifications on this machine, and alerts for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from finhub_onboard.subscribers.alert import Alert

FINISHED = Alert(
    event="finished",
    at=1_700_000_000.5,
    run_id="20261128T020000-1f2e",
    exit_code=3,
    hint="look at <the report> & decide",
    dispositions={"onboarded": 1200, "in_doubt": 1, "failed": 0},
    out="/srv/out/20261128T020000-1f2e",
)

_CHUNK = 64 * 1024


@dataclass(kw_only=True)
class Receiver:
    """What was posted; ``statuses`` are the answers, the last one for all further posts; ``hold`` lets them hang.

    An answer's body has ``length`` bytes, of which ``sent`` were taken over all answers.
    """

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    posts: list[tuple[Message, bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    length: int = 0
    sent: int = 0
    hold: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int) -> None:
        """Wait until so many posts have come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.posts) >= count, 30)


@contextmanager
def receiver(*statuses: int, hanging: bool = False) -> Iterator[Receiver]:
    """Serve on a free port of this machine."""
    made = Receiver()
    made.statuses = list(statuses) or made.statuses
    if not hanging:
        made.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with made.arrived:
                made.posts.append((self.headers, body))
                made.paths.append(self.path)
                made.arrived.notify_all()
            made.hold.wait(60)
            status = made.statuses.pop(0) if len(made.statuses) > 1 else made.statuses[0]
            self.send_response(status)
            self.send_header("Content-Length", str(made.length))
            self.end_headers()
            with suppress(OSError):
                while made.sent < made.length:
                    self.wfile.write(bytes(_CHUNK))
                    made.sent += _CHUNK

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield made
    finally:
        made.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()
