"""A queue of SQS, as far as the portal speaks to it: what was received and not deleted comes again."""

import json
import sys
import threading
import time
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HIDDEN_SECONDS = 3.0
WAIT_SECONDS = 1.0


class Mailbox:
    """Messages by their handle, each with the moment from which it may be received (again)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._messages: dict[str, tuple[str, float]] = {}
        self._sent = 0
        self.received = 0
        handler = type("Handler", (_Handler,), {"mailbox": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def tell(self, batch_ids: Iterable[str]) -> None:
        """Events of these jobs."""
        with self._lock:
            for batch_id in batch_ids:
                self._sent += 1
                detail = {"jobId": batch_id, "status": "SUCCEEDED"}
                body = json.dumps({"detail-type": "Batch Job State Change", "detail": detail})
                self._messages[f"handle-{self._sent}"] = (body, 0.0)

    def __len__(self) -> int:
        return len(self._messages)

    def receive(self) -> list[dict[str, str]]:
        moment = time.monotonic()
        with self._lock:
            ready = [handle for handle, (_, since) in self._messages.items() if since <= moment][:10]
            told = []
            for handle in ready:
                body, _ = self._messages[handle]
                self._messages[handle] = (body, moment + HIDDEN_SECONDS)
                told.append({"MessageId": handle, "ReceiptHandle": handle, "Body": body})
            self.received += len(told)
        if not told:
            time.sleep(WAIT_SECONDS)
        return told

    def delete(self, handles: Iterable[str]) -> None:
        with self._lock:
            for handle in handles:
                self._messages.pop(handle, None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A consumer that was killed is nothing to tell of."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    mailbox: Mailbox

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer: dict[str, Any]
        if self.headers["X-Amz-Target"] == "AmazonSQS.ReceiveMessage":
            answer = {"Messages": self.mailbox.receive()}
        else:
            entries = asked["Entries"]
            self.mailbox.delete(each["ReceiptHandle"] for each in entries)
            answer = {"Successful": [{"Id": each["Id"]} for each in entries], "Failed": []}
        raw = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Quiet."""
