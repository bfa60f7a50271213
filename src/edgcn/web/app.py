"""The addresses that the page calls, each a few lines; everything behind `Guard`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from edgcn.base.errors import EdgcnError, require
from edgcn.web import exchange
from edgcn.web.frames import pyramid, span_of
from edgcn.web.guard import App, Guard, RefusedError
from edgcn.web.methods import methods
from edgcn.web.studio import Studio, sorted_rounds

require("fastapi", extra="studio")
from fastapi import FastAPI, Request  # noqa: E402
from fastapi.responses import FileResponse, JSONResponse, Response  # noqa: E402

PAGE = Path(__file__).parent / "page"
KINDS = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}  # fmt: skip
BINS = 4000  # of a trace, at most


class Change(BaseModel, extra="forbid"):
    """What a tab writes."""

    tab: str
    seen: int
    rows: dict[str, Any]


class Turn(BaseModel, extra="forbid"):
    """What a tab takes back, or does again."""

    tab: str
    since: int = 0


def answered(value: Any) -> Response:
    """JSON, written once: FastAPI would walk through ten thousand events twice before."""
    return Response(json.dumps(value), media_type="application/json")


class Routes:
    """Answers; each method is an address of `ADDRESSES`."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.files = {path.name: path for path in PAGE.iterdir() if path.suffix in KINDS}

    def index(self) -> Response:
        """The page."""
        return self.page("index.html")

    def page(self, name: str) -> Response:
        """A file of the page."""
        if name not in self.files:
            return Response("there is no such file", 404)
        path = self.files[name]
        return Response(path.read_bytes(), media_type=KINDS[path.suffix])

    def about(self) -> Response:
        """What is open."""
        return answered(self.studio.about())

    def events(self, after: int = 0) -> Response:
        """What changed in the document after a line."""
        return answered(self._since(after))

    def _since(self, after: int) -> dict[str, Any]:
        document = self.studio.coding.journal.refresh()
        rounds = sorted_rounds(self.studio.coding.under("round"))
        features = self.studio.features
        return {
            "number": document.number, "rows": document.since(after), "rounds": rounds,
            "conflicts": [[c.key, c.was, c.later] for c in document.open_conflicts()],
            "notes": document.notes,
            "features": {"done": features.done, "total": features.total, "ready": features.ready,
                         "problem": features.problem},
        }  # fmt: skip

    def change(self, change: Change) -> Response:
        """Write; answered once it is on the disk."""
        coding = self.studio.coding
        rows = coding.checked(change.rows)
        ids = coding.journal.change(rows, tab=change.tab, by=self.studio.coder, seen=change.seen)
        return answered({"ids": ids, **self._since(change.seen)})

    def undo(self, turn: Turn, after: int = 0) -> Response:
        """Take back."""
        done = self.studio.coding.journal.undo(tab=turn.tab, since=turn.since)
        return answered({"done": done, **self._since(after)})

    def redo(self, turn: Turn, after: int = 0) -> Response:
        """Do again."""
        done = self.studio.coding.journal.redo(tab=turn.tab)
        return answered({"done": done, **self._since(after)})

    def learn(self, turn: Turn, after: int = 0) -> Response:
        """A round."""
        result = self.studio.learn(turn.tab)
        return answered({"round": result, **self._since(after)})

    def frames(self, row: int, request: Request) -> Response:
        """Frames, by ranges of bytes."""
        moving = self.studio.at(row)
        total = moving.frame_bytes * moving.length
        try:
            span = span_of(request.headers.get("range"), total)
        except ValueError as error:
            return Response(status_code=416, headers={"content-range": str(error)})
        first, last = span or (0, total - 1)
        headers = {"accept-ranges": "bytes"}
        if span:
            headers["content-range"] = f"bytes {first}-{last}/{total}"
        data = moving.bytes_of(first, last)
        kind = "application/octet-stream"
        return Response(data, 206 if span else 200, headers, media_type=kind)

    def bounds(self, row: int) -> Response:
        """Where the middle of the frames is, and how far they reach."""
        return answered(self.studio.at(row).bounds.tolist())

    def times(self, row: int) -> Response:
        """Seconds of each frame, as float64."""
        self.studio.at(row)
        times = np.asarray(self.studio.store.times_of(row), dtype="<f8")
        return Response(times.tobytes(), media_type="application/octet-stream")

    def trace(self, row: int, start: float, end: float, bins: int) -> Response:
        """Lowest and highest speed in parts of a span of time, as float32."""
        moving = self.studio.at(row)
        if not (np.isfinite([start, end]).all() and start < end and 0 < bins <= BINS):
            raise EdgcnError(f"expected a span of time in at most {BINS} parts")
        times = np.asarray(self.studio.store.times_of(row))
        data = pyramid(moving.motion, times, start, end, bins).astype("<f4").tobytes()
        return Response(data, media_type="application/octet-stream")

    def edges(self, row: int, at: float) -> Response:
        """Where the movement around a moment begins and ends."""
        return answered(self.studio.edges(row, at))

    def video(self, row: int) -> Response:
        """The recording's video, as it is, by ranges of bytes."""
        self.studio.at(row)
        path = self.studio.video_files.get(self.studio.names[row])
        return Response("there is no video", 404) if path is None else FileResponse(path)

    def map(self) -> Response:
        """The map of windows."""
        return answered(self.studio.map())

    def motifs(self) -> Response:
        """What comes again and again."""
        return answered(self.studio.motifs())

    def neighbors(self, row: int, start: float, end: float) -> Response:
        """Windows like a part of a recording."""
        return answered(self.studio.neighbors(row, start, end))

    def rates(self, by: str = "label") -> Response:
        """Counts, rates, shares and durations."""
        if by not in ("label", "subject", "condition"):
            raise EdgcnError(f"expected rates by label, subject or condition, got {by!r}")
        return answered(self.studio.rates(self.studio.coding.table(), by))

    def agreement(self, a: str, b: str) -> Response:
        """What two sides agree on."""
        return answered(self.studio.compare(a, b))

    def methods(self) -> Response:
        """The paragraph."""
        return answered({"text": methods(self.studio)})

    def export(self, format: str, suggestions: bool = False) -> Response:
        """A file to keep; the journal begins anew where it is large."""
        coding = self.studio.coding
        if format == "edgcn":
            name, data = f"{coding.store.name}.edgcn", self.studio.recognizer()
        else:
            name, data, _ = exchange.exported(coding, format, suggestions=suggestions)
        coding.journal.compact()
        plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
        headers = {"content-disposition": f'attachment; filename="{plain}"'}
        return Response(data, headers=headers, media_type="application/octet-stream")

    async def read(
        self, request: Request, name: str, tab: str, kind: str = "new", recording: str = ""
    ) -> Response:
        """Events of a file: new ones, our own that were corrected, or another coder's."""
        coding = self.studio.coding
        table, notes = exchange.read(coding, name, await request.body(), recording=recording)
        counts: dict[str, int] = {}
        if kind == "coder":
            who = next((row.by for row in table.rows if row.by), name)[:60]
            rows: dict[str, Any] = {f"coder:{who}": exchange.as_coder(table)}
            counts["compared"] = len(table)
        else:
            rows, counts = exchange.changes(coding, table, back=kind == "back")
        if rows:
            coding.journal.change(coding.checked(rows), tab=tab, by=self.studio.coder)
        return answered({"counts": counts, "notes": notes})


