"""The page of a stream: only its own page may listen, and late listeners hear what was told."""

import asyncio
import json
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")

from edgcn.web.live import FILES, PAGE, WAITING, Hub, live_app
from web.asking import PORT, TOKEN, ask

OWN = {"host": f"127.0.0.1:{PORT}", "cookie": f"edgcn_{PORT}={TOKEN}",
       "origin": f"http://127.0.0.1:{PORT}"}  # fmt: skip


def listen(hub: Hub, headers: dict[str, str], messages: list[dict[str, Any]]) -> list[Any]:
    """What a browser hears that opens a WebSocket while messages are sent."""
    app, sent = live_app(hub, token=TOKEN, port=PORT), list[Any]()
    scope = {
        "type": "websocket", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "ws",
        "path": "/live", "raw_path": b"/live", "root_path": "", "query_string": b"",
        "subprotocols": [], "server": ("127.0.0.1", PORT), "client": ("127.0.0.1", 1),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items() if v],
    }  # fmt: skip

    async def talk() -> None:
        hub.loop = asyncio.get_running_loop()
        begun = iter(["websocket.connect"])

        async def receive() -> dict[str, Any]:
            if (kind := next(begun, None)) is not None:
                return {"type": kind}
            for message in messages:
                hub.send(message)
            await asyncio.sleep(0.02)
            return {"type": "websocket.disconnect", "code": 1000}

        async def send(message: Any) -> None:
            sent.append(message)

        await app(scope, receive, send)

    asyncio.run(talk())
    return sent


@pytest.mark.parametrize(
    "changes",
    [
        {"cookie": ""}, {"cookie": f"edgcn_{PORT}=x"}, {"origin": ""}, {"origin": "null"},
        {"origin": "http://evil.example"}, {"host": "evil.example"},
        {"origin": f"http://127.0.0.1:{PORT + 1}"},
    ],
)  # fmt: skip
def test_strangers_do_not_listen(changes: dict[str, str]) -> None:
    sent = listen(Hub(), OWN | changes, [])
    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_the_page_hears_what_was_told_and_what_comes() -> None:
    hub = Hub()
    hub.send({"type": "start", "recording": "r"})
    hub.send({"type": "event", "label": "wave"})
    hub.send({"type": "frame", "t": 0.0})  # which nobody sees
    sent = listen(hub, OWN, [{"type": "frame", "t": 1.0}])
    texts = [json.loads(message["text"]) for message in sent if "text" in message]
    assert [text["type"] for text in texts] == ["start", "event", "frame"]
    assert texts[-1]["t"] == 1.0
    assert not hub.listeners


def test_a_slow_browser_misses_frames_and_no_events() -> None:
    async def run() -> list[str]:
        hub = Hub()
        queue = hub.listen()
        for number in range(1000):
            hub._share(f"frame {number}", True)
        hub._share("event", False)
        return [queue.get_nowait() for _ in range(queue.qsize())]

    heard = asyncio.run(run())
    assert heard[-1] == "event"
    assert WAITING < len(heard) < 300


def test_only_its_own_files_are_served() -> None:
    app = live_app(Hub(), token=TOKEN, port=PORT)
    page = ask(app, "GET", "/", OWN)
    assert page.status == 200
    assert b"<script>" not in page.body
    assert b"style=" not in page.body
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in FILES:
        assert (PAGE / name).is_file()
        assert ask(app, "GET", f"/page/{name}", OWN).status == 200
    for name in ("main.js", "index.html", "..%2fapp.py"):
        assert ask(app, "GET", f"/page/{name}", OWN).status == 404
    assert ask(app, "GET", "/", {**OWN, "cookie": ""}).status == 403
