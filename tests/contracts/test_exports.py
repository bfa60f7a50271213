"""ONNX graphs: every encoder by every readout, and every way of cleaning, beside PyTorch."""

from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from edgcn.inference.export import Graph, example_clips, traced
from edgcn.models import ENCODERS, READOUTS
from edgcn.models.embedder import Embedder
from edgcn.models.readout import HasFeatures
from edgcn.models.whitening import fit_whitening
from edgcn.pipeline.normalize import NORMALIZATIONS
from edgcn.pipeline.sensor import Sensor
from edgcn.skeleton.remap import plan_remap
from edgcn.skeleton.topology import Topology
from helpers import tiny_topology
from tiny_training import RandomClips, inputs_of

pytest.importorskip("onnx", reason="needs the extra onnx")
ort = pytest.importorskip("onnxruntime", reason="needs the extra onnx")

TINY: dict[str, Any] = {"widths": (6, 12), "strides": (1, 2), "embed_dim": 5}
SETTINGS: dict[str, dict[str, Any]] = {
    "msg3d": TINY | {"gcn_scales": 2, "g3d_scales": 2},
    "msg3d-small": TINY | {"gcn_scales": 2, "g3d_scales": 2},
    "edgcn-table1": TINY,
    "edgcn": TINY,
    "edgcn-s": TINY,
    "ascal-lstm": {"hidden": 6},
    "pc-gru": {"hidden": 6, "layers": 2},
    "vae-lstm": {"hidden": 6, "embed_dim": 5},
    "stgcn-quarter": TINY,
}
ENDS = TINY | {"widths": (6,), "strides": (2,)}


class SideBySide(nn.Module):
    """Several graphs of the same frames."""

    def __init__(self, graphs: list[nn.Module]) -> None:
        super().__init__()
        self.graphs = nn.ModuleList(graphs)

    def forward(self, frames: Tensor) -> tuple[Tensor, ...]:
        return tuple(graph(frames) for graph in self.graphs)


class Read(nn.Module):
    """An encoder of clips that need no cleaning."""

    def __init__(self, encoder: nn.Module, readout: str) -> None:
        super().__init__()
        self.encoder, self.readout = encoder, readout

    def forward(self, frames: Tensor) -> Tensor:
        clips = frames[:, :8, :2].permute(0, 4, 1, 3, 2)
        return READOUTS[self.readout](self.encoder, clips, tiny_topology())


def same(graphs: list[nn.Module], topology: Topology, *shapes: tuple[int, int, int]) -> None:
    """What onnxruntime and PyTorch give, within 1e-4 of the largest number, NaN where NaN is."""
    whole = SideBySide(graphs).eval()
    names = [f"out{number}" for number in range(len(graphs))]
    content = traced(whole, torch.from_numpy(example_clips(topology, 2, 9, 2)), names)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    for shape in shapes:
        clips = example_clips(topology, *shape)
        clips[-1] = 0 if len(clips) > 2 else clips[-1]  # nobody
        with torch.no_grad():
            wanted = whole(torch.from_numpy(clips))
        for one, other in zip(session.run(None, {"frames": clips}), wanted, strict=True):
            size = max(1.0, float(other.nan_to_num().abs().max()))
            np.testing.assert_allclose(one / size, other / size, rtol=0, atol=1e-4)


def test_every_encoder_by_every_readout() -> None:
    torch.manual_seed(0)
    topology, graphs = tiny_topology(), []
    for name, make in ENCODERS.items():
        encoder = make(topology, bodies=2, **SETTINGS.get(name, {})).eval()
        readouts = READOUTS if isinstance(encoder, HasFeatures) else ["mean"]
        graphs += [cast(nn.Module, Read(encoder, readout)) for readout in readouts]
    same(graphs, topology, (3, 8, 2))


def embedder_of(name: str = "ascal-lstm", **changes: Any) -> Embedder:
    """A small encoder of five joints with inputs of all kinds."""
    torch.manual_seed(0)
    settings = {"hidden": 6} if name == "ascal-lstm" else ENDS
    embedder = Embedder.new(name, settings, inputs_of(RandomClips(), **changes), "mean")
    embedder.encoder.eval()
    return embedder


def test_every_way_of_cleaning() -> None:
    """Each normalization, channels of all kinds, 2-D with a confidence, other joints, whitening."""
    made = tiny_topology()
    lengths = tuple(0.5 + 0.1 * bone for bone in range(len(made.bones)))
    canonical = NORMALIZATIONS["canonical"].from_dict(
        NORMALIZATIONS["canonical"].to_dict() | {"bone_lengths": lengths}
    )
    flat = Sensor("px", 2, torso=1.0, shoulders=1.0, up=1.0, right=1.0)
    kinds: list[dict[str, Any]] = [
        {"normalize": NORMALIZATIONS["paper"], "moments": True, "bodies": 2},
        {"normalize": NORMALIZATIONS["aligned"], "stream": "joint+bone+motion"},
        {"normalize": canonical, "stream": "joint+motion", "bodies": 2},
        {"normalize": canonical, "dims": 2, "sensor": flat},
        {"normalize": NORMALIZATIONS["canonical"].from_dict({"unit_bones": False, "fill": False})},
    ]
    graphs: list[nn.Module] = [Graph(embedder_of(**kind), None, None) for kind in kinds]
    other = Topology(
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
        shoulders=("left_hand", "right_hand"),
        spine=("left_hip", "chest"),
        source="made for tests",
    )
    same(graphs, made, (3, 21, 1), (1, 1, 3))
    remapped = Graph(embedder_of(**kinds[2]), plan_remap(other, made), None)
    same([remapped], other, (3, 5, 2))
