"""A studio on a tiny store, and requests to it as raw as a stranger could send them."""

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from edgcn.commands.studio import agreed, rates_in
from edgcn.inference.recognizer import Recognizer, load
from edgcn.store import Store
from edgcn.web.app import create_app
from edgcn.web.guard import App
from edgcn.web.studio import Studio
from helpers import long_store, twenty_joints

TOKEN, PORT = "right-token", 8123


@cache
def released() -> Recognizer:
    """The small released weights, read once."""
    return load("edgcn-s")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Page:
    """An app and how its own page calls it."""

    app: App
    studio: Studio

    def ask(
        self,
        path: str,
        *,
        send: Any = None,
        body: Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """GET, or POST where something is sent; `headers` take the place of the page's own."""
        data = [json.dumps(send).encode()] if send is not None else list(body or ())
        own = {"host": f"127.0.0.1:{PORT}", "cookie": f"edgcn_{PORT}={TOKEN}"}
        own |= {"content-type": "application/json"} if send is not None else {}
        method = "POST" if send is not None or body is not None else "GET"
        return ask(self.app, method, path, {**own, **(headers or {})}, data)


def ask(
    app: App, method: str, path: str, headers: Mapping[str, str], body: Iterable[bytes] = ()
) -> Answer:
    """One request, answered."""
    where, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": where, "raw_path": where.encode(), "root_path": "",
        "query_string": query.encode(), "server": ("127.0.0.1", PORT), "client": ("127.0.0.1", 1),
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in headers.items() if v],
    }  # fmt: skip
    parts: list[dict[str, Any]] = [
        *({"body": part, "more_body": True} for part in body),
        {"body": b""},
    ]
    waiting = iter(parts)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if (message := next(waiting, None)) is None:
            await asyncio.sleep(600)  # as long as the other end stays
        return {"type": "http.request", "more_body": False, **(message or {})}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start = next(m for m in sent if m["type"] == "http.response.start")
    texts = (m.get("body", b"") for m in sent if m["type"] == "http.response.body")
    named = {k.decode().lower(): v.decode() for k, v in start["headers"]}
    return Answer(start["status"], named, b"".join(texts))


def make_store(folder: Path) -> Store:
    """Four recordings with three gestures in each."""
    joints = twenty_joints()
    return long_store(folder, clips=12, classes=2, subjects=4, each=3, gap=30, topology=joints)


def make_page(folder: Path, store: Store, **changes: Any) -> Page:
    """A page of these recordings, of which nothing is coded."""
    settings: dict[str, Any] = {
        "store": store, "model": released(), "title": "edgcn-s", "folder": folder / "studio",
        "coder": "AB", "rates": rates_in(store), "agreed": agreed,
    }  # fmt: skip
    studio = Studio(**settings | changes)
    return Page(create_app(studio, token=TOKEN, port=PORT), studio)
