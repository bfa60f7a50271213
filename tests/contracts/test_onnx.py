"""ONNX graphs: every encoder by every readout, and every way of cleaning, beside PyTorch."""

from itertools import cycle
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from edgcn.inference.export import Graph, example_clips, traced
from edgcn.models import ENCODERS, READOUTS
from edgcn.models.embedder import Embedder
from edgcn.pipeline.normalize import NORMALIZATIONS, Normalize
from edgcn.pipeline.sensor import Sensor
from edgcn.skeleton.remap import plan_remap
from edgcn.skeleton.topology import Topology
from helpers import tiny_topology
from tiny_training import RandomClips, inputs_of

pytest.importorskip("onnx", reason="needs the extra onnx")
ort = pytest.importorskip("onnxruntime", reason="needs the extra onnx")

TINY: dict[str, Any] = {"widths": (6,), "strides": (2,), "embed_dim": 5}
SAME = ("msg3d-small", "edgcn", "edgcn-table1")  # as msg3d and edgcn-s, where they are as small
SETTINGS: dict[str, dict[str, Any]] = {
    "msg3d": TINY | {"gcn_scales": 2, "g3d_scales": 2, "windows": (3,)},
    "ascal-lstm": {"hidden": 6},
    "pc-gru": {"hidden": 6, "layers": 2},
    "vae-lstm": {"hidden": 6, "embed_dim": 5},
}


class Read(nn.Module):
    """An encoder of clips that need no cleaning."""

    def __init__(self, encoder: nn.Module, readout: str) -> None:
        super().__init__()
        self.encoder, self.readout = encoder, readout

    def forward(self, frames: Tensor) -> Tensor:
        clips = frames[:, :8, :2].permute(0, 4, 1, 3, 2)
        return READOUTS[self.readout](self.encoder, clips, tiny_topology())


def same(graph: nn.Module, topology: Topology, *shapes: tuple[int, int, int]) -> None:
    """What onnxruntime and PyTorch give, within 1e-4 of the largest number."""
    jaxtyping.config.update("jaxtyping_disable", True)  # shapes are no numbers while it is traced
    try:
        content = traced(graph, torch.from_numpy(example_clips(topology, 2, 9, 2)), ["out"])
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    for shape in shapes:
        clips = example_clips(topology, *shape)
        clips[-1] = 0 if len(clips) > 2 else clips[-1]  # nobody
        with torch.no_grad():
            wanted = graph(torch.from_numpy(clips)).numpy()
        (found,) = session.run(None, {"frames": clips})
        size = max(1.0, float(np.abs(wanted).max()))
        np.testing.assert_allclose(found / size, wanted / size, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "readout"),
    list(zip([x for x in ENCODERS if x not in SAME], cycle(READOUTS), strict=False)),
)
def test_every_encoder_and_every_readout(name: str, readout: str) -> None:
    """In turn; `python -m benchmarks.exported` has all pairs at their true sizes."""
    torch.manual_seed(0)
    topology = tiny_topology()
    encoder = ENCODERS[name](topology, bodies=2, **SETTINGS.get(name, TINY)).eval()
    same(Read(encoder, readout).eval(), topology, (3, 8, 2))


def embedder_of(**changes: Any) -> Embedder:
    """A small encoder of five joints with inputs of all kinds."""
    torch.manual_seed(0)
    embedder = Embedder.new(
        "ascal-lstm", {"hidden": 6}, inputs_of(RandomClips(), **changes), "mean"
    )
    embedder.encoder.eval()
    return embedder


CANONICAL = NORMALIZATIONS["canonical"].to_dict()
OTHER = Topology(
    name="other6",
    joints=("nose", "left_hand", "right_hand", "left_hip", "right_hip", "chest"),
    bones=(
        ("nose", "chest"),
        ("left_hand", "chest"),
        ("right_hand", "chest"),
        ("left_hip", "chest"),
        ("right_hip", "chest"),
    ),
    center="chest",
    mirror=(("left_hand", "right_hand"), ("left_hip", "right_hip")),
    shoulders=("left_hand", "right_hand"),
    spine=("left_hip", "chest"),
    source="made for tests",
)
FLAT = Sensor("px", 2, torso=1.0, shoulders=1.0, up=1.0, right=1.0)
LENGTHS = {"bone_lengths": (0.5, 0.6, 0.7, 0.8)}
KINDS: list[tuple[Topology, dict[str, Any]]] = [
    (
        OTHER,  # hips of the encoder are the middle of two of these
        {"normalize": NORMALIZATIONS["aligned"], "dims": 2, "sensor": FLAT, "moments": True},
    ),
    (
        tiny_topology(),
        {
            "normalize": Normalize.from_dict(CANONICAL | LENGTHS),
            "stream": "bone+motion",
            "bodies": 2,
        },
    ),
]


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_every_way_of_cleaning(kind: int) -> None:
    """Normalizations, features, a confidence, other joints; clips of any size."""
    topology, changes = KINDS[kind]
    embedder = embedder_of(**changes)
    own = embedder.inputs.topology
    plan = None if topology == own else plan_remap(topology, own)
    same(Graph(embedder, plan, None), topology, (3, 21, 1), (1, 1, 3))
