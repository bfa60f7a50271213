"""The page of `edgcn stream`: what is told, sent to whoever has the page open on this machine.

messages -> newest ones of each browser -> WebSocket; in a thread of its own, which never waits
"""

import asyncio
import json
import secrets
import threading
import webbrowser
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgcn.base.errors import EdgcnError, require
from edgcn.web.guard import App, Guard
from edgcn.web.serve import HOST, bound

PAGE = Path(__file__).parent / "page"
FILES = ("live.html", "live.css", "live.js", "style.css", "skeleton.js", "dom.js", "colors.js",
         "state.js", "icon.svg")  # fmt: skip
KINDS = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}  # fmt: skip
WAITING = 60  # messages that a slow browser may be behind; then frames are left out for it
TOLD = 200  # events that a page opened late is told
STARTING = 10.0  # seconds

Message = dict[str, Any]


class Hub:
    """What is sent, to whom."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.listeners = set["asyncio.Queue[str]"]()
        self.start = ""
        self.events = deque[str](maxlen=TOLD)

    def send(self, message: Message) -> None:
        """From any thread, at once."""
        text = json.dumps(message)
        if message["type"] == "start":
            self.start = text
        elif message["type"] == "event":
            self.events.append(text)
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._share, text, message["type"] == "frame")

    def _share(self, text: str, is_frame: bool) -> None:
        for queue in self.listeners:
            if queue.full():
                if is_frame:
                    continue
                queue.get_nowait()
            queue.put_nowait(text)

    def listen(self) -> "asyncio.Queue[str]":
        """A queue that everything from now on comes into, after what was told before."""
        queue = asyncio.Queue[str](WAITING + TOLD)
        for text in (self.start, *self.events):
            if text:
                queue.put_nowait(text)
        self.listeners.add(queue)
        return queue


def live_app(hub: Hub, *, token: str, port: int) -> App:
    """The page, for this machine alone."""
    require("fastapi", extra="studio")
    from fastapi import FastAPI, WebSocket, WebSocketDisconnect
    from fastapi.responses import Response

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def index() -> Response:
        return page("live.html")

    def page(name: str) -> Response:
        if name not in FILES:
            return Response("there is no such file", 404)
        path = PAGE / name
        return Response(path.read_bytes(), media_type=KINDS[path.suffix])

    async def listen(line: WebSocket) -> None:
        await line.accept()
        queue = hub.listen()
        gone = asyncio.ensure_future(line.receive())
        try:
            while not gone.done():
                waiting = asyncio.ensure_future(queue.get())
                await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
                    break
                await line.send_text(waiting.result())
        except (WebSocketDisconnect, RuntimeError):
            pass  # the page was closed
        finally:
            gone.cancel()
            hub.listeners.discard(queue)

    app.add_api_route("/", index, methods=["GET"], response_model=None)
    app.add_api_route("/page/{name}", page, methods=["GET"], response_model=None)
    app.add_api_websocket_route("/live", listen)
    return Guard(app, token=token, port=port, sockets=True)


@contextmanager
def shown(
    *, port: int, open_page: bool, say: Callable[[str], None]
) -> Iterator[Callable[[Message], None]]:
    """A page that shows what is sent, until the end.

    Args:
        port: 0 for any that is free.

    Raises:
        EdgcnError: the extra is missing, or the port is taken.
    """
    uvicorn = require("uvicorn", extra="studio")
    require("websockets", extra="studio")
    hub = Hub()
    with bound(port) as waiting:
        port, token = waiting.getsockname()[1], secrets.token_urlsafe(24)
        app = live_app(hub, token=token, port=port)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, lifespan="off",
            ws_max_size=1024,
        )  # fmt: skip
        server, ready = uvicorn.Server(config), threading.Event()

        async def serving() -> None:
            hub.loop = asyncio.get_running_loop()
            ready.set()
            await server.serve(sockets=[waiting])

        thread = threading.Thread(target=asyncio.run, args=(serving(),), daemon=True)
        thread.start()
        if not ready.wait(STARTING):
            raise EdgcnError("the page does not start")
        address = f"http://{HOST}:{port}/?token={token}"
        say(f"open {address}")
        if open_page:
            webbrowser.open(address)
        try:
            yield hub.send
        finally:
            server.should_exit = server.force_exit = True
            thread.join(STARTING)
