"""The HTTP server: one event loop, one request at a time on the venues' books, so they need no locks.

    request -> endpoint's port -> seam.before -> face or control -> records written -> seam.after -> reply

Each endpoint (`faces.ENDPOINTS`) that has a face listens on a port of its own; all answer /_control.

`Seam` (faults.py) is where faults come in: a request can be lost before the venue sees it, a reply after it acted.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import ssl
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from exchanges.simulator import control
from exchanges.simulator.faces import ENDPOINTS, PLUGS, find_face, make_faces
from exchanges.simulator.faults import FaultError, Faults, Raw, ReplyLost, Seam
from exchanges.simulator.http import Face, FaceOptions, Reply, Request
from exchanges.simulator.simulator import Simulator
from exchanges.simulator.tls import server_context

__all__ = ["ReplyLost", "Seam", "Server", "is_loopback"]

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1_000_000
HEARTBEAT_SECONDS = 1.0  # how much of the clock `kill -9` can cost
SHUTDOWN_SECONDS = 0.2


class Server:
    """The simulator behind its HTTP ports."""

    def __init__(
        self,
        simulator: Simulator,
        *,
        seam: Seam | None = None,
        weight_per_minute: int | None = None,
        remote_control: bool = False,
        ca_file: Path | None = None,
        tls_name: str | None = None,
    ) -> None:
        """`ca_file`: where the authority of its TLS certificate is written; None: to a file that goes at the end."""
        self._wanted_ca_file = ca_file
        self._tls_name = tls_name
        self._remote_control = remote_control
        self.simulator = simulator
        self.faults = Faults(simulator, self._process, seam or Seam())
        self._options = FaceOptions(weight_per_minute=weight_per_minute)
        self._faces: dict[str, list[Face]] = {}
        self._runners: list[web.AppRunner] = []
        self._heartbeat: asyncio.Task[None] | None = None
        self.urls: dict[str, str] = {}  # by endpoint, once it listens
        self.ca_file: Path | None = None  # what clients of the https ones have to trust
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def faces_of(self, endpoint: str) -> list[Face]:
        """Made when they are first needed."""
        if endpoint not in self._faces:
            self._faces[endpoint] = make_faces(endpoint, self.simulator, self._options)
        return self._faces[endpoint]

    @property
    def faces(self) -> list[Face]:
        """All there are."""
        return [face for endpoint in ENDPOINTS for face in self.faces_of(endpoint)]

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the first endpoint's port. They follow each other from `port`; 0 takes free ones."""
        for index, endpoint in enumerate(ENDPOINTS.values()):
            if not any(plug.endpoint == endpoint.name and plug.has("face") for plug in PLUGS):
                continue
            app = web.Application(client_max_size=MAX_BODY_BYTES)
            app.router.add_route("*", "/_control/{what}", self._handle_control)
            app.router.add_route("*", "/{path:.*}", partial(self._handle_venue, endpoint.name))
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
            self._runners.append(runner)
            await runner.setup()
            context = self._context(host) if endpoint.tls else None
            await web.TCPSite(runner, host, port + index if port else 0, ssl_context=context).start()
            shown = f"[{host}]" if ":" in host else host
            self.urls[endpoint.name] = f"{'https' if context else 'http'}://{shown}:{runner.addresses[0][1]}"
        self._heartbeat = asyncio.create_task(self._save_regularly())
        return int(self._runners[0].addresses[0][1])

    def _context(self, host: str) -> ssl.SSLContext:
        if self._wanted_ca_file is None:
            self._folder = tempfile.TemporaryDirectory(prefix="simulator-")
        self.ca_file = self._wanted_ca_file or Path(self._folder.name if self._folder else "") / "ca.pem"
        return server_context(self._tls_name or host, self.ca_file)

    async def stop(self) -> None:
        if self._heartbeat:
            self._heartbeat.cancel()
            with suppress(asyncio.CancelledError):
                await self._heartbeat
        # aiohttp waits for a client to end its TLS, which one that keeps its connection never does.
        servers = [runner.server for runner in self._runners if runner.server]
        transports = [connection.transport for server in servers for connection in server.connections]
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))
        for transport in transports:
            if transport is not None:
                transport.abort()
        if self._folder:
            self._folder.cleanup()
        self.simulator.settle()
        self.simulator.close()

    async def _handle_venue(self, endpoint: str, http: web.Request) -> web.StreamResponse:
        face = find_face(self.faces_of(endpoint), http.path)
        if face is None:
            return web.Response(status=404, text="no venue answers here\n")
        path, _, query = http.raw_path.partition("?")
        body = (await http.read()).decode("utf-8", "replace")
        request = Request(http.method, path, query, body, http.headers, http.remote or "")
        try:
            reply = await self.faults.before(face, request)
            if reply is None:
                reply = self._process(face, request)
                reply = await self.faults.after(face, request, reply)
        except ReplyLost:
            if http.transport:
                http.transport.abort()
            return web.Response(status=500)  # nobody will read it
        return _response(reply)

    def _process(self, face: Face, request: Request) -> Reply:
        self.simulator.settle()
        reply = face.handle(request)
        self.simulator.save()
        return reply

    async def _handle_control(self, http: web.Request) -> web.StreamResponse:
        if not self._remote_control and not is_loopback(http.remote or ""):
            return web.json_response({"error": "only from this machine"}, status=403)
        handler = self._control_handler(http.method, http.match_info["what"])
        if handler is None:
            return web.json_response({"error": "no such control"}, status=404)
        try:
            answer = handler(_json_object(await http.text()) if http.method == "POST" else dict(http.query))
        except (control.ControlError, FaultError) as error:
            return web.json_response({"error": str(error)}, status=400)
        self.simulator.save()
        return web.json_response(answer)

    def _control_handler(self, method: str, what: str) -> Callable[[dict[str, Any]], Any] | None:
        simulator = self.simulator
        handlers: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
            ("GET", "ledger"): lambda body: control.ledger(simulator, body.get("api_key"), body.get("venue")),
            ("GET", "keys"): lambda body: control.keys(simulator, body.get("venue")),
            ("GET", "urls"): lambda _: self.urls,
            ("GET", "ca"): lambda _: {"ca_file": str(self.ca_file or "")},
            ("GET", "status"): lambda _: control.statuses(simulator),
            ("POST", "status"): lambda body: control.set_status(simulator, body),
            ("POST", "accounts"): lambda body: control.open_account(simulator, body),
            ("POST", "funding"): lambda body: control.set_funding_rate(simulator, body),
            ("GET", "faults"): lambda _: self.faults.list(),
            ("POST", "faults"): self.faults.add,
            ("DELETE", "faults"): lambda body: self.faults.remove(body.get("id")),
            ("GET", "clock"): lambda _: control.clock_state(simulator),
            ("POST", "clock"): lambda body: control.change_clock(simulator, body),
            ("GET", "price"): lambda body: control.prices(simulator, body.get("venue")),
            ("POST", "price"): lambda body: control.force_price(simulator, body),
        }
        return handlers.get((method, what))

    async def _save_regularly(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                self.simulator.save()
            except Exception:
                logger.exception("the simulator's records could not be saved")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _json_object(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise control.ControlError("send a JSON object") from error
    if not isinstance(body, dict):
        raise control.ControlError("send a JSON object")
    return body


def _response(reply: Reply) -> web.Response:
    if isinstance(reply.body, str) and not isinstance(reply.body, Raw):
        return web.Response(status=reply.status, text=reply.body, content_type="text/html", headers=reply.headers)
    text = reply.body if isinstance(reply.body, Raw) else json.dumps(reply.body, separators=(",", ":"))
    return web.Response(status=reply.status, text=text, content_type="application/json", headers=reply.headers)