ADDRESSES: dict[str, tuple[str, Callable[..., Any]]] = {
    "/": ("GET", Routes.index),
    "/page/{name}": ("GET", Routes.page),
    "/api/about": ("GET", Routes.about),
    "/api/events": ("GET", Routes.events),
    "/api/change": ("POST", Routes.change),
    "/api/undo": ("POST", Routes.undo),
    "/api/redo": ("POST", Routes.redo),
    "/api/learn": ("POST", Routes.learn),
    "/api/frames/{row}": ("GET", Routes.frames),
    "/api/bounds/{row}": ("GET", Routes.bounds),
    "/api/times/{row}": ("GET", Routes.times),
    "/api/trace/{row}": ("GET", Routes.trace),
    "/api/edges/{row}": ("GET", Routes.edges),
    "/api/video/{row}": ("GET", Routes.video),
    "/api/map": ("GET", Routes.map),
    "/api/motifs": ("GET", Routes.motifs),
    "/api/neighbors/{row}": ("GET", Routes.neighbors),
    "/api/rates": ("GET", Routes.rates),
    "/api/agreement": ("GET", Routes.agreement),
    "/api/methods": ("GET", Routes.methods),
    "/api/export": ("GET", Routes.export),
    "/api/import": ("POST", Routes.read),
}


async def refused(_: Request, error: Exception) -> Response:
    """What the user can mend, as a line that the page shows."""
    return JSONResponse({"error": str(error)}, 400)


async def stopped(_: Request, error: Exception) -> Response:
    """What the guard refused while it was read."""
    assert isinstance(error, RefusedError)
    return Response(error.text, error.status)


def create_app(studio: Studio, *, token: str, port: int) -> App:
    """The page of a store, for this machine alone."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(EdgcnError, refused)
    app.add_exception_handler(RefusedError, stopped)
    routes = Routes(studio)
    for address, (method, function) in ADDRESSES.items():
        bound = getattr(routes, function.__name__)
        app.add_api_route(address, bound, methods=[method], response_model=None)
    return Guard(app, token=token, port=port)
