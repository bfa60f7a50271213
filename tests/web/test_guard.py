"""Strangers are refused, and what is let in cannot lead out of the page's own files."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")

import edgcn
from edgcn.store import Store
from web.asking import PORT, TOKEN, Page, ask, make_page

HOST = {"host": f"127.0.0.1:{PORT}"}
COOKIE = {"cookie": f"edgcn_{PORT}={TOKEN}"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, made: Store) -> Page:
    return make_page(tmp_path_factory.mktemp("guard"), made)


@pytest.mark.parametrize(
    "headers",
    [
        HOST,
        HOST | {"cookie": f"edgcn_{PORT}=wrong"},
        HOST | {"cookie": f"edgcn_{PORT}="},
        HOST | {"cookie": f"edgcn_1={TOKEN}"},
        COOKIE,
        COOKIE | {"host": "evil.example"},
        COOKIE | {"host": f"evil.example:{PORT}"},
        COOKIE | {"host": "127.0.0.1:1"},
        COOKIE | {"host": f"127.0.0.1.evil.example:{PORT}"},
        HOST | COOKIE | {"origin": "http://evil.example"},
        HOST | COOKIE | {"origin": "null"},
        HOST | COOKIE | {"origin": f"https://127.0.0.1:{PORT}"},
        HOST | COOKIE | {"origin": "http://127.0.0.1:1"},
        HOST | COOKIE | {"sec-fetch-site": "cross-site"},
        HOST | COOKIE | {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/about"), ("POST", "/api/undo")])
def test_strangers_are_refused(page: Page, headers: dict[str, str], method: str, path: str) -> None:
    answer = ask(page.app, method, path, headers, [b'{"tab": "x"}'])
    assert answer.status == 403
    assert TOKEN not in answer.body.decode()
    assert "content-security-policy" in answer.headers


def test_the_token_in_the_address_becomes_a_cookie(page: Page) -> None:
    answer = ask(page.app, "GET", f"/?token={TOKEN}", HOST)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert page.ask("/").status == 200
    assert ask(page.app, "GET", "/?token=wrong", HOST).status == 403
    assert ask(page.app, "GET", f"/api/about?token={TOKEN}", HOST).status == 403


def test_nothing_of_other_hosts_is_allowed_in_the_page(page: Page) -> None:
    policy = page.ask("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    folder = Path(edgcn.__file__).parent / "web" / "page"
    files = [path.read_text() for path in folder.iterdir()]
    for text in files:
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
        assert "https://" not in text
        assert "innerHTML" not in text
        assert "eval(" not in text


@pytest.mark.parametrize(
    "path",
    ["/page/../app.py", "/page/..%2fapp.py", "/page/%2e%2e/app.py", "/page//etc/passwd", "/docs",
     "/page/....//app.py", "/openapi.json", "/api/frames/../about", "/page/.", "/etc/passwd"],
)  # fmt: skip
def test_no_path_leads_out(page: Page, path: str) -> None:
    assert page.ask(path).status in (404, 405, 422)


def test_links_out_of_the_folder_of_videos_are_none(tmp_path: Path, made: Store) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(b"private")
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "s1-0.mp4").symlink_to(secret)
    (videos / "s2-0.mp4").write_bytes(b"0123456789")
    page = make_page(tmp_path, made, videos=videos)
    assert list(page.studio.video_files) == ["s2-0"]
    assert page.ask("/api/video/0").status == 404
    part = page.ask("/api/video/1", headers={"range": "bytes=2-4"})
    assert (part.status, part.body) == (206, b"234")


def test_a_huge_upload_is_refused_before_it_is_read(page: Page) -> None:
    length = {"content-length": str(2 * 10**9)}
    assert page.ask("/api/import?name=a.csv&tab=t", body=[], headers=length).status == 413
    parts = [b"x" * 1_000_000] * 2000  # and one that does not say how long it is
    assert page.ask("/api/import?name=a.csv&tab=t", body=parts).status == 413
    assert page.ask("/api/about", headers={"content-length": "9" * 400}).status == 413


def test_websockets_are_closed(page: Page) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(page.app({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
