"""A venue that answers what a test scripts, over HTTP or over TLS with a certificate of its own."""

from __future__ import annotations

import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]] | str


@dataclass(frozen=True)
class Sent:
    """A request as it came."""

    request: str  # "GET /path"
    query: dict[str, list[str]]
    body: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Script:
    """`replies["GET /path"]` is a list of (status, body[, headers]), "hang" or "reset", used up in order, or a function
    of what was sent. `defaults` answer when nothing else does.
    """

    url: str = ""
    ca_file: str = ""
    defaults: dict[str, Any] = field(default_factory=dict)
    replies: dict[str, Any] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list, repr=False)
    released: threading.Event = field(default_factory=threading.Event)

    def reset(self) -> None:
        self.replies = {}
        self.sent = []
        self.defaults = {}

    def answer(self, request: str, *replies: Reply | Callable[[Sent], Reply]) -> None:
        self.replies[request] = list(replies)

    def of(self, request: str) -> list[Sent]:
        return [sent for sent in self.sent if sent.request == request]

    def reply_to(self, sent: Sent) -> Reply:
        waiting = self.replies.get(sent.request)
        reply = waiting.pop(0) if waiting else None
        if reply is None and sent.request in self.defaults:
            reply = self.defaults[sent.request]
        if callable(reply):
            reply = reply(sent)
        found: Reply = (404, {"message": "the test has no reply for this"}) if reply is None else reply
        return found


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        sent = Sent(f"{self.command} {url.path}", parse_qs(url.query), body, dict(self.headers))
        script.sent.append(sent)
        reply = script.reply_to(sent)
        if reply == "hang":
            script.released.wait(5)
        if isinstance(reply, str):
            self.close_connection = True
            return
        status, content, headers = (*reply, {})[:3]
        data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response_only(status)
        for name, value in {"Date": self.date_time_string(), "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = _serve

    def log_message(self, *_args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_args: object) -> None:
        """A client that does not trust the certificate goes away."""


@contextmanager
def scripted_venue(tls: Path | None = None) -> Iterator[Script]:
    """`tls`: a folder for a certificate."""
    server = _Server(("127.0.0.1", 0), _Handler)
    script = Script(f"http://127.0.0.1:{server.server_port}")
    if tls is not None:
        script.ca_file = str(make_certificate(tls))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(script.ca_file, tls / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        script.url = script.url.replace("http:", "https:")
    server.script = script  # type: ignore[attr-defined]
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    yield script
    script.released.set()
    server.shutdown()
    server.server_close()


def make_certificate(folder: Path) -> Path:
    """A certificate for this machine that signs itself; its key lies beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a venue of the tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "ca.pem"
