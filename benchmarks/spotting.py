"""How long it takes to find events in hours of recordings, dense and window by window.

    python benchmarks/spotting.py MODEL.edgcn STORE --minutes 60

MODEL has learned to find events. The recordings of STORE are repeated with noise, at 30 frames a
second, to a recording that is so long.
"""

import argparse
import resource
import time

import numpy as np
import torch

import edgcn
from edgcn.inference.dense import EachAlone, Encoded, Footage, starts_of, stretches
from edgcn.inference.footage import of_store
from edgcn.inference.spot import spot, sure

FPS, NOISE = 30.0, 0.002


def long_footage(store: edgcn.Store, embedder: object, minutes: float) -> Footage:
    """Recordings end to end; a frame's noise depends on its number alone."""
    _, seen, _ = of_store(store, embedder)  # type: ignore[arg-type]
    parts = [each.footage.read(0, each.footage.length) for each in seen.values()]
    frames = np.concatenate(parts)

    def read(start: int, stop: int) -> np.ndarray:
        rng = np.random.default_rng(start)
        found = frames[np.arange(start, stop) % len(frames)]
        return (found + NOISE * rng.normal(size=found.shape)).astype(np.float32)

    dims = next(iter(seen.values())).footage.dims
    return Footage("long", read, int(minutes * 60 * FPS), FPS, dims)


def main() -> None:
    """Print seconds, windows and memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("store")
    parser.add_argument("--minutes", type=float, default=60.0)
    given = parser.parse_args()
    model, store = edgcn.load(given.model), edgcn.open_store(given.store)
    embedder, spotter = model.embedder(), model.spotter()
    footage = long_footage(store, embedder, given.minutes)
    begin, busy = time.perf_counter(), time.process_time()
    told, _ = sure(spot(Encoded(embedder), footage, spotter), spotter)
    took, busy = time.perf_counter() - begin, time.process_time() - busy
    lengths = [x for scale in spotter.grid.scales for x in scale.lengths]
    windows = sum(len(starts_of(footage.seconds, x, spotter.grid.every(x))) for x in lengths)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{given.minutes:g} minutes: {took:.1f} s on {torch.get_num_threads()} threads, "
        f"{busy:.1f} s of one core, {windows} windows, {len(told.starts)} events, "
        f"{peak:.0f} MB at most"
    )
    done, begin = 0, time.perf_counter()
    with torch.no_grad():
        for scale in spotter.grid.scales:
            alone = EachAlone(embedder)
            longest = max(scale.lengths)
            part = next(stretches(alone, footage, scale.clip, longest=longest, stretch=60.0))
            for length in scale.lengths:
                starts = starts_of(60.0, length, spotter.grid.every(length))[:64]
                part.vectors(starts, length)
                done += len(starts)
    each = (time.perf_counter() - begin) / done
    print(f"window by window: {each * windows:.0f} s, {each * windows / took:.1f} times as long")


if __name__ == "__main__":
    main()
