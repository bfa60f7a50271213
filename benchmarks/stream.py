"""What a frame of a stream costs, beside embedding its windows anew, and whether memory stays flat.

`python -m benchmarks.stream MODEL STORE`: a recognizer that finds events, and recordings, which are
played one after the other at 30 frames a second, again and again.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from edgcn.inference.dense import reading_of
from edgcn.inference.recognizer import load
from edgcn.inference.stream import Stream
from edgcn.models.embedder import Embedder
from edgcn.pipeline.running import clean_running, measure_body
from edgcn.store import open_store

FPS = 30
ANEW = 60  # frames that are embedded anew


def main() -> None:
    """Measure, and print one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("--minutes", type=float, default=2.0, help="of frames that are streamed")
    parser.add_argument("--every", type=float, default=5.0, help="minutes between looks at memory")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(
        json.dumps(measured(arguments.model, arguments.store, arguments.minutes, arguments.every))
    )


def measured(model: Path, store: Path, minutes: float, every: float) -> dict[str, object]:
    """Milliseconds of a core for each frame, both ways, and megabytes over time."""
    recognizer = load(model)
    stream = Stream.of(recognizer, topology=open_store(store).topology)
    stream.warm_up()
    frames = played(store)
    total, events = round(60 * minutes * FPS), 0
    cpu, wall = np.ones(total), np.ones(total)  # written now, so that they do not seem to grow
    memory = [resident()]
    for number in range(total):
        frame = next(frames)
        begun, there = time.thread_time(), time.perf_counter()
        events += len(stream.push(frame, number / FPS))
        cpu[number] = time.thread_time() - begun
        wall[number] = time.perf_counter() - there
        if (number + 1) % round(60 * every * FPS) == 0:
            memory.append(resident())
            print(f"{(number + 1) / FPS / 60:.0f} min, {memory[-1]:.1f} MB", flush=True)
    embedder = recognizer.embedder()
    again = anew(embedder, stream, [next(frames) for _ in range(ANEW * 4)])
    half = len(memory) // 2
    return {
        "frames": len(cpu), "events": events,
        "cpu_ms": spread(cpu), "wall_ms": spread(wall), "anew_cpu_ms": spread(np.array(again)),
        "times_less": round(float(np.mean(again) / np.mean(cpu)), 1),
        "memory_mb": [round(m, 1) for m in memory],
        "growth_mb_second_half": round(memory[-1] - memory[half], 2),
    }  # fmt: skip


def anew(embedder: Embedder, stream: Stream, frames: list[np.ndarray]) -> list[float]:
    """Seconds of a core to embed, at each frame, one clip at each scale; windows cost nothing."""
    inputs = embedder.inputs
    reading = reading_of(embedder)
    x = torch.from_numpy(np.stack(frames))[:, None].permute(3, 0, 2, 1)[None]
    body, taken = measure_body(x, inputs), []
    with torch.inference_mode():
        for number in range(ANEW):
            begun = time.thread_time()
            for each in stream.plan.passes:
                step = FPS / each.rate
                at = (np.arange(inputs.frames) * step).astype(int) + number
                clip = x[:, :, at.clip(max=len(frames) - 1)]
                reading.maps(clean_running(clip, inputs, body))
            taken.append(time.thread_time() - begun)
    return taken


def played(store: Path) -> Iterator[np.ndarray]:
    """Frames (V, 3) of the first body, 30 a second, without an end."""
    opened = open_store(store)
    table = opened.recordings
    while True:
        for row in range(len(table)):
            first, length = int(table.offsets[row]), int(table.lengths[row])
            at = np.arange(0, length - 1, float(table.fps[row]) / FPS)
            low = at.astype(int)
            own = np.asarray(opened.frames[first : first + length, 0], dtype=np.float32)
            part = (at - low)[:, None, None].astype(np.float32)
            yield from (1 - part) * own[low] + part * own[low + 1]


def spread(seconds: np.ndarray) -> dict[str, float]:
    """Mean, median, 95th percentile and maximum in milliseconds."""
    values = seconds * 1e3
    p50, p95 = np.percentile(values, [50, 95])
    pairs = (("mean", values.mean()), ("p50", p50), ("p95", p95), ("max", values.max()))
    return {name: round(float(value), 3) for name, value in pairs}


def resident() -> float:
    """Megabytes of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


if __name__ == "__main__":
    main()
