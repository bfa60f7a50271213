"""Who may talk to the page: this machine's browser with the token of this start, and nobody else.

ASGI in, ASGI out. Host is checked against names of this machine (DNS rebinding), Origin against the
page's own (other pages), the token against guessing, the size of a body before it is read.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

LARGEST = 64_000_000  # bytes of a request: an annotation file is far smaller
HEADERS = {
    "content-security-policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


class RefusedError(Exception):
    """Why a request is not answered."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Guard:
    """Lets through what comes from the page that was opened with the token.

    Args:
        app: what is guarded.
        token: known to whoever sees the address that was printed.
        port: that the page is served on.
        sockets: whether the page opens WebSockets; they need the token and the page's origin.
    """

    def __init__(self, app: App, *, token: str, port: int, sockets: bool = False) -> None:
        self.app, self.token, self.cookie = app, token, f"edgcn_{port}"
        self.sockets = sockets
        names = ("127.0.0.1", "localhost", "[::1]")
        self.hosts = {f"{name}:{port}" for name in names} | (set(names) if port == 80 else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if self.sockets and self._may_listen(scope):
                await self.app(scope, receive, send)
                return
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self.app(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            entered = self._check(scope, headers)
        except RefusedError as refusal:
            await _answer(send, refusal.status, refusal.text)
            return
        if entered:
            cookie = f"{self.cookie}={self.token}; HttpOnly; SameSite=Strict; Path=/"
            await _answer(send, 303, "", {"location": "/", "set-cookie": cookie})
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > LARGEST:
                raise RefusedError(413, _too_large())
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        await self.app(scope, counted, guarded)

    def _check(self, scope: Scope, headers: dict[str, str]) -> bool:
        """Refuse what may not come in; whether this is the first call, with the token in it."""
        if headers.get("host", "").lower() not in self.hosts:
            raise RefusedError(403, "this page is only served to this machine, under its own name")
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in self.hosts}:
            raise RefusedError(403, "this came from another page")
        followed = scope["path"] == "/" and scope.get("method") == "GET"  # a link to the page
        ours = headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        if not (ours or followed):
            raise RefusedError(403, "this came from another page")
        length = headers.get("content-length", "0")
        if not re.fullmatch(r"[0-9]{1,20}", length) or int(length) > LARGEST:
            raise RefusedError(413, _too_large())
        if followed:
            given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])
            if given[0]:
                self._same(given[0])
                return True
        self._same(_cookie(headers.get("cookie", ""), self.cookie))
        return False

    def _may_listen(self, scope: Scope) -> bool:
        """Whether a WebSocket comes from the page: a browser always says from where."""
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            self._check(scope, {**headers, "origin": headers.get("origin", "none")})
        except RefusedError:
            return False
        return True

    def _same(self, token: str) -> None:
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            raise RefusedError(403, "open the address that edgcn printed: it has the key")


def _cookie(text: str, name: str) -> str:
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def _too_large() -> str:
    return f"expected at most {LARGEST // 10**6} MB"


async def _answer(send: Send, status: int, text: str, more: dict[str, str] | None = None) -> None:
    named = {**HEADERS, "content-type": "text/plain; charset=utf-8", **(more or {})}
    headers = [(k.encode(), v.encode()) for k, v in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
