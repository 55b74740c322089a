"""An event sink: it verifies the signature of each event callback, and prints the event.

    python examples/event_sink.py 8020

POINTSMAN_AUTH_TOKEN is the auth token of the account whose events come. Needs the package `twilio`.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

VALIDATOR = RequestValidator(os.environ["POINTSMAN_AUTH_TOKEN"])
SUBJECTS = ("ReservationSid", "TaskSid", "WorkerName", "TaskQueueName", "ActivityName")


class Sink(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        event = dict(parse_qsl(body.decode(), keep_blank_values=True))
        url = f"http://{self.headers['Host']}{self.path}"  # as it was given to the workspace: that is what is signed
        genuine = VALIDATOR.validate(url, event, self.headers.get("X-Twilio-Signature", ""))
        if genuine:  # an event may come more than once: a sink that counts remembers event["Sid"]
            print(event["EventType"], *(event[name] for name in SUBJECTS if name in event), flush=True)
        self.send_response(204 if genuine else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format, *args):
        """Events are printed, requests are not."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Sink) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
