"""`edgcn stream`: whatever frames come from, events are lines of JSON, and what is bad is named."""

import io
import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgcn.base.errors import EdgcnError
from edgcn.commands import stream as command
from edgcn.commands.sources import Came, Feed, datagrams, feeds, lines, listening
from edgcn.commands.stream import StreamConfig, stream
from edgcn.commands.stream_tally import Spread
from edgcn.inference import Recognizer
from edgcn.inference.provenance import Provenance
from edgcn.inference.recognizer import unfitted
from edgcn.readers.video.live import Followed
from edgcn.store import Store
from edgcn.store.learned import Learned
from inference.waving import FPS, small_embedder, waving_store

Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return waving_store(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def model(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    nobody = Learned(np.empty(0, np.uint64), 1, (), ())
    made = unfitted(small_embedder(store), Provenance("tiny", {}, nobody), model="tiny")
    fitted = Recognizer(made).fit(store.clips("train")).fit_spotter(store.clips("train"))
    return fitted.save(tmp_path_factory.mktemp("model") / "tiny.edgcn")


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edgcn.inference.stream.Stream.warm_up", lambda _: None)


def ran(model: Path, **settings: Any) -> tuple[Lines, list[str], dict[str, Any]]:
    heard, said = Lines(), list[str]()
    config = StreamConfig(model=str(model), **settings)
    done = stream(config, line=heard.append, say=said.append)
    json.dumps([heard, done], allow_nan=False)
    return heard, said, done


def test_a_store_is_played_recording_by_recording(model: Path, store: Store) -> None:
    heard, said, done = ran(model, source=str(store), seconds=5.0)
    kinds = [line["type"] for line in heard]
    assert kinds.count("start") == 4
    assert kinds[0] == "start"
    assert [line["recording"] for line in heard if line["type"] == "start"][:2] == ["s1-0", "s2-1"]
    events = [line for line in heard if line["type"] == "event"]
    assert events
    assert all(0 <= e["start_s"] < e["end_s"] <= e["known_s"] + 0.05 for e in events)
    assert done["frames"] == 4 * 126
    assert done["events"] == len(events)
    assert done["compute_ms"]["p50"] <= done["compute_ms"]["p95"] <= done["compute_ms"]["max"]
    assert "504 frames, 20 s" in said[-1]


def piped(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_lines_of_a_pipe(model: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = store.recording(3).frames[:80, 0]
    good = [json.dumps({"t": n / FPS, "joints": f.tolist()}) for n, f in enumerate(frames)]
    piped(monkeypatch, *good, "", '{"end": true}', "never read")
    _, _, done = ran(model, source="stdin")
    assert (done["frames"], done["seconds"]) == (80, round(79 / FPS, 3))
    for bad, reason in (
        ("{", "stdin:2: expected a frame as JSON"),
        ("[1]", "stdin:2: expected a JSON object"),
        ('{"joints": [], "x": 1}', "unknown key 'x'"),
        ('{"t": 1}', "expected joints of one person, or people"),
        ('{"t": true, "joints": []}', "expected t in seconds"),
        ('{"t": 1, "people": []}', "expected people as"),
        ("[" * 100_000, "expected a frame as JSON"),
        ('"' + "x" * (1 << 20) + '"', "expected at most 1048576 bytes in a line"),
    ):
        piped(monkeypatch, good[0], bad)
        with pytest.raises(EdgcnError, match=reason):
            list(lines())
    nan = json.dumps({"t": 1, "joints": [[float("nan")] * 3] * 5})
    piped(monkeypatch, good[0], nan)
    with pytest.raises(EdgcnError, match="stdin: frame 1: has NaN"):
        ran(model, source="stdin")


def test_datagrams_are_read_and_bad_ones_counted() -> None:
    line = listening("127.0.0.1", 0)
    port = line.getsockname()[1]
    with line, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for text in (
            '{"t": 1, "people": {"a": [[1, 2, 3]]}}',
            "?",
            '{"joints": []}',
            '{"end": true}',
        ):
            sender.sendto(text.encode(), ("127.0.0.1", port))
        came = list(datagrams(line))
        assert [(one.time is not None, bool(one.bad)) for one in came] == [
            (True, False), (False, True), (True, False),
        ]  # fmt: skip
        assert next(datagrams(line)).silent
        with pytest.raises(EdgcnError, match=f"udp:{port}.*choose another port"):
            listening("127.0.0.1", port)


def given(monkeypatch: pytest.MonkeyPatch, frames: Iterator[Came], **settings: Any) -> None:
    feed = Feed("made", frames, fps=float(FPS), **settings)
    monkeypatch.setattr(command, "feeds", lambda *_, **__: (one for one in [feed]))
    monkeypatch.setattr(command, "check_source", lambda _: None)


def test_what_is_bad_is_told_once_and_counted(
    model: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = store.recording(3).frames[:60, 0]
    came = [Came(n / FPS, frame) for n, frame in enumerate(frames)]
    came[10:10] = [Came(bad="noise")] * 3 + [Came(0.0, frames[0]), Came(5.0, frames[0][1:])]
    came.append(Came(silent=True))
    given(monkeypatch, iter(came), forgiving=True, live=True)
    _, said, done = ran(model, source="udp:9000")
    assert done["frames"] == 60
    assert done["bad"]["noise"] == 3
    assert sorted(done["bad"].values()) == [1, 1, 3]
    assert len([text for text in said if text.startswith("left out")]) == 3


def test_ctrl_c_ends_with_the_summary(
    model: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def frames() -> Iterator[Came]:
        for frame in store.recording(3).frames[:100, 0]:
            yield Came(None, frame)
        raise KeyboardInterrupt(signal.SIGINT)

    given(monkeypatch, frames(), live=True)
    heard = Lines()
    with pytest.raises(KeyboardInterrupt):
        stream(
            StreamConfig(model=str(model), source="udp:1"), line=heard.append, say=lambda _: None
        )
    assert [line["type"] for line in heard] == ["start", "event", "end"]
    assert heard[-1]["frames"] == 100


def test_quantiles_of_a_spread() -> None:
    spread, rng = Spread(), np.random.default_rng(0)
    values = rng.lognormal(-6, 1, 5000)
    for value in values.tolist():
        spread.add(value)
    found = spread.summary(1e3)
    p50, p95 = np.percentile(values, [50, 95]) * 1e3
    assert found["p50"] == pytest.approx(p50, rel=0.03)
    assert found["p95"] == pytest.approx(p95, rel=0.03)
    assert found["max"] == pytest.approx(values.max() * 1e3, abs=1e-3)


def test_people_keep_their_numbers_in_pictures() -> None:
    one = np.column_stack([np.random.default_rng(0).uniform(0, 50, (17, 2)), np.ones(17)])
    other = one + np.array([200, 0, 0])
    followed = Followed()
    assert list(followed.named([one, other])) == ["1", "2"]
    found = followed.named([other + np.array([3, 0, 0]), one])
    np.testing.assert_array_equal(found["1"], one)
    assert list(followed.named([one + np.array([90, 0, 0])])) == ["3"]
    assert list(followed.named([other])) == ["2"]


def test_a_camera_is_a_video_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    av = pytest.importorskip("av", reason="PyAV is not installed: pip install 'edgcn[video]'")
    from readers.filmed import film, picture, spot

    path = film(tmp_path / "a.mp4", [picture(20 + 4 * n, 20) for n in range(12)])
    monkeypatch.setattr("edgcn.readers.video.camera.open_camera", lambda _: av.open(str(path)))
    settings: dict[str, Any] = {
        "finder": lambda: spot(hands=False), "reader": None, "options": {}, "topology": None,
        "units": None, "fps": None, "say": lambda _: None,
    }  # fmt: skip
    (feed,) = ((f, list(f.frames)) for f in feeds("camera:0", **settings))
    times = [one.time or 0.0 for one in feed[1]]
    assert feed[0].live
    assert times == sorted(times)
    assert all(list(one.frame) == ["1"] for one in feed[1])
    (shown,) = ((f, list(f.frames)) for f in feeds(str(path), **settings))
    assert len(shown[1]) == 12
    assert [one.time for one in shown[1]] == pytest.approx(np.arange(12) / 25)
    monkeypatch.undo()
    with pytest.raises(EdgcnError, match="camera 77 "):
        next(feeds("camera:77", **settings))
