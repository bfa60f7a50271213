"""Every preset as an ONNX graph: how far it is from PyTorch, how large, how fast beside it.

    python -m benchmarks.exported --readouts parts

Encoders have initial weights: neither speed nor rounding depends on what they learned. One thread.
"""

import argparse
import statistics
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.machine import cpu_name
from benchmarks.markdown import markdown, number
from benchmarks.timing import seconds_of
from edgcn.base.errors import require
from edgcn.inference.export import example_clips, export_onnx
from edgcn.inference.provenance import Provenance
from edgcn.inference.recognizer import unfitted
from edgcn.models import ENCODERS, READOUTS
from edgcn.models.embedder import Embedder
from edgcn.models.readout import readout_for
from edgcn.motion.people import People
from edgcn.pipeline.inputs import fit_inputs
from edgcn.store.learned import Learned

HEAD = ["preset", "readout", "MB", "difference", "batch", "PyTorch", "onnxruntime", "times"]
NOBODY = Learned(np.empty(0, dtype=np.uint64), 1, (), ())


def rows(name: str, wanted: str, batches: tuple[int, ...], budget: float) -> list[list[Any]]:
    """A preset by a readout: clips a second from raw frames to vectors, at each batch."""
    inputs = fit_inputs(
        People(), np.arange(64), frames=32, normalize="canonical", stream="joint+motion"
    )
    torch.manual_seed(0)
    embedder = Embedder.new(name, {}, inputs, "mean")
    embedder = embedder.read_by(readout_for(embedder.encoder, wanted, explicit=False))
    embedder.encoder.eval()
    model = unfitted(embedder, Provenance(name, {}, NOBODY), model=name)
    runtime = require("onnxruntime", extra="onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        difference = export_onnx(model, path)
        size = path.stat().st_size / 1e6
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    made = []
    for batch in batches:
        clips = example_clips(inputs.topology, batch, 60, 1)
        ours = seconds_of(partial(model.transform, list(clips)), budget=budget)
        theirs = seconds_of(partial(session.run, None, {"frames": clips}), budget=budget)
        speeds = [batch / statistics.median(seconds) for seconds in (ours, theirs)]
        about = [name, embedder.readout, f"{size:.1f}", f"{difference:.0e}", batch]
        made.append([*about, *map(number, speeds), f"{speeds[1] / speeds[0]:.2f}"])
    return made


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--encoders", default=",".join(ENCODERS))
    parser.add_argument("--readouts", default="parts", help="such as " + ",".join(READOUTS))
    parser.add_argument("--batches", default="1,16")
    parser.add_argument("--budget", type=float, default=1.0, help="seconds of each measurement")
    given = parser.parse_args()
    torch.set_num_threads(1)
    batches, found = tuple(map(int, given.batches.split(","))), []
    for name in given.encoders.split(","):
        for readout in given.readouts.split(","):
            found += rows(name, readout, batches, given.budget)
            print(*found[-1], flush=True)
    print(f"\nOne thread of {cpu_name()}; PyTorch {torch.__version__}\n\n{markdown(HEAD, found)}")


if __name__ == "__main__":
    main()
