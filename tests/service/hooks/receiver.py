"""A receiver of webhooks on this machine, which answers what it is told to."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Receiver"]


class Receiver:
    """It keeps what it got; ``answers`` has a status for each request to come, 200 once there are none left.

    With ``before`` it answers so many, and lets all others wait until it is closed."""

    def __init__(self):
        self.got, self.answers, self.location, self.retry_after = [], [], None, None
        self.before, self.slow = None, threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.got.append((self.path, dict(self.headers), body))
                if receiver.before is not None and len(receiver.got) > receiver.before:
                    receiver.slow.wait(60)
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                if receiver.retry_after:
                    self.send_header("Retry-After", receiver.retry_after)
                self.end_headers()

            def log_message(self, *given):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.slow.set()
        self.server.shutdown()
        self.server.server_close()
